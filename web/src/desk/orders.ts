// Orders to the server. A button shows that it has been pressed; that it has worked, only the feed can say.
import { effect, signal } from '@preact/signals';
import { Fault, post } from '../shared/api.ts';
import { announce, toast } from '../shared/components/toast.tsx';
import { told } from '../shared/text.ts';
import { w } from './words.ts';
import { seat, stands, talk, third, reaching, attemptAt, arrangement, mine, calls, own } from './board.ts';
import type { Way } from './model.ts';

// So long the feed has to confirm what the server has accepted, ms.
const CONFIRM = 6_000;

/** What has been asked for and not confirmed, by a name of its own. */
export const pending = signal<ReadonlySet<string>>(new Set());
/** Why the last order at a key was refused, by its number. */
export const refusals = signal<ReadonlyMap<string, string>>(new Map());

export const isPending = (name: string): boolean => pending.value.has(name);

function without<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const copy = new Set(set);
  copy.delete(item);
  return copy;
}

function refuse(number: string, says: string | null): void {
  const copy = new Map(refusals.peek());
  if (says === null) copy.delete(number);
  else copy.set(number, says);
  refusals.value = copy;
}

interface Order {
  name: string;
  send: () => Promise<unknown>;
  /** The feed shows that it is so. */
  done: () => boolean;
  /** Where a refusal is shown; else at the foot of the page. */
  at?: string;
}

/** Sends an order once, until the feed confirms it, the server refuses it, or nothing is heard. */
export async function order({ name, send, done, at }: Order): Promise<void> {
  if (pending.peek().has(name)) return;
  pending.value = new Set(pending.peek()).add(name);
  if (at !== undefined) refuse(at, null);
  try {
    await send();
    if (!(await confirmed(done))) toast(w('unconfirmed'), 'bad');
  } catch (error) {
    const says = error instanceof Fault ? told(error) : w('failed');
    if (at === undefined) {
      toast(says, 'bad');
    } else {
      refuse(at, says);
      announce(says, true);
    }
  } finally {
    pending.value = without(pending.peek(), name);
  }
}

function confirmed(done: () => boolean): Promise<boolean> {
  return new Promise(resolve => {
    let dispose: (() => void) | undefined;
    const end = (so: boolean) => {
      clearTimeout(timer);
      // An effect that ends itself while it runs for the first time has no handle yet.
      queueMicrotask(() => dispose?.());
      resolve(so);
    };
    const timer = setTimeout(() => end(false), CONFIRM);
    dispose = effect(() => {
      if (done()) end(true);
    });
  });
}

type SeatState = 'ready' | 'break' | 'wrap-up' | 'out';

export function setSeat(state: SeatState, reason?: string): void {
  const number = seat.peek()?.seat;
  if (number === undefined) return;
  const before = seat.peek();
  void order({
    name: `seat:${state}`,
    send: () => post(`/api/v1/seats/${number}`, reason === undefined ? { state } : { state, reason }),
    done: () => {
      const now = stands.value;
      const changed = seat.value !== before;
      if (state === 'out') return now === null || now.is === 'out' || now.pending === 'signed_out';
      if (state === 'ready') return now?.is === 'ready' || (changed && now?.is !== 'break' && !now?.pending);
      if (state === 'break') return changed && (now?.is === 'break' || Boolean(now?.pending));
      return changed && now?.is === 'wrap';
    },
  });
}

export function signIn(number: string, agent: string): void {
  void order({
    name: 'seat:in',
    send: () => post(`/api/v1/seats/${number}`, { agent }),
    done: () => seat.value?.seat === number && seat.value.agent === agent,
  });
}

const call = (word: string, body: unknown = {}): Promise<unknown> => {
  const ref = talk.peek()?.call;
  return ref === undefined ? Promise.resolve() : post(`/api/v1/calls/${ref}/${word}`, body);
};

/** He is not in the call any more. */
const gone = (): (() => boolean) => {
  const ref = talk.peek()?.call;
  return () => talk.value?.call !== ref || mine.value === null;
};

/** Who is apart is another one. */
const turned = (): (() => boolean) => {
  const before = arrangement.peek();
  return () => arrangement.value !== before || third.value === null;
};

const changes = (): (() => boolean) => {
  const before = talk.peek();
  return () => talk.value !== before;
};

export function hold(on: boolean): void {
  void order({ name: 'hold', send: () => call(on ? 'hold' : 'resume'), done: () => mine.value === null || mine.value.held === on });
}

export function mute(on: boolean): void {
  void order({ name: 'mute', send: () => call('mute', { muted: on }), done: () => mine.value === null || mine.value.muted === on });
}

export function record(pause: boolean, why?: string): void {
  const body = pause ? { do: 'pause', why } : { do: 'continue' };
  void order({ name: 'record', send: () => call('record', body), done: () => talk.value === null || talk.value.recording_paused === pause });
}

/** Ends the leg of a phone beside the page; one that rings is declined. */
export function release(ref: string): void {
  void order({ name: 'hangup', send: () => post(`/api/v1/calls/${ref}/release`, {}), done: () => !calls.value.some(row => row.call === ref && own(row)) });
}

export function leave(): void {
  void order({ name: 'leave', send: () => call('leave'), done: gone() });
}

export function survey(): void {
  void order({ name: 'survey', send: () => call('survey'), done: changes() });
}

export function cancel(): void {
  void order({ name: 'cancel', send: () => call('cancel'), done: () => reaching.value === null && third.value === null });
}

export function back(): void {
  void order({ name: 'back', send: () => call('back'), done: () => reaching.value === null && third.value === null });
}

export function swap(): void {
  void order({ name: 'swap', send: () => call('swap'), done: turned() });
}

export function together(): void {
  void order({ name: 'together', send: () => call('together'), done: () => arrangement.value === 'three' || third.value === null });
}

/** Brings somebody in, in a way. */
export function reach(to: string, way: Way): void {
  const before = attemptAt(to)?.transfer;
  const ref = talk.peek()?.call;
  const send = () => (way === 'three_way' ? call('three-way', { to }) : call('transfer', { to, way }));
  void order({
    name: `to:${to}`, at: to, send,
    done: () => talk.value?.call !== ref || (attemptAt(to)?.transfer ?? before) !== before,
  });
}
