// The call in hand: its time, its parties and what can be done with it.
import { useState } from 'preact/hooks';
import { elapsed } from '../../shared/clock.ts';
import { Button } from '../../shared/components/button.tsx';
import { Menu } from '../../shared/components/menu.tsx';
import { clockOf, numberOf } from '../../shared/format.ts';
import { useKeys, type Shortcut } from '../../shared/keys.ts';
import { mine, otherTalks, ringing, talk, third } from '../board.ts';
import { feedState } from '../feed.ts';
import { mode } from '../choice.ts';
import { hold, isPending, mute, order, record, release, survey } from '../orders.ts';
import type { CallRow, Words } from '../model.ts';
import { liveLine } from '../phone/phone.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';
import { Keypad } from './keypad.tsx';
import { Parties } from './parties.tsx';
import { ThirdParty } from './third.tsx';
import { Came, Dialled, Number } from './who.tsx';

/** Ends the agent's own leg: the phone's business where the phone is here. */
export function hangUp(): void {
  const line = liveLine.peek();
  const ref = talk.peek()?.call;
  if (line) {
    void order({ name: 'hangup', send: () => { line.hangUp(); return Promise.resolve(); }, done: () => ref === undefined || talk.value?.call !== ref });
  } else if (ref !== undefined && mode.peek() === 'desk') {
    release(ref);
  }
}

function RecordKey({ row, reasons, open }: { row: CallRow; reasons: readonly string[]; open: (run: () => void) => void }) {
  const busy = isPending('record');
  if (row.recording === null) return <Button icon="record" off={w('notRecorded')} class="tool">{w('notRecorded')}</Button>;
  if (row.recording_paused) return <Button icon="record" lit busy={busy} class="tool" onPress={() => record(false)}>{w('resumeRecord')}</Button>;
  return <Menu side="start" icon="record" class="tool" busy={busy} openRef={open} items={reasons.map(why => ({ says: why, run: () => record(true, why) }))}>{w('pauseRecord')}</Menu>;
}

/** On a lost connection no order reaches the server: the microphone is then switched off in the page itself. */
function MuteKey({ muted }: { muted: boolean }) {
  const line = liveLine.value;
  const here = line?.silenced.value ?? false;
  const lost = feedState.value.is === 'lost' && line !== null;
  const on = muted || here;
  const press = () => {
    if (here || lost) line?.silenceHere(!here);
    else mute(!muted);
  };
  useKeys([{ key: 'm', group: p('kCall'), says: w(on ? 'unmute' : 'mute'), run: press }]);
  return <Button icon={on ? 'micOff' : 'mic'} lit={on} busy={isPending('mute')} class="tool" shortcut="M" onPress={press}>{w(on ? 'unmute' : 'mute')}</Button>;
}

export function Talking({ row, words }: { row: CallRow; words: Words | null }) {
  const [keypad, setKeypad] = useState(false);
  let openRecord = () => {};
  const me = mine.value;
  const line = liveLine.value;
  const onDesk = mode.value === 'desk' && (me?.answered ?? false);
  const held = me?.held ?? false;
  const answered = me?.answered ?? false;
  const keys: Shortcut[] = [
    { key: 'h', group: p('kCall'), says: w(held ? 'resume' : 'holdKey'), off: !answered, run: () => hold(!held) },
    { key: 'd', group: p('kCall'), says: w('digits'), off: !line && !onDesk, run: () => setKeypad(!keypad) },
    { key: 'p', group: p('kCall'), says: w(row.recording_paused ? 'resumeRecord' : 'pauseRecord'), off: row.recording === null, run: () => (row.recording_paused ? record(false) : openRecord()) },
    { key: 'shift+h', group: p('kCall'), says: w('hangUp'), off: !line && mode.value !== 'desk', run: hangUp },
  ];
  useKeys(keys);
  return (
    <article class={`callcard ${held ? 'held-card' : ''}`} aria-label={w('talking')}>
      <header class="row">
        <h2 class="grow">{answered ? (held ? w('onHold') : w('talking')) : w('calling')}</h2>
        {row.recording !== null && <span class={`rec ${row.recording_paused ? 'paused' : ''}`}><i aria-hidden="true" />{w(row.recording_paused ? 'recordingPaused' : 'recordingNow')}</span>}
        <span class="timer num" aria-hidden="true">{clockOf(elapsed(me?.since ?? row.since))}</span>
      </header>
      <Dialled row={row} />
      {me?.role !== 'caller' && <div class="row spread"><Number of={row.caller} large /><Came row={row} waits={false} /></div>}
      <Parties row={row} />
      <ThirdParty row={row} />
      {ringing.value && <p class="third ringing-strip" role="alert">{w('incoming')} {ringing.value.dialled} {numberOf(ringing.value.caller)}</p>}
      {otherTalks.value.length > 0 && <p class="small soft">{w('otherCalls', otherTalks.value.length)}</p>}
      <span class="grow" />
      {keypad && (line || onDesk) && <Keypad line={line} call={row.call} onClose={() => setKeypad(false)} />}
      <div class="tools">
        <MuteKey muted={me?.muted ?? false} />
        <Button icon={held ? 'play' : 'pause'} lit={held} busy={isPending('hold')} off={!answered} class="tool" shortcut="H" onPress={() => hold(!held)}>{w(held ? 'resume' : 'holdKey')}</Button>
        <Button icon="keypad" pressed={keypad} off={!line && !onDesk} class="tool" shortcut="D" onPress={() => setKeypad(!keypad)}>{w('digits')}</Button>
        <RecordKey row={row} reasons={words?.record_pauses ?? []} open={run => { openRecord = run; }} />
        <Button icon="check" busy={isPending('survey')} off={!answered || third.value !== null} class="tool" onPress={survey}>{w('surveyKey')}</Button>
        <Button kind="danger" icon="hangup" busy={isPending('hangup')} off={line || mode.value === 'desk' ? false : w('phoneOff')} class="tool" onPress={hangUp}>{w('hangUp')}</Button>
      </div>
    </article>
  );
}
