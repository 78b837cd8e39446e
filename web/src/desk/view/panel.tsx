// The one-key panel: the emergency numbers first, then everybody else who can be brought in.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../shared/components/button.tsx';
import { Dialog } from '../../shared/components/dialog.tsx';
import { Icon } from '../../shared/components/icon.tsx';
import { isTaken, singleKeys, useKeys } from '../../shared/keys.ts';
import { t } from '../../shared/words.ts';
import { panel, seat } from '../board.ts';
import type { Way } from '../model.ts';
import { dial } from '../phone/phone.ts';
import { search, sections, type Section } from '../targets.ts';
import { way } from '../ways.ts';
import { p } from '../words-panel.ts';
import { asking, PanelKey, press, type Target } from './key.tsx';

const WAYS: readonly { of: Way; key: string; says: 'threeWay' | 'consult' | 'onAnswer' | 'blind'; what: 'threeWayWhat' | 'consultWhat' | 'onAnswerWhat' | 'blindWhat' }[] = [
  { of: 'three_way', key: 'q', says: 'threeWay', what: 'threeWayWhat' },
  { of: 'consult', key: 'w', says: 'consult', what: 'consultWhat' },
  { of: 'on_answer', key: 'e', says: 'onAnswer', what: 'onAnswerWhat' },
  { of: 'blind', key: 'r', says: 'blind', what: 'blindWhat' },
];

function Ways() {
  useKeys(WAYS.map(({ of, key, says, what }) => ({ key, group: p('kWays'), says: `${p(says)}：${p(what)}`, run: () => { way.value = of; } })));
  return (
    <fieldset class="ways">
      <legend class="unseen">{p('ways')}</legend>
      {WAYS.map(({ of, key, says, what }) => (
        <label key={of} class={way.value === of ? 'on' : ''} title={p(what)}>
          <input type="radio" name="way" class="unseen" checked={way.value === of} onChange={() => { way.value = of; }} />
          {p(says)}<kbd aria-hidden="true">{key.toUpperCase()}</kbd>
        </label>
      ))}
    </fieldset>
  );
}

function EmergencyAsk() {
  const of = asking.value;
  if (!of) return null;
  const close = () => { asking.value = null; };
  return (
    <Dialog title={p('emergencyCall', `${of.number} ${of.title}`)} onClose={close}>
      <p>{p('emergencyAsk', `${of.number} ${of.title}`)}</p>
      <div class="actions">
        <Button onPress={close}>{t('cancel')}</Button>
        <Button kind="danger" icon="phone" onPress={() => { close(); void dial(of.number); }}>{p('emergencyCall', of.number)}</Button>
      </div>
    </Dialog>
  );
}

/** A number that stands in no list can be called as it is typed. */
function typed(text: string): Target | null {
  const number = text.replace(/[\s-]/g, '');
  return /^[\d*#+]{3,20}$/.test(number) ? { number, title: p('dial', number), kind: 'line', tone: 'free', avail: '', last: '' } : null;
}

function Found({ all, text }: { all: readonly Section[]; text: string }) {
  const found = search(all, text);
  const other = typed(text);
  const shown = other && !found.some(f => f.number === other.number) ? [...found, other] : found;
  if (shown.length === 0) return <p class="soft pad" role="status">{p('noneFound')}</p>;
  return <div class="keys">{shown.map((of, at) => <div key={of.number + of.title} class={at === 0 ? 'first-hit' : ''}><PanelKey of={of} /></div>)}</div>;
}

// On a small screen seats have a list of their own; on a large one those who are free stand with the rest.
const large = matchMedia('(min-width: 1600px) and (min-height: 900px)');
const roomy = signal(large.matches);
large.addEventListener('change', event => { roomy.value = event.matches; });

function firstFree(of: Section): Section {
  return of.id === 'seats' ? { ...of, targets: of.targets.filter(seat => seat.tone === 'free').slice(0, 30) } : of;
}

export function PanelView() {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<string>('all');
  const field = useRef<HTMLInputElement>(null);
  const all = sections(panel.value, seat.value?.seat ?? '');
  const [emergency, ...others] = all;
  const filled = others.filter(s => s.targets.length > 0);
  useKeys([
    { key: '/', group: p('kPage'), says: p('kSearch'), run: () => field.current?.focus() },
    // Told here, done below: whatever digit it is.
    { key: '0-9', group: p('kPage'), says: p('kDigits'), run: () => {} },
  ]);
  useEffect(() => {
    // A digit that nothing else wants begins a number.
    const begin = (event: KeyboardEvent) => {
      if (!/^[\d*#]$/.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.defaultPrevented || isTaken(event.target) || !singleKeys.value) return;
      event.preventDefault();
      field.current?.focus();
      setText(before => before + event.key);
    };
    addEventListener('keydown', begin);
    return () => removeEventListener('keydown', begin);
  }, []);
  const go = (event: Event) => {
    event.preventDefault();
    const [first] = search(all, text);
    const of = first?.number === text.trim() || !typed(text) ? first : (typed(text) ?? first);
    if (!of || of.number === '') return;
    press(of);
    setText('');
    field.current?.blur();
  };
  const shown = chosen === 'all' ? filled.filter(s => s.id !== 'seats' || roomy.value).map(firstFree) : filled.filter(s => s.id === chosen);
  return (
    <section class="panel card" aria-label={p('panel')}>
      <div class="emergency-row" role="group" aria-label={p('emergency')}>
        {emergency?.targets.map(of => <PanelKey key={of.number} of={of} />)}
      </div>
      <div class="panel-head">
        <Ways />
        <form class="find" role="search" aria-label={p('find')} onSubmit={go}>
          <Icon name="search" size={16} />
          <input ref={field} class="input" type="search" aria-label={p('find')} placeholder={p('find')} value={text} autocomplete="off"
            onInput={event => setText(event.currentTarget.value)}
            onKeyDown={event => { if (event.key === 'Escape') { setText(''); event.currentTarget.blur(); } }} />
        </form>
      </div>
      <div class="sections" role="group" aria-label={p('directory')}>
        {[{ id: 'all', says: p('all'), targets: [] as Target[] }, ...filled].map(s => (
          <button key={s.id} type="button" class="section-chip" aria-pressed={chosen === s.id && text === ''} onClick={() => { setChosen(s.id); setText(''); }}>
            {s.says}{s.targets.length > 0 && <span class="num faint">{s.targets.length}</span>}
          </button>
        ))}
      </div>
      <div class="panel-body" tabIndex={0} role="region" aria-label={p('directory')}>
        {text !== '' ? <Found all={all} text={text} /> : shown.map(s => (
          <section key={s.id} class="keyset" aria-label={s.says}>
            <h3>{s.says}</h3>
            <div class="keys">{s.targets.map(of => <PanelKey key={of.number + of.title} of={of} />)}</div>
          </section>
        ))}
      </div>
      <EmergencyAsk />
    </section>
  );
}
