// Whoever is being brought in or has been: what came of it, and what can be done now.
import { useEffect } from 'preact/hooks';
import { Button } from '../../shared/components/button.tsx';
import { announce } from '../../shared/components/toast.tsx';
import { useKeys } from '../../shared/keys.ts';
import { arrangement, failed, reaching, third } from '../board.ts';
import type { CallRow, TransferRow } from '../model.ts';
import { back, cancel, isPending, leave, reach, swap, together } from '../orders.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';

const name = (of: TransferRow): string => `${of.to} ${of.title}`.trim();

function again(of: TransferRow): void {
  if (of.way !== 'attended') reach(of.to, of.way);
}

export function ThirdParty({ row }: { row: CallRow }) {
  const calling = reaching.value;
  const lost = failed.value;
  const is = arrangement.value;
  const there = third.value !== null;
  useKeys([
    { key: 's', group: p('kThird'), says: w('swapKey'), off: !there, run: swap },
    { key: 'j', group: p('kThird'), says: w('togetherKey'), off: !there || is === 'three', run: together },
    { key: 'b', group: p('kThird'), says: w('backKey'), off: !there, run: back },
    { key: 'l', group: p('kThird'), says: w('leaveKey'), off: !there, run: leave },
    { key: 'k', group: p('kThird'), says: w('cancelKey'), off: !calling, run: cancel },
    { key: 'n', group: p('kThird'), says: w('retry'), off: !lost, run: () => lost && again(lost) },
  ]);
  useEffect(() => {
    if (calling?.rang) announce(`${name(calling)} ${w('ringsThere')}`);
    if (lost) announce(w('failedWhat', name(lost), lost.seen), true);
  }, [calling?.rang, calling?.transfer, lost?.transfer]);
  useEffect(() => {
    if (there) announce(arrangementWord(is));
  }, [there, is, row.call]);
  if (calling) {
    return (
      <div class="third ringing-strip">
        <span class="grow"><strong>{w('reachingWhat', name(calling))}</strong> <span class="small">{calling.rang ? w('ringsThere') : ''}</span></span>
        <Button busy={isPending('cancel')} shortcut="K" onPress={cancel}>{w('cancelKey')}</Button>
      </div>
    );
  }
  if (there) {
    return (
      <div class="third stack">
        <p class="small soft">{arrangementWord(is)}</p>
        <div class="thirds">
          <Button icon="swap" busy={isPending('swap')} onPress={swap}>{w('swapKey')}</Button>
          <Button icon="together" busy={isPending('together')} off={is === 'three'} onPress={together}>{w('togetherKey')}</Button>
          <Button icon="back" busy={isPending('back')} onPress={back}>{w('backKey')}</Button>
          <Button icon="leave" busy={isPending('leave')} kind="primary" onPress={leave}>{w('leaveKey')}</Button>
        </div>
      </div>
    );
  }
  if (lost) {
    return (
      <div class="third failed-strip">
        <strong class="grow">{w('failedWhat', name(lost), lost.seen)}</strong>
        <Button icon="redial" shortcut="N" busy={isPending(`to:${lost.to}`)} onPress={() => again(lost)}>{w('retry')}</Button>
      </div>
    );
  }
  return null;
}

function arrangementWord(is: string): string {
  return w(is === 'consult' ? 'arrangementConsult' : is === 'aside' ? 'arrangementAside' : 'arrangementThree');
}
