// Orders of a supervisor. A reason is asked for once a call; what has become of an order is seen on the floor, not hoped.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, get, post, type Session } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Dialog } from '../shared/components/dialog.tsx';
import { Field, Select } from '../shared/components/field.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { announce, toast, toastFault } from '../shared/components/toast.tsx';
import { numberOf } from '../shared/format.ts';
import { t } from '../shared/words.ts';
import { titleBeside } from '../journeys/terms.ts';
import { calls, sitterOf } from './floor.ts';
import type { CallRow, GroupRow, SeatRow } from './rows.ts';
import { w } from './words.ts';

export type Word = 'monitor' | 'whisper' | 'barge' | 'takeover';
export const WORDS: readonly Word[] = ['monitor', 'whisper', 'barge', 'takeover'];

type Asking =
  | { is: 'supervise'; word: Word; call: string }
  | { is: 'hangUp'; call: string }
  | { is: 'break'; seat: string }
  | { is: 'signOut'; seat: string }
  | { is: 'message'; seat: string; to: string }
  | { is: 'disaster'; group: string; title: string; on: boolean };

const asking = signal<Asking | null>(null);
/** Orders that are sent and not answered yet, `call/word`. */
export const sent = signal<ReadonlySet<string>>(new Set());
const reasons = new Map<string, string>();
const OWN_SEAT = 'switchboard.seat';
const ownSeat = signal(localStorage.getItem(OWN_SEAT) ?? '');

export function mySeat(session: Session): string {
  return session.seat ?? session.own_seat ?? ownSeat.value;
}

async function send(key: string, order: () => Promise<unknown>): Promise<void> {
  sent.value = new Set([...sent.peek(), key]);
  try {
    await order();
    announce(w('asked'));
  } finally {
    const left = new Set(sent.peek());
    left.delete(key);
    sent.value = left;
  }
}

const superviseNow = (word: Word, call: string, seat: string, why: string) =>
  send(`${call}/${word}`, () => post(`/api/v1/calls/${call}/${word}`, { seat, why }));

/** Listens, whispers, barges in or takes over; asks for what is not known yet. */
export function supervise(session: Session, word: Word, call: string): void {
  const why = reasons.get(call);
  const seat = mySeat(session);
  if (why && seat) superviseNow(word, call, seat, why).catch(toastFault);
  else asking.value = { is: 'supervise', word, call };
}

export function dismiss(call: string): void {
  send(`${call}/dismiss`, () => post(`/api/v1/calls/${call}/dismiss`, { why: reasons.get(call) ?? '' })).catch(toastFault);
}

export function hangUp(call: string): void {
  asking.value = { is: 'hangUp', call };
}

export function setReady(seat: string): void {
  send(`${seat}/ready`, () => post(`/api/v1/seats/${seat}`, { state: 'ready' })).catch(toastFault);
}

export const askBreak = (seat: string): void => { asking.value = { is: 'break', seat }; };
export const askSignOut = (seat: string): void => { asking.value = { is: 'signOut', seat }; };
export const askMessage = (row: SeatRow): void => { asking.value = { is: 'message', seat: row.seat, to: `${row.seat} ${sitterOf(row)}`.trim() }; };

export const askDisaster = (row: GroupRow): void => { asking.value = { is: 'disaster', group: row.group, title: row.title, on: !row.disaster }; };

const shut = (): void => { asking.value = null; };
const called = (row: CallRow | undefined): string => (row ? `${numberOf(row.caller)} → ${row.dialled} ${titleBeside(row.dialled, row.title)}` : w('over'));

function SuperviseDialog({ session, word, call }: { session: Session; word: Word; call: string }) {
  const [seat, setSeat] = useState(mySeat(session));
  const [wrong, setWrong] = useState<string | null>(null);
  const known = session.seat ?? session.own_seat;
  const check = () => {
    setWrong(seat.trim() === '' ? w('seatWanted') : null);
    return seat.trim() !== '';
  };
  const run = async (why: string) => {
    await superviseNow(word, call, seat.trim(), why);
    reasons.set(call, why);
    if (!known) {
      ownSeat.value = seat.trim();
      localStorage.setItem(OWN_SEAT, seat.trim());
    }
  };
  return (
    <ReasonDialog title={w(word)} what={called(calls.value.get(call))} action={w(word)} hint={w('whyHint')} first={reasons.get(call) ?? ''} check={check} run={run} onClose={shut}>
      {!known && <Field label={w('ownSeat')} value={seat} onInput={setSeat} inputmode="numeric" hint={w('ownSeatHint')} wrong={wrong} maxLength={16} />}
    </ReasonDialog>
  );
}

