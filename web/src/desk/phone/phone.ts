// The seat's phone in this page. The newest page that asks has it; an older one lets go without a word, so that a call goes on.
import { computed, effect, signal } from '@preact/signals';
import { Fault, post } from '../../shared/api.ts';
import { toast } from '../../shared/components/toast.tsx';
import { told } from '../../shared/text.ts';
import { holder } from '../board.ts';
import { feedState } from '../feed.ts';
import { makeAgent, type Agent, type Failure, type Request } from './jssip.ts';
import { Line } from './line.ts';
import { checkMic } from './mic.ts';
import { hear, startRing, stopRing } from './sound.ts';
import { w } from '../words.ts';
import { PageWire } from './wire.ts';

interface Credential {
  user: string;
  password: string;
  domain: string;
  ws: string;
  expires_s: number;
  holder: string | number;
}

export type PhoneState =
  | { is: 'off' | 'connecting' | 'ready' | 'elsewhere' | 'desk' }
  | { is: 'refused'; why: string };

export const phone = signal<PhoneState>({ is: 'off' });
export const lines = signal<readonly Line[]>([]);
export const ringingLine = computed(() => lines.value.find(l => l.incoming && l.state.value === 'rings' && !l.returns) ?? null);
export const liveLine = computed(() => lines.value.find(l => /^(talks|answering|calls)$/.test(l.state.value)) ?? null);
export const returning = computed(() => lines.value.some(l => l.returns && l.state.value !== 'talks'));

// How long the feed may take to show the holder that an answer has named, ms.
const TOLD = 3_000;
const WAITS = [500, 1_000, 2_000, 4_000, 8_000];

let agent: Agent | null = null;
let wire: PageWire | null = null;
let seatNumber = '';
let domain = '';
let mine: string | null = null;
let seen = false;
let tries = 0;
let wasCut = false;
let renewal: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let doubt: ReturnType<typeof setTimeout> | undefined;

// Without the holder that it has a page becomes a new one, and every other page of the seat is told so.
const credential = (): Promise<Credential> =>
  post<Credential>('/api/v1/phone', mine === null ? { seat: seatNumber } : { seat: seatNumber, holder: mine }, { byItself: mine !== null });

function own(of: Credential): void {
  mine = String(of.holder);
  seen = false;
  judge(holder.peek());
  clearTimeout(renewal);
  renewal = setTimeout(() => void renew(), Math.max(5, of.expires_s * 0.4) * 1000);
}

// One at a time: a server that has started anew would take each for another page.
let renewing: Promise<void> | null = null;

/** The password is short-lived: a new one in time. */
function renew(): Promise<void> {
  renewing ??= ask().finally(() => {
    renewing = null;
    judge(holder.peek());
  });
  return renewing;
}

async function ask(): Promise<void> {
  const of = agent;
  try {
    const got = await credential();
    if (!of || agent !== of) return;
    own(got);
    of.set('password', got.password);
  } catch {
    clearTimeout(renewal);
    renewal = setTimeout(() => void renew(), 5_000);
  }
}

/** This page is the seat's phone from now on. */
export async function startPhone(seat: string): Promise<void> {
  shutDown();
  seatNumber = seat;
  phone.value = { is: 'connecting' };
  void checkMic();
  try {
    const of = await credential();
    if (seatNumber !== seat || agent) return;
    domain = of.domain;
    own(of);
    connect(of);
  } catch (error) {
    const fault = error instanceof Fault ? error : null;
    phone.value = fault && fault.status !== 0 ? { is: 'refused', why: told(fault) } : { is: 'connecting' };
    later(() => startPhone(seat));
  }
}

function later(run: () => unknown): void {
  clearTimeout(retry);
  retry = setTimeout(run, WAITS[Math.min(tries, WAITS.length - 1)]);
  tries += 1;
}

