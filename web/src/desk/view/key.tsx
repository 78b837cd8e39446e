// One key of the panel: who, what can be had there now, and what came of the last try, at its place.
import { signal } from '@preact/signals';
import type { StateClass } from '../../shared/states.ts';
import type { TransferRow } from '../model.ts';
import { attemptAt, mine, reaching, signedIn, talk, third } from '../board.ts';
import { mode } from '../choice.ts';
import { isPending, reach, refusals } from '../orders.ts';
import { dial, outcomes, phone } from '../phone/phone.ts';
import { p } from '../words-panel.ts';
import { w } from '../words.ts';
import { way } from '../ways.ts';

export interface Target {
  number: string;
  title: string;
  kind: 'emergency' | 'line' | 'seat' | 'group';
  /** What can be had now. */
  tone: 'free' | 'busy' | 'none';
  avail: string;
  /** A seat has the colour of its state, as everywhere. */
  colour?: StateClass;
  /** The word of the last try, from before this call. */
  last: string;
}

/** An emergency number pressed without a call in hand asks first. */
export const asking = signal<Target | null>(null);

/** Why this key does nothing now; empty if it does. */
export function whyNot(of: Target): string {
  if (!signedIn.value) return p('notSignedIn');
  if (of.number === '') return p('noNumber');
  const row = talk.value;
  if (row && mine.value?.answered) {
    if (reaching.value || third.value) return p('busyNow');
    return '';
  }
  if (row) return p('busyNow');
  if (mode.value === 'desk') return p('deskPhoneDials');
  // Nothing in hand: the page's own phone must call.
  const { is } = phone.value;
  if (is === 'ready') return '';
  return is === 'elsewhere' ? w('answerElsewhere') : is === 'connecting' ? w('phoneConnecting') : w('phoneOff');
}

/** Rings it: into the call in hand, or from the page's phone where there is none. */
export function press(of: Target): void {
  if (whyNot(of) !== '') return;
  if (talk.peek()) {
    reach(of.number, way.peek());
    way.value = 'three_way';
  } else if (of.kind === 'emergency') {
    asking.value = of;
  } else {
    void dial(of.number);
  }
}

function outcome(of: Target, attempt: TransferRow | null): { kind: string; says: string } | null {
  const refused = refusals.value.get(of.number);
  if (refused !== undefined) return { kind: 'bad', says: refused };
  if (isPending(`to:${of.number}`)) return { kind: 'calling', says: p('calling') };
  if (!attempt) return talk.value ? null : ofOwnCall(of.number);
  if (attempt.result === null) return { kind: 'calling', says: attempt.rang ? p('rings') : p('calling') };
  if (attempt.result === 'joined') return third.value ? { kind: 'good', says: p('joined') } : null;
  if (attempt.result === 'failed') return { kind: 'bad', says: `${attempt.seen} · ${w('retry')}` };
  return attempt.result === 'cancelled' ? { kind: 'soft', says: p('cancelled') } : null;
}

/** What came of a call that the page's phone has made by itself, without a caller. */
function ofOwnCall(number: string): { kind: string; says: string } | null {
  const came = outcomes.value.get(number);
  if (!came) return null;
  return came === 'cancelled' ? { kind: 'soft', says: p('cancelled') } : { kind: 'bad', says: `${p(came)} · ${w('retry')}` };
}

export function PanelKey({ of }: { of: Target }) {
  const now = of.number === '' ? null : outcome(of, attemptAt(of.number));
  const off = whyNot(of);
  return (
    <button type="button" class={`key ${of.kind} ${now ? `is-${now.kind}` : ''}`} aria-disabled={off !== ''} title={off === '' ? of.title : off}
      data-number={of.number} onClick={() => press(of)}>
      <span class="key-top">
        <strong class="num cut">{of.number || of.title}</strong>
        <span class={`avail ${of.colour ?? of.tone}`}><i aria-hidden="true" />{of.avail}</span>
      </span>
      <span class="key-below">
        {now ? <span class="key-out cut">{now.says}</span> : of.number !== '' && <span class="key-title cut">{of.title}</span>}
        {!now && of.last !== '' && <span class="key-last">{of.kind === 'line' && <span class="unseen">{p('lastSeen')}</span>}{of.last}</span>}
      </span>
    </button>
  );
}
