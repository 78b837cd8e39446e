import { useEffect } from 'preact/hooks';
import { now } from '../../shared/clock.ts';
import { Button } from '../../shared/components/button.tsx';
import { announce } from '../../shared/components/toast.tsx';
import { spoken, timeOf } from '../../shared/format.ts';
import { useKeys } from '../../shared/keys.ts';
import { told } from '../../shared/text.ts';
import { mode } from '../choice.ts';
import { journeys } from '../earlier.ts';
import type { CallRow } from '../model.ts';
import { isPending, release } from '../orders.ts';
import { phone, ringingLine } from '../phone/phone.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';
import { Came, Dialled, Number } from './who.tsx';

/** What rings: who, for which number, since when, why, and what he has called about before. */
export function Ringing({ row }: { row: CallRow }) {
  const line = ringingLine.value;
  const answer = () => void line?.answer();
  const decline = () => (line ? line.hangUp() : release(row.call));
  useKeys([
    { key: 'a', group: p('kCall'), says: w('answer'), off: !line, run: answer },
    { key: 'shift+d', group: p('kCall'), says: w('decline'), off: !line && mode.value !== 'desk', run: decline },
  ]);
  useEffect(() => announce(`${w('incoming')} ${spoken(row.caller) || w('anonymous')}, ${row.dialled} ${row.title}`, true), [row.call]);
  const before = journeys.value.ref === row.call ? journeys.value.items : [];
  return (
    <article class="callcard ringing-card" aria-label={w('incoming')}>
      <header class="row"><span class="pulse" aria-hidden="true" /><h2 class="grow">{w('incoming')}</h2></header>
      <Dialled row={row} />
      <Number of={row.caller} large />
      <Came row={row} waits />
      {before.length > 0 && (
        <ul class="before" aria-label={p('earlier')}>
          {before.slice(0, 3).map(j => (
            <li key={j.ref}><span class="num faint">{timeOf(j.began, now.value)}</span><span class="cut grow">{j.dialled} {j.title}</span><span>{told(j)}</span></li>
          ))}
        </ul>
      )}
      <span class="grow" />
      {line ? (
        <div class="answer-row">
          <Button kind="good" icon="phone" shortcut="A" onPress={answer}>{w('answer')}</Button>
          <Button icon="hangup" onPress={decline}>{w('decline')}</Button>
        </div>
      ) : (
        <>
          {mode.value === 'desk' && <div class="answer-row"><Button icon="hangup" busy={isPending('hangup')} onPress={() => release(row.call)}>{w('decline')}</Button></div>}
        <p class="hint-box">{mode.value === 'desk' ? w('answerOnPhone') : phone.value.is === 'elsewhere' ? w('answerElsewhere') : w('phoneConnecting')}</p>
        </>
      )}
    </article>
  );
}
