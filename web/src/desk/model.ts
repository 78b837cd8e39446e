// What the server says to an agent's page.
import type { Message } from '../shared/live.ts';

export interface SeatRow {
  seat: string;
  agent?: string | null;
  group: string;
  groups: string[];
  state: string;
  zh: string;
  since: number;
  /** When wrap-up, or a break that the machine has set, is over; µs. */
  until?: number | null;
  /** Its wrap-up has been extended: once is what may be. */
  extended?: boolean;
  answered: number;
  talked_s: number;
  contact: string | null;
}

export type Role = 'caller' | 'agent' | 'target' | 'supervisor' | 'offered';

export interface PartyRow {
  leg: number;
  role: Role;
  who: string;
  title?: string;
  since?: number;
  /** Its phone is gone, and awaited. */
  away?: boolean;
  answered: boolean;
  held: boolean;
  muted: boolean;
  secure: boolean;
}

export type Way = 'three_way' | 'on_answer' | 'consult' | 'blind';
export type TransferResult = 'joined' | 'failed' | 'cancelled' | 'caller_gone' | 'agent_gone';

export interface TransferRow {
  transfer: number;
  to: string;
  title: string;
  way: Way | 'attended';
  rang: boolean;
  result: TransferResult | null;
  cause: string | null;
  seen: string;
}

export interface Came {
  why: 'overflow' | 'returned' | 'callback' | 'transfer';
  from: string;
  seen: string;
}

export interface CallRow {
  call: string;
  dialled: string;
  title: string;
  caller: string;
  masked: boolean;
  stage: string;
  parties: PartyRow[];
  transfers: TransferRow[];
  recording: string | null;
  recording_paused: boolean;
  began: number;
  since: number;
  /** It entered a line first, or began to ring somebody. */
  placed: number | null;
  answered: number | null;
  group: string;
  came: Came | null;
  /** Who is kept apart with music. */
  apart: 'caller' | 'target' | null;
}

export type LineKind = 'emergency' | 'utility' | 'branch' | 'kept' | 'hub';

export interface Line {
  number: string;
  title: string;
  kind: LineKind;
  up: boolean;
  free?: number | null;
  at_work?: number | null;
  open: boolean;
  last?: { at: number; ok: boolean; seen: string } | null;
}

export interface PanelSeat {
  seat: string;
  agent?: string | null;
  name?: string | null;
  zh: string;
  state: string;
  group: string;
  free: boolean;
}

export interface PanelGroup {
  /** By which a transfer reaches it. */
  number?: string;
  group: string;
  title: string;
  waiting: number;
  ready: number;
  busy: number;
  wrap_up: number;
  at_work: number;
}

export interface Panel {
  lines: Line[];
  seats: PanelSeat[];
  groups: PanelGroup[];
}

export interface Note {
  from: string;
  text: string;
  at: number;
}

export interface DeskMessage extends Message {
  me?: { account: string; agent: string; title: string };
  seat?: SeatRow | null;
  calls?: CallRow[];
  over?: string[];
  panel?: Panel;
  holder?: string | number | null;
  message?: Note;
}

export interface Words {
  breaks: string[];
  record_pauses: string[];
  seats: string[];
}

export interface Callback {
  callback: string;
  number: string;
  dialled: string;
  group: string;
  place: number;
  why: 'asked' | 'abandoned' | 'shed' | 'interrupted';
  tries: number;
  last?: string | null;
  call?: string | null;
}

export interface Journey {
  ref: string;
  began: number;
  ended: number;
  dialled: string;
  title: string;
  caller: string;
  masked: boolean;
  outcome: string;
  zh: string;
  answered_by: string;
  wait_ms: number | null;
  talk_ms: number | null;
  group: string;
}
