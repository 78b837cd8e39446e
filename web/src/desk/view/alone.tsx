// What the page's phone knows of a call while the server says nothing of it: the connection to it is lost, or it is just being made.
import { useState } from 'preact/hooks';
import { Button } from '../../shared/components/button.tsx';
import { useKeys } from '../../shared/keys.ts';
import type { Line } from '../phone/line.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';
import { Keypad } from './keypad.tsx';
import { Number } from './who.tsx';

/** It rings in the page, but the connection that would say for whom is lost. */
export function RingingAlone({ line }: { line: Line }) {
  useKeys([{ key: 'a', group: p('kCall'), says: w('answer'), run: () => void line.answer() }]);
  const from = line.session.remote_identity.uri.user;
  return (
    <article class="callcard ringing-card" aria-label={w('incoming')}>
      <header class="row"><span class="pulse" aria-hidden="true" /><h2 class="grow">{w('incoming')}</h2></header>
      <p class="soft">{line.session.remote_identity.display_name}</p>
      <Number of={from} large />
      <span class="grow" />
      <div class="answer-row">
        <Button kind="good" icon="phone" shortcut="A" onPress={() => void line.answer()}>{w('answer')}</Button>
        <Button icon="hangup" onPress={() => line.hangUp()}>{w('decline')}</Button>
      </div>
    </article>
  );
}

/** A call in hand. */
export function LineAlone({ line }: { line: Line }) {
  const [keypad, setKeypad] = useState(false);
  const talks = line.state.value === 'talks';
  const hangUp = () => line.hangUp();
  useKeys([
    { key: 'd', group: p('kCall'), says: w('digits'), off: !talks, run: () => setKeypad(!keypad) },
    { key: 'shift+h', group: p('kCall'), says: w('hangUp'), run: hangUp },
  ]);
  return (
    <article class="callcard" aria-label={w('talking')}>
      <h2>{w(talks ? 'talking' : 'calling')}</h2>
      <Number of={line.session.remote_identity.uri.user} large />
      <span class="grow" />
      {keypad && <Keypad line={line} call="" onClose={() => setKeypad(false)} />}
      <div class="answer-row">
        <Button icon="keypad" pressed={keypad} off={!talks} shortcut="D" onPress={() => setKeypad(!keypad)}>{w('digits')}</Button>
        <Button kind="danger" icon="hangup" onPress={hangUp}>{w('hangUp')}</Button>
      </div>
    </article>
  );
}
