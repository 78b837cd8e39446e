// The bar of the seat's state: what it is, since when, what comes next, and what the day looks like so far.
import { useEffect, useRef } from 'preact/hooks';
import { get } from '../../shared/api.ts';
import { elapsed, remaining } from '../../shared/clock.ts';
import { Button } from '../../shared/components/button.tsx';
import { Menu } from '../../shared/components/menu.tsx';
import { announce } from '../../shared/components/toast.tsx';
import { clockOf, spanOf } from '../../shared/format.ts';
import { useKeys, type Shortcut } from '../../shared/keys.ts';
import { useLoad } from '../../shared/load.ts';
import { seatWord } from '../../shared/words.ts';
import { panel, seat, stands } from '../board.ts';
import type { Words } from '../model.ts';
import { isPending, setSeat } from '../orders.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';

const CALLS = ['talking', 'held', 'ringing', 'reserved'];

function pendingWord(of: string): string {
  if (of === 'signed_out') return w('signOut');
  return of === 'break' || of === 'busy' ? w('breakKey') : of;
}

/** What is left, or by how much it is over. */
const leftOf = (until: number): string => (remaining(until) > 0 ? w('left', clockOf(remaining(until))) : w('overBy', clockOf(elapsed(until))));

function Now() {
  const row = seat.value;
  const now = stands.value;
  if (!row || !now) return null;
  const counts = row.until !== undefined && row.until !== null && (now.is === 'wrap' || now.is === 'break');
  return (
    <div class={`state ${now.is}`} role="group" aria-label={w('seatState')}>
      <span class="state-word">{seatWord(row.state)}</span>
      {now.is !== 'out' && (
        <span class="state-time num">{counts ? leftOf(row.until ?? 0) : clockOf(elapsed(row.since))}</span>
      )}
      {now.pending && <span class="state-next">{w('afterCall', pendingWord(now.pending))}</span>}
    </div>
  );
}

interface Day {
  answered: number;
  rang_out: number;
  talk_s: number;
}

function Figures() {
  const row = seat.value;
  const groups = panel.value.groups.filter(g => row?.groups.includes(g.group));
  const sum = (of: 'waiting' | 'ready') => groups.reduce((n, g) => n + g[of], 0);
  // What has ended since midnight; asked anew when a call of his is over, and now and then.
  const load = useLoad<Day>(more => get('/api/v1/desk/day', { ...more, byItself: true }), '', 60_000);
  const day = load.data;
  const is = stands.value?.is;
  useEffect(() => {
    const timer = setTimeout(load.again, 1_500);
    return () => clearTimeout(timer);
  }, [is]);
  const figures: [string, string | number, boolean][] = [
    [w('answered'), day?.answered ?? row?.answered ?? 0, false],
    [w('talked'), spanOf((day?.talk_s ?? row?.talked_s ?? 0) * 1000), false],
    [w('missed'), day?.rang_out ?? 0, (day?.rang_out ?? 0) > 0],
    [w('waiting'), sum('waiting'), sum('waiting') > 0],
    [w('readySeats'), sum('ready'), false],
  ];
  return (
    <dl class="figures" aria-label={w('today')}>
      {figures.map(([says, value, hot]) => <div key={says} class={hot ? 'hot' : ''}><dt>{says}</dt><dd class="num">{value}</dd></div>)}
    </dl>
  );
}

export function StateBar({ words }: { words: Words | null }) {
  const openBreaks = useRef<() => void>(() => {});
  const now = stands.value;
  const row = seat.value;
  const inCall = now !== null && CALLS.includes(now.is);
  const isReady = now?.is === 'ready' || (inCall && !now?.pending);
  const extended = row?.extended === true;
  useEffect(() => {
    if (row) announce(seatWord(row.state));
  }, [row?.state]);
  const extend = () => setSeat('wrap-up');
  const keys: Shortcut[] = [
    { key: 'shift+r', group: p('kState'), says: w('ready'), off: isReady, run: () => setSeat('ready') },
    { key: 'shift+b', group: p('kState'), says: w('breakKey'), run: () => openBreaks.current() },
    { key: 'shift+e', group: p('kState'), says: `${w('wrapUp')} / ${w('extend')}`, off: extended || !/^(ready|wrap)$/.test(now?.is ?? ''), run: extend },
  ];
  useKeys(keys);
  const breaks = words?.breaks ?? [w('breakKey')];
  return (
    <section class="statebar" aria-label={w('seatState')}>
      <Now />
      <Button kind={now?.is === 'ready' ? 'plain' : 'good'} pressed={now?.is === 'ready'} busy={isPending('seat:ready')} off={isReady && now?.is !== 'ready'}
        onPress={() => now?.is !== 'ready' && setSeat('ready')}>{w('ready')}</Button>
      <Menu side="start" icon="down" items={breaks.map(reason => ({ says: reason, run: () => setSeat('break', reason) }))}
        busy={isPending('seat:break')} openRef={open => { openBreaks.current = open; }}>{w('breakKey')}</Menu>
      {now?.is === 'wrap' && <Button busy={isPending('seat:wrap-up')} off={extended && w('extended')} onPress={extend}>{w('extend')}</Button>}
      {now?.is === 'ready' && <Button busy={isPending('seat:wrap-up')} onPress={extend}>{w('wrapUp')}</Button>}
      <Button kind="quiet" busy={isPending('seat:out')} onPress={() => setSeat('out')}>{w('signOut')}</Button>
      <span class="grow" />
      <Figures />
    </section>
  );
}
