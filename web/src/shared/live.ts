// A live feed: what there is, then what changes, resumed by number after a loss. Its state is what is known, never what is hoped.
import { signal, type ReadonlySignal } from '@preact/signals';
import { readSession, toSignIn, Fault } from './api.ts';
import { setServerTime } from './clock.ts';

export type FeedState =
  | { is: 'opening' }
  | { is: 'connected' }
  /** `since`: this machine's ms. */
  | { is: 'lost'; since: number }
  | { is: 'catching' };

/** A message of a feed; what else is in it is the feed's own. */
export interface Message {
  seq?: number;
  snapshot?: boolean;
  resumed?: boolean;
  missed?: boolean;
  now?: number;
}

// Waits before each attempt, ms; the last one again and again.
const WAITS = [0, 250, 500, 1000, 2000];
// Once a server has shown that it sends a beat, so long a silence means that the connection is dead.
const SILENCE = 12_000;
// Closed with this code the session is over.
const SESSION_OVER = 4401;
// With this one the person may see something else than before: the feed begins anew.
const RIGHTS_CHANGED = 4409;

export class Feed<M extends Message> {
  readonly #state = signal<FeedState>({ is: 'opening' });
  readonly state: ReadonlySignal<FeedState> = this.#state;
  #socket: WebSocket | null = null;
  #seq: number | null = null;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #beats = false;
  #stopped = false;

  constructor(
    private readonly path: string,
    private readonly take: (message: M) => void,
  ) {
    addEventListener('online', () => this.#again());
    addEventListener('offline', () => this.#lost());
    // A page that comes back from the browser's cache of pages has no connection any more.
    addEventListener('pageshow', event => event.persisted && this.#again());
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#watch);
    this.#socket?.close();
  }

  #open(): void {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const since = this.#seq === null ? '' : `?since=${this.#seq}`;
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}${since}`);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#state.peek().is === 'lost') this.#state.value = { is: 'catching' };
    };
    socket.onmessage = event => this.#socket === socket && this.#message(String(event.data));
    socket.onclose = event => {
      if (this.#socket !== socket) return;
      if (event.code === SESSION_OVER) {
        this.#over();
        toSignIn();
      } else {
        if (event.code === RIGHTS_CHANGED) this.#seq = null;
        this.#lost();
      }
    };
  }

  #message(text: string): void {
    const message = JSON.parse(text) as M;
    this.#tries = 0;
    if (message.now !== undefined) {
      this.#beats = true;
      setServerTime(message.now);
    }
    if (typeof message.seq === 'number') this.#seq = message.seq;
    this.#watchSilence();
    this.take(message);
    if (this.#state.peek().is !== 'connected') this.#state.value = { is: 'connected' };
  }

  #watchSilence(): void {
    clearTimeout(this.#watch);
    if (this.#beats) this.#watch = setTimeout(() => this.#lost(), SILENCE);
  }

  /** No session, no feed: nothing is shown as if it were of now. */
  #over(): void {
    this.stop();
    if (this.#state.peek().is !== 'lost') this.#state.value = { is: 'lost', since: Date.now() };
  }

  #lost(): void {
    if (this.#stopped) return;
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (this.#state.peek().is !== 'lost') this.#state.value = { is: 'lost', since: Date.now() };
    clearTimeout(this.#retry);
    const wait = WAITS[Math.min(this.#tries, WAITS.length - 1)] ?? 2000;
    this.#tries += 1;
    this.#retry = setTimeout(() => void this.#attempt(), wait);
  }

  #again(): void {
    if (this.#stopped) return;
    this.#tries = 0;
    this.#lost();
  }

  // A refused upgrade shows no status to a script: after a few attempts the session is asked after.
  async #attempt(): Promise<void> {
    if (this.#tries >= 3) {
      try {
        await readSession({ byItself: true });
      } catch (error) {
        if (error instanceof Fault && error.status === 401) return this.#over();
      }
    }
    if (!this.#stopped && this.#socket === null) this.#open();
  }
}
