// What the server says to an agent's page.
import type { Message } from '../shared/live.ts';
import type { Came, PartyRow, SeatRow, TransferRow } from '../shared/rows.ts';

export type { Came, Journey, PartyRow, Role, SeatRow, TransferResult, TransferRow, Way } from '../shared/rows.ts';

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
  id: number;
  from: string;
  text: string;
  at: number;
}

export interface DeskMessage extends Message {
  me?: { account: string; agent: string; title: string };
  seat?: SeatRow | null;
  calls?: CallRow[];
  over?: string[];
  /** All of it; or, as a part, the rows that have changed and the seats that nobody has any more. */
  panel?: Panel & { part?: boolean; gone?: string[] };
  holder?: string | number | null;
  message?: Note;
  /** Those that have not been put away yet. */
  messages?: Note[];
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
