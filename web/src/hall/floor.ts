// What the floor looks like now: the live feed folded into signals, and what of it is looked at.
import { computed, effect, signal } from '@preact/signals';
import { now } from '../shared/clock.ts';
import type { Message } from '../shared/live.ts';
import { standing } from '../shared/states.ts';
import type { CallRow, GroupRow, SeatRow } from './rows.ts';

export interface FloorMessage extends Message {
  calls?: CallRow[];
  over?: string[];
  seats?: SeatRow[];
  groups?: GroupRow[];
}

export const seats = signal<ReadonlyMap<string, SeatRow>>(new Map());
export const calls = signal<ReadonlyMap<string, CallRow>>(new Map());
export const groups = signal<readonly GroupRow[]>([]);
/** The first snapshot has come. */
export const known = signal(false);

/** One group, or all where it is empty. */
export const groupShown = signal('');
/** Seats at which nobody has signed in are left out. */
export const onlySignedIn = signal(localStorage.getItem('switchboard.signedIn') === 'only');
onlySignedIn.subscribe(only => {
  if (only) localStorage.setItem('switchboard.signedIn', 'only');
  else localStorage.removeItem('switchboard.signedIn');
});
export const selected = signal<{ kind: 'seat' | 'call'; id: string } | null>(null);

export function take(message: FloorMessage): void {
  const whole = message.snapshot === true;
  if (whole || message.seats) {
    const next = new Map(whole ? [] : seats.peek());
    for (const row of message.seats ?? []) next.set(row.seat, row);
    seats.value = next;
  }
  if (whole || message.calls || message.over) {
    const next = new Map(whole ? [] : calls.peek());
    for (const row of message.calls ?? []) next.set(row.call, row);
    for (const call of message.over ?? []) next.delete(call);
    calls.value = next;
  }
  if (message.groups) groups.value = message.groups;
  if (whole) known.value = true;
}

/** The floor is not seen at present: then time stands still here, and what has not been seen is not counted. */
export const unseen = signal(false);
const at = signal(now.peek());
effect(() => {
  if (!unseen.value) at.value = now.value;
});

/** How long since a moment, ms, as of when the floor was last seen. */
export function age(micros: number): number {
  return Math.max(0, at.value - micros / 1000);
}

/** When it came into its line. */
export const placedOf = (row: CallRow): number => row.placed ?? row.since ?? 0;

/** Who sits at a seat: his name; his work number where it says more than the seat's. */
export function sitterOf(row: SeatRow | undefined): string {
  if (!row) return '';
  return row.name ?? (row.agent !== row.seat ? row.agent : null) ?? '';
}

const isOf = (group: string, of: readonly string[]) => group === '' || of.includes(group);

const seatsOfGroup = computed(() =>
  [...seats.value.values()]
    .filter(row => isOf(groupShown.value, row.groups.length > 0 ? row.groups : [row.group]))
    .sort((a, b) => a.seat.localeCompare(b.seat, 'en', { numeric: true })));

export const seatsShown = computed(() =>
  (onlySignedIn.value ? seatsOfGroup.value.filter(row => standing(row.state).is !== 'out') : seatsOfGroup.value));

const callsShown = computed(() =>
  [...calls.value.values()].filter(row => isOf(groupShown.value, [row.group ?? ''])));

/** Who waits, the head of each line first; he who has waited longest stands above. */
export const waitingShown = computed(() =>
  callsShown.value.filter(row => row.stage === 'queueing').sort((a, b) => placedOf(a) - placedOf(b)));

export const liveShown = computed(() =>
  callsShown.value.filter(row => row.stage !== 'queueing').sort((a, b) => (a.answered ?? a.since ?? 0) - (b.answered ?? b.since ?? 0)));

export const waitingAll = computed(() => [...calls.value.values()].filter(row => row.stage === 'queueing'));

/** A call's place in its line: as told, else by when it came into it. */
export function positionOf(row: CallRow): number {
  if (row.position) return row.position;
  const line = waitingAll.value.filter(other => other.group === row.group && placedOf(other) < placedOf(row));
  return line.length + 1;
}

export function callOf(seat: string): CallRow | undefined {
  return [...calls.value.values()].find(row => row.parties.some(p => p.who === seat && p.role !== 'supervisor'));
}

export function titleOf(group: string): string {
  return groups.value.find(row => row.group === group)?.title ?? group;
}

export const tally = computed(() => {
  const counts = { ready: 0, talking: 0, wrap: 0, break: 0, lost: 0, out: 0 };
  for (const row of seatsOfGroup.value) {
    const { is } = standing(row.state);
    if (is === 'talking' || is === 'held' || is === 'ringing' || is === 'reserved') counts.talking += 1;
    else if (is === 'lost') counts.lost += 1;
    else if (is === 'idle') counts.break += 1;
    else counts[is] += 1;
  }
  return counts;
});
