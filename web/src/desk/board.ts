// The agent's part of the floor as the server says it: a fold of his feed. Nothing here is wished for.
import { computed, signal } from '@preact/signals';
import { standing, type SeatStanding } from '../shared/states.ts';
import type { CallRow, DeskMessage, Note, Panel, PartyRow, SeatRow, TransferRow } from './model.ts';

export const seat = signal<SeatRow | null>(null);
export const calls = signal<readonly CallRow[]>([]);
export const panel = signal<Panel>({ lines: [], seats: [], groups: [] });
export const holder = signal<string | null>(null);
export const notes = signal<readonly Note[]>([]);
/** The first message has come. */
export const known = signal(false);
/** The last call that ended while the page looked on. */
export const lastCall = signal<CallRow | null>(null);

// What is nothing may be left out on the wire: here it has its place.
function whole(row: CallRow): CallRow {
  return {
    ...row,
    title: row.title ?? '',
    masked: row.masked ?? false,
    recording: row.recording ?? null,
    answered: row.answered ?? null,
    placed: row.placed ?? null,
    came: row.came ?? null,
    apart: row.apart ?? null,
    transfers: (row.transfers ?? []).map(t => ({ ...t, result: t.result ?? null, cause: t.cause ?? null, seen: t.seen ?? '' })),
  };
}

export function take(message: DeskMessage): void {
  if (message.snapshot) {
    calls.value = (message.calls ?? []).map(whole);
    seat.value = message.seat ?? null;
    known.value = true;
  } else {
    if (message.seat !== undefined) seat.value = message.seat;
    if (message.calls || message.over) merge(message.calls ?? [], message.over ?? []);
  }
  if (message.panel?.lines) panel.value = message.panel.part ? merged(panel.peek(), message.panel) : message.panel;
  if (message.holder !== undefined) holder.value = message.holder === null ? null : String(message.holder);
  if (message.messages) notes.value = message.messages;
  const { message: note } = message;
  if (note) notes.value = [...notes.peek().filter(other => other.id !== note.id), note].slice(-5);
}

function merged(now: Panel, part: Panel & { gone?: string[] }): Panel {
  const by = <T>(rows: readonly T[], news: readonly T[], key: (row: T) => string): T[] => {
    const fresh = new Map(news.map(row => [key(row), row]));
    const all = rows.map(row => {
      const of = fresh.get(key(row));
      fresh.delete(key(row));
      return of ?? row;
    });
    return [...all, ...fresh.values()];
  };
  const gone = new Set(part.gone ?? []);
  return {
    lines: by(now.lines, part.lines, row => row.number),
    seats: by(now.seats, part.seats, row => row.seat).filter(row => !gone.has(row.seat)),
    groups: by(now.groups, part.groups, row => row.group),
  };
}

function merge(changed: readonly CallRow[], over: readonly string[]): void {
  const rows = new Map(calls.peek().map(row => [row.call, row]));
  for (const row of changed) rows.set(row.call, whole(row));
  for (const ref of over) {
    const row = rows.get(ref);
    const mine = row && own(row);
    if (row && mine?.answered) lastCall.value = row;
    rows.delete(ref);
  }
  calls.value = [...rows.values()];
}

/** The party of this seat in a call. */
export function own(row: CallRow): PartyRow | undefined {
  const me = seat.peek()?.seat;
  return row.parties.find(party => party.who === me);
}

export const stands = computed<SeatStanding | null>(() => (seat.value ? standing(seat.value.state) : null));

/** Somebody sits here: signed in, whatever he does. */
export const signedIn = computed(() => Boolean(seat.value?.agent) && stands.value?.is !== 'out');

const byAnswer = (answered: boolean) => computed(() => {
  void seat.value;
  return calls.value.filter(row => own(row)?.answered === answered);
});
const ringingCalls = byAnswer(false);
const talkingCalls = byAnswer(true);

/** A call that rings here and that he has not begun himself. */
export const ringing = computed(() => ringingCalls.value.find(row => own(row)?.role !== 'caller') ?? null);
/** A call that he has begun and nobody has answered. */
export const dialling = computed(() => ringingCalls.value.find(row => own(row)?.role === 'caller') ?? null);
/** The call in hand, and others that he has beside it. */
export const talk = computed(() => talkingCalls.value[talkingCalls.value.length - 1] ?? dialling.value);
export const otherTalks = computed(() => talkingCalls.value.filter(row => row !== talk.value));

export const mine = computed(() => (talk.value ? (own(talk.value) ?? null) : null));

/** The transfer under way, if one is. */
export const reaching = computed<TransferRow | null>(() => {
  const last = talk.value?.transfers[talk.value.transfers.length - 1];
  return last && last.result === null ? last : null;
});

/** The last transfer, if nothing came of it. */
export const failed = computed<TransferRow | null>(() => {
  const last = talk.value?.transfers[talk.value.transfers.length - 1];
  return last && last.result === 'failed' ? last : null;
});

/** Whom the agent has brought in and who has answered. */
export const third = computed<PartyRow | null>(() => {
  const me = mine.value;
  return talk.value?.parties.find(p => p.role === 'target' && p.answered && p.leg !== me?.leg) ?? null;
});

export type Arrangement = 'two' | 'three' | 'consult' | 'aside';

/** Who hears whom: two parties, all three, alone with the third, or alone with the caller while the third waits. */
export const arrangement = computed<Arrangement>(() => {
  const row = talk.value;
  if (!row || !third.value) return 'two';
  if (row.apart === null) return 'three';
  return row.apart === 'caller' ? 'consult' : 'aside';
});

/** What came of the last attempt at a number in the call in hand. */
export function attemptAt(number: string): TransferRow | null {
  const all = talk.value?.transfers ?? [];
  for (let i = all.length - 1; i >= 0; i--) if (all[i]?.to === number) return all[i] ?? null;
  return null;
}
