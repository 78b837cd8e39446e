import type { ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { now } from '../clock.ts';
import { spanOf } from '../format.ts';
import type { FeedState } from '../live.ts';
import { t } from '../words.ts';
import { Icon } from './icon.tsx';
import { announce } from './toast.tsx';

/** Says that the connection is lost, since when, and that it is caught up. Nothing while all is well. */
export function ConnectionBar({ state }: { state: ReadonlySignal<FeedState> }) {
  const { is } = state.value;
  useEffect(() => {
    if (is === 'lost') announce(t('network'), true);
    if (is === 'connected') announce(t('connected'));
  }, [is]);
  if (state.value.is === 'lost') {
    // Read so that it is drawn anew each second.
    void now.value;
    const since = spanOf(Date.now() - state.value.since);
    return <div class="connection lost"><Icon name="warn" />{t('lostSince', since)}</div>;
  }
  if (is === 'catching') return <div class="connection catching">{t('catching')}</div>;
  return null;
}
