// The whole record of a call as the ledger keeps it. Times are µs since the epoch.
export type Target = { seat: string } | { trunk: { trunk: string; number: string } };

/** Its number; 0 is the caller's. */
export type Leg = number | string;

export interface Attempt {
  leg: Leg;
  target: Target;
  agent?: string;
  at: number;
  ringing: number | null;
  answered: number | null;
  end: number | null;
  cause: string | null;
  status: number | null;
}

export interface Transfer {
  transfer: number;
  to: string;
  title: string;
  way: string;
  reason?: string;
  asked: number;
  end: number | null;
  result: string | null;
  cause: string | null;
  fate: string | null;
}

export interface Quality {
  leg: Leg;
  codec: string;
  received: number;
  lost: number;
  jitter_us: number;
  mos?: number;
  sent: number;
  far_lost?: number;
  far_expected?: number;
  far_jitter_us?: number;
  far_mos?: number;
  round_trip_us?: number;
}

export interface Cdr {
  call: string;
  t0: number;
  t1: number | null;
  t2: number | null;
  end: number;
  origin: { trunk: string } | { seat: string };
  caller: string;
  masked?: boolean;
  dialled: string;
  call_id: string;
  source: string;
  traffic: 'city' | 'province';
  entry: string | null;
  title: string | null;
  state: string | null;
  plan: string | null;
  prompts: { prompt: string; at: number; end: number | null; whole: boolean }[];
  visits: { group: string; at: number; end: number | null; overflow: string | null }[];
  attempts: Attempt[];
  transfers?: Transfer[];
  recording?: string | null;
  recorded_ms?: number | null;
  recording_paused_ms?: number;
  media?: Quality[];
  grade?: number | null;
  solved?: boolean | null;
  answered_by: Target | null;
  outcome: string;
  by: string;
  cause: string;
  /** Everything that happened, in words. */
  facts?: { at: number; zh: string; en: string }[];
}
