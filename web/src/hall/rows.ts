// The rows of the floor as the live feed gives them.
import type { Came, PartyRow, TransferRow } from '../shared/rows.ts';

export type { PartyRow, SeatRow, TransferRow } from '../shared/rows.ts';

export interface CallRow {
  call: string;
  dialled: string;
  title?: string;
  caller: string;
  stage: string;
  with: string[];
  parties: PartyRow[];
  transfers: TransferRow[];
  recording?: string | null;
  recording_paused?: boolean;
  began?: number;
  since?: number;
  placed?: number | null;
  answered?: number | null;
  group?: string;
  /** Its place in its line, from 1, while it waits. */
  position?: number | null;
  came?: Came | null;
}

export interface GroupRow {
  group: string;
  title: string;
  waiting: number;
  at_work: number;
  least: number;
  short: boolean;
  disaster: boolean;
  seats: number;
  ready: number;
  busy: number;
  wrap_up: number;
}

export interface WallFigures {
  now: number;
  waiting: number;
  longest_wait_s: number;
  seats: { ready: number; talking: number; ringing?: number; wrap_up: number; break: number; lost?: number; out: number };
  today: { calls: number; offered?: number; answered: number; abandoned: number; connect_rate: number | null; within_15s: number | null };
  rolling: { within_15s: number | null; minimum: number | null; minimum_at?: number | null };
  targets: { within_15s: number; connect_rate: number; longest_wait_s?: number };
  trend: { today: number[]; same_weekday: number[]; date?: string };
  alarms: number;
}

export interface Alarm {
  id: string;
  at: number;
  subject: string;
  text: string;
  text_en?: string;
  standing: boolean;
  over?: number | null;
  /** How often it was told before somebody saw to it, and when last. */
  times?: number;
  last?: number;
  acknowledged: { by: string; at: number; note?: string } | null;
}
