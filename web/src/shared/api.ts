// Asking the server: one function, one shape of error. Who has no session is sent to sign in.
import { signal } from '@preact/signals';
import { setServerTime } from './clock.ts';
import { setZone } from './format.ts';
import { t } from './words.ts';

export interface Session {
  account: string;
  title: string;
  role: string;
  roles: string[];
  unit: string;
  groups: string[];
  agent: string | null;
  seat: string | null;
  /** The seat to propose. */
  own_seat?: string | null;
  lang: 'zh' | 'en';
  anti_forgery: string;
  until: number;
  idle_s: number;
  secrecy: { until: number | null; valid: boolean };
  rights: string[];
  home: string;
  now: number;
  date: string;
  /** The city's time zone. */
  zone?: string;
}

/** What the server answers instead of what was asked for. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly zh: string,
    readonly en: string,
    readonly field: string | null = null,
    readonly retryAfter: number | null = null,
    readonly why: string | null = null,
  ) {
    super(en);
  }
}

let token = '';
let leaving = false;
let inHand: () => boolean = () => false;

/** The session is over; its page stays until what is in hand is done. */
export const sessionOver = signal(false);

/** The token that goes with every change. */
export function holdToken(of: string): void {
  token = of;
}

/** Nobody is sent to sign in while this is so: a talk is not cut because twelve hours are over. */
export function stayWhile(of: () => boolean): void {
  inHand = of;
}

/** To the sign-in page, and back here afterwards. */
export function toSignIn(): void {
  if (leaving) return;
  sessionOver.value = true;
  if (inHand()) {
    setTimeout(toSignIn, 500);
    return;
  }
  leaving = true;
  const here = location.pathname + location.search + location.hash;
  location.assign(`/?next=${encodeURIComponent(here)}`);
}

export interface Ask {
  body?: unknown;
  /** A 401 is told to the caller instead of leading to the sign-in page. */
  keep401?: boolean;
  /** The page asks without its user: it does not keep his session alive. */
  byItself?: boolean;
  signal?: AbortSignal;
}

async function fault(response: Response): Promise<Fault> {
  const plain = `HTTP ${response.status}`;
  const said: Record<string, unknown> = await response.json().catch(() => ({}));
  const text = (key: string, or: string): string => (typeof said[key] === 'string' ? said[key] : or);
  const after = Number(said['retry_s'] ?? response.headers.get('Retry-After') ?? NaN);
  return new Fault(
    response.status, text('error', 'unknown'), text('zh', plain), text('en', plain),
    text('field', '') || null, Number.isFinite(after) ? after : null, text('why', '') || null,
  );
}

/** Sends a request; the answer as JSON, or a [`Fault`]. */
export async function ask<T>(method: string, path: string, { body, keep401, byItself, signal }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (byItself) headers['X-By-Itself'] = '1';
  if (method !== 'GET' && token !== '') headers['X-Anti-Forgery'] = token;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Fault(0, 'network', t('network'), t('network'));
  }
  if (!response.ok) {
    const why = await fault(response);
    if (response.status === 401 && !keep401) toSignIn();
    throw why;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export const get = <T>(path: string, more?: Ask): Promise<T> => ask<T>('GET', path, more);
export const post = <T = unknown>(path: string, body: unknown = {}, more?: Ask): Promise<T> =>
  ask<T>('POST', path, { ...more, body });
export const patch = <T = unknown>(path: string, body: unknown): Promise<T> => ask<T>('PATCH', path, { body });
export const del = <T = unknown>(path: string): Promise<T> => ask<T>('DELETE', path);

/** A query string of what is there. */
export function query(of: Record<string, string | number | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(of)) {
    if (value !== null && value !== undefined && value !== '') params.set(key, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** Who is signed in; the page's clock and token are set by it. */
export async function readSession(more?: Ask): Promise<Session> {
  const asked = Date.now();
  const session = await get<Session>('/api/v1/session', more);
  setServerTime(session.now, asked);
  setZone(session.zone);
  holdToken(session.anti_forgery);
  return session;
}
