// Rows of the floor and of the records, as the server writes them (src/exchange/rows.rs): what it has not to say it leaves out.

export interface SeatRow {
  seat: string;
  agent?: string | null;
  /** What the person is called who sits there. */
  name?: string;
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
  secure?: boolean;
  /** How a supervisor is in the call. */
  supervision?: 'listen' | 'whisper' | 'barge' | 'take_over' | null;
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

/** A record in a list. */
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
  en: string;
  answered_by: string | null;
  answered_by_en: string | null;
  name?: string;
  wait_ms: number | null;
  talk_ms: number | null;
  group: string;
}
