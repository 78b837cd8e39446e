// A seat's state as facts write it (`talking+lost>break`), read once for every page.
export type StateClass =
  | 'ready' | 'talking' | 'held' | 'ringing' | 'reserved' | 'wrap' | 'break' | 'idle' | 'out' | 'lost';

export interface SeatStanding {
  /** Its colour and word. */
  is: StateClass;
  /** Why it takes no calls, as the house calls it; empty elsewhere. */
  reason: string;
  /** Its phone cannot be reached. */
  lost: boolean;
  /** What comes when the call in hand is over: `break`, `signed_out` or a word of the house. */
  pending: string | null;
}

const WORK: Record<string, StateClass> = {
  ready: 'ready', reserved: 'reserved', ringing: 'ringing', talking: 'talking', held: 'held', wrap_up: 'wrap',
};

export function standing(state: string): SeatStanding {
  const [before = '', pending = null] = state.split('>', 2);
  const lost = before.endsWith('+lost');
  const work = lost ? before.slice(0, -'+lost'.length) : before;
  const [kind = '', reason = ''] = work.split(':', 2);
  const resting: StateClass = reason === 'signed_out' ? 'out' : reason === 'signed_in' ? 'idle' : 'break';
  const is = kind === 'not_ready' ? resting : (WORK[kind] ?? 'out');
  return { is: lost && is !== 'out' ? 'lost' : is, reason, lost, pending };
}