function connect(of: Credential): void {
  const address = new URL(of.ws, location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  wire = new PageWire(address.href);
  const ua = makeAgent(wire, of);
  agent = ua;
  ua.on('registered', () => {
    tries = 0;
    phone.value = { is: 'ready' };
    if (wasCut) lines.peek().forEach(line => line.again());
    wasCut = false;
  });
  ua.on('disconnected', () => {
    wasCut = true;
    if (agent === ua) phone.value = { is: 'connecting' };
  });
  ua.on('registrationFailed', ({ response, cause }) => {
    if (agent !== ua || !ua.isConnected()) return;
    phone.value = { is: 'refused', why: response ? String(response.status_code) : (cause ?? '') };
    // The password has run out, or the server has started anew: the next attempt has a new one.
    later(() => void renew().then(() => agent?.register()));
  });
  ua.on('newRTCSession', ({ originator, session, request }) => {
    const line = new Line(session, originator === 'remote' && answersItself(request), over, () => ua.isRegistered());
    lines.value = [...lines.peek(), line];
    if (line.returns) void line.answer();
  });
  ua.start();
}

/** RFC 5373, or one of the two older ways to say so. */
function answersItself(request: Request): boolean {
  const has = (name: string, what: RegExp) => what.test(request.getHeader(name) ?? '');
  return has('Answer-Mode', /auto/i) || has('Alert-Info', /alert-autoanswer/i) || has('Call-Info', /answer-after=0/i);
}

export type OwnOutcome = 'lineBusy' | 'noAnswer' | 'unreachable' | 'cancelled';

/** What came of the last call to a number from here, where nobody answered it. */
export const outcomes = signal<ReadonlyMap<string, OwnOutcome>>(new Map());

function outcomeOf({ originator, message }: Failure): OwnOutcome {
  if (originator === 'local') return 'cancelled';
  const status = message?.status_code ?? 0;
  if (status === 486 || status === 600) return 'lineBusy';
  return status === 480 || status === 408 || status === 487 ? 'noAnswer' : 'unreachable';
}

function keep(number: string, outcome: OwnOutcome | null): void {
  const copy = new Map(outcomes.peek());
  if (outcome === null) copy.delete(number);
  else copy.set(number, outcome);
  outcomes.value = copy;
}

function over(line: Line): void {
  if (line.number !== '' && line.failed) keep(line.number, outcomeOf(line.failed));
  lines.value = lines.peek().filter(other => other !== line);
  if (!lines.peek().some(other => other.state.peek() === 'talks')) hear(null);
}

/** Lets go of everything without a word to the server. */
function letGo(): void {
  clearTimeout(renewal);
  clearTimeout(retry);
  clearTimeout(doubt);
  mine = null;
  wire?.letGo();
  wire = null;
  const before = agent;
  agent = null;
  lines.peek().forEach(line => line.drop());
  before?.stop();
}

function shutDown(): void {
  letGo();
  tries = 0;
  wasCut = false;
}

/** The seat is left: it has no phone here any more. */
export function stopPhone(): void {
  shutDown();
  seatNumber = '';
  phone.value = { is: 'off' };
}

/** A phone beside the page is the seat's. */
export function useDeskPhone(): void {
  shutDown();
  phone.value = { is: 'desk' };
}

export function takePhoneHere(): void {
  if (seatNumber !== '') void startPhone(seatNumber);
}

function elsewhere(): void {
  letGo();
  phone.value = { is: 'elsewhere' };
}

/** Whether the phone is still this page's, by what the feed says of its holder. */
function judge(now: string | null): void {
  clearTimeout(doubt);
  // While it has asked, the new holder may be this page itself: the answer says so.
  if (mine === null || now === null || renewing) return;
  if (now === mine) {
    seen = true;
  } else if (seen) {
    elsewhere();
  } else {
    // What the feed says may be older than the answer that made this page the holder.
    doubt = setTimeout(() => mine !== null && holder.peek() !== mine && elsewhere(), TOLD);
  }
}

effect(() => {
  judge(holder.value);
  if (holder.value !== null || mine === null) return;
  // The server has forgotten, by a start: it is told again.
  seen = false;
  void renew();
});

// As soon as the server is there again for the page it is for the phone: it does not wait for its own next try.
effect(() => {
  if (feedState.value.is === 'connected') wire?.connect();
});

effect(() => {
  if (ringingLine.value) startRing();
  else stopRing();
});

/** Calls a number from here. */
export async function dial(number: string): Promise<void> {
  if (!agent?.isRegistered()) {
    toast(w('phoneOff'), 'bad');
    return;
  }
  keep(number, null);
  const options = await Line.options();
  const session = agent.call(`sip:${encodeURIComponent(number)}@${domain}`, options);
  lines.peek().find(line => line.session === session)?.calls(number);
}