function BreakDialog({ seat }: { seat: string }) {
  const [breaks, setBreaks] = useState<readonly string[]>([]);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    get<{ breaks: string[] }>('/api/v1/desk/words').then(words => {
      setBreaks(words.breaks);
      setReason(words.breaks[0] ?? '');
    }, toastFault);
  }, []);
  const run = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await post(`/api/v1/seats/${seat}`, { state: 'break', reason });
      announce(w('asked'));
      shut();
    } catch (error) {
      toastFault(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={w('orderOf', w('setBreak'), seat)} onClose={shut}>
      <form class="stack" onSubmit={event => void run(event)}>
        <Select label={w('breakReason')} value={reason} options={breaks.map(value => ({ value, says: value }))} onChange={setReason} />
        <div class="actions">
          <Button onPress={shut}>{t('cancel')}</Button>
          <Button kind="primary" type="submit" busy={busy}>{w('setBreak')}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Whatever is being asked before an order is given. */
export function OrderDialogs({ session }: { session: Session }) {
  const now = asking.value;
  switch (now?.is) {
    case 'supervise': return <SuperviseDialog session={session} word={now.word} call={now.call} />;
    case 'hangUp': {
      const run = (why: string) => send(`${now.call}/hangUp`, () => ask('DELETE', `/api/v1/calls/${now.call}`, { body: { why } }));
      return (
        <ReasonDialog title={w('hangUp')} what={<>{called(calls.value.get(now.call))}<br />{w('hangUpWhat')}</>} action={w('hangUp')} danger
          first={reasons.get(now.call) ?? ''} run={run} onClose={shut} />
      );
    }
    case 'break': return <BreakDialog seat={now.seat} />;
    case 'signOut': return (
      <ReasonDialog title={w('orderOf', w('signSeatOut'), now.seat)} what={w('signOutWhat')} action={w('signSeatOut')} danger
        run={reason => post(`/api/v1/seats/${now.seat}`, { state: 'out', reason })} onClose={shut} />
    );
    case 'message': {
      const run = (text: string) => post<{ delivered: boolean }>(`/api/v1/seats/${now.seat}/message`, { text })
        .then(({ delivered }) => toast(w(delivered ? 'sent' : 'sentLater', now.to), delivered ? 'good' : 'info'));
      return <ReasonDialog title={w('message')} action={w('send')} label={w('messageText', now.to)} hint={w('messageHint')} run={run} onClose={shut} />;
    }
    case 'disaster': {
      const run = (reason: string) => post(`/api/v1/groups/${encodeURIComponent(now.group)}`, { disaster: now.on ? 'on' : 'off', reason });
      return (
        <ReasonDialog title={w('orderOf', w(now.on ? 'disasterBegin' : 'disasterEnd'), now.title)} what={w(now.on ? 'disasterWhat' : 'disasterEndWhat')}
          action={w(now.on ? 'disasterBegin' : 'disasterEnd')} danger={now.on} run={run} onClose={shut} />
      );
    }
    default: return null;
  }
}

/** The buttons of a call. */
export function CallOrders({ session, row }: { session: Session; row: CallRow }) {
  const seat = mySeat(session);
  const me = row.parties.find(p => p.role === 'supervisor' && p.who === seat);
  const off = row.stage === 'talking' ? undefined : w('onlyTalking');
  const busy = (word: string) => sent.value.has(`${row.call}/${word}`);
  const rings = useRef(false);
  // Whoever takes over is the call's agent from then on.
  const there = row.parties.some(p => p.who === seat);
  const answered = me?.answered === true;
  useEffect(() => {
    // It rang, and is not there any more: nobody took it up.
    if (rings.current && !there) toast(w('notTakenUp'), 'bad');
    rings.current = there && !answered;
  }, [there, answered]);
  const modes = { monitor: 'listen', whisper: 'whisper', barge: 'barge', takeover: null } as const;
  const keys = { monitor: 'L', whisper: 'W', barge: 'B', takeover: 'T' } as const;
  return (
    <div class="orders" role="group" aria-label={w('orders')}>
      {WORDS.map(word => (
        <Button key={word} shortcut={keys[word]} busy={busy(word)} off={off}
          {...(me?.answered && modes[word] ? { pressed: me.supervision === modes[word] } : {})} onPress={() => supervise(session, word, row.call)}>{w(word)}</Button>
      ))}
      {me && !me.answered && <span class="soft" role="status">{w('ringsAtYours', me.who)}</span>}
      {me && <Button icon="leave" busy={busy('dismiss')} onPress={() => { rings.current = false; dismiss(row.call); }}>{w('dismiss')}</Button>}
      {session.rights.includes('hang_up') && <Button shortcut="X" class="hang" busy={busy('hangUp')} onPress={() => hangUp(row.call)}>{w('hangUp')}</Button>}
    </div>
  );
}

export function SeatOrders({ row }: { row: SeatRow }) {
  const off = row.agent === null ? w('nobodySits') : undefined;
  return (
    <div class="orders" role="group" aria-label={w('orders')}>
      <Button off={off} busy={sent.value.has(`${row.seat}/ready`)} onPress={() => setReady(row.seat)}>{w('setReady')}</Button>
      <Button off={off} onPress={() => askBreak(row.seat)}>{w('setBreak')}</Button>
      <Button off={off} onPress={() => askSignOut(row.seat)}>{w('signSeatOut')}</Button>
      <Button off={off} shortcut="M" onPress={() => askMessage(row)}>{w('message')}</Button>
    </div>
  );
}
