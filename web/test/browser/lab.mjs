// A daemon of the tests' own: `config/lab.toml` with other ports, its state in a folder of its own.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Party } from './party.mjs';
import { PATIENCE, until } from './wait.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const HOST = '127.0.0.1';
// Below the ports that the other tests and the system take; so many for each daemon.
const [FIRST, LAST, WIDTH] = [6_100, 9_900, 200];
let next = FIRST;

async function isFree(port) {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(port, HOST);
    await once(tcp, 'listening');
    udp.bind(port, HOST);
    await once(udp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([tcp.listening ? new Promise(done => { tcp.close(done); }) : null, new Promise(done => { try { udp.close(done); } catch { done(); } })]);
  }
}

/** The first of a range of ports that nobody has. */
async function range() {
  for (; next <= LAST; next += WIDTH) {
    const free = await Promise.all([0, 1, 2, 3, 4, 20, 21, 100].map(n => isFree(next + n)));
    if (free.every(Boolean)) {
      next += WIDTH;
      return next - WIDTH;
    }
  }
  throw new Error(`no free ports from ${FIRST} to ${LAST}`);
}

/** The lab's file with these ports. A line of it that is not there any more fails here. */
async function config(base, folder, changes, ownPlan) {
  let text = await readFile(join(ROOT, 'config/lab.toml'), 'utf8');
  const replaced = [
    // A machine that is busy with browsers refuses no call for that.
    ['[sip]\n', '[sip]\nmax_calls = 40\nqueue_delay_ms = 1000\n'],
    [`${HOST}:5070`, `${HOST}:${base}`],
    [`${HOST}:5071`, `${HOST}:${base + 3}`],
    [':5060"', `:${base + 1}"`],
    ['"20000-39999"', `"${base + 20}-${base + 199}"`],
    ['browser_port = 19999', `browser_port = ${base + 4}`],
    [`${HOST}:8080`, `${HOST}:${base + 2}`],
    ['"/tmp/switchboard-lab.sock"', JSON.stringify(join(folder, 'sock'))],
    ['"../dialplans"', ownPlan ? `${JSON.stringify(join(folder, 'dialplans'))}\nedited_by = "pages"` : JSON.stringify(join(ROOT, 'dialplans'))],
    // There is paperwork after a call, and who is hung up on soon is not queued again.
    ['wrap_up_s = 0', 'wrap_up_s = 60\nearly_hangup_s = 0'],
    ...changes,
  ];
  for (const [from, to] of replaced) {
    if (!text.includes(from)) throw new Error(`config/lab.toml has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

// No daemon outlives the tests, however they end.
const running = new Set();
process.on('exit', () => running.forEach(daemon => daemon.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export class Lab {
  #parties = [];
  #cookies = new Map();
  #starts = 0;

  static async start(program, changes = [], ownPlan = false) {
    const lab = new Lab();
    const base = await range();
    Object.assign(lab, { program, base, folder: await mkdtemp(join(tmpdir(), 'switchboard-browser-')) });
    lab.host = `${HOST}:${base + 2}`;
    lab.url = `http://${lab.host}`;
    lab.sip = { ip: HOST, port: base };
    if (ownPlan) await cp(join(ROOT, 'dialplans'), join(lab.folder, 'dialplans'), { recursive: true });
    await writeFile(join(lab.folder, 'lab.toml'), await config(base, lab.folder, changes, ownPlan));
    await lab.starts();
    return lab;
  }

  get #said() {
    return join(this.folder, `said-${this.#starts}`);
  }

  /** Starts the daemon, on the state that there is; it is ready then. */
  async starts() {
    this.#starts += 1;
    const at = ['--config', join(this.folder, 'lab.toml'), '--state', join(this.folder, 'state'), '--as-of', '2021-12-15T10:00', '--lang', 'en'];
    this.daemon = spawn(this.program, ['run', ...at], { stdio: ['ignore', openSync(this.#said, 'w'), openSync(`${this.#said}.err`, 'w')] });
    const { daemon } = this;
    running.add(daemon);
    this.ended = once(daemon, 'exit').finally(() => running.delete(daemon));
    // It prints where it listens once it does.
    await until('the daemon is ready', async () => {
      if (this.daemon.exitCode !== null) throw new Error(`it has ended: ${await this.said()}`);
      return (await stat(this.#said)).size > 0;
    }, 60_000);
  }

  async said() {
    return `${await readFile(this.#said, 'utf8')}${await readFile(`${this.#said}.err`, 'utf8')}`;
  }

  /** As a crash would end it. */
  async crashes() {
    this.daemon.kill('SIGKILL');
    await this.ended;
  }

  async stop({ keep = false } = {}) {
    this.#parties.forEach(party => party.close());
    this.daemon.kill('SIGKILL');
    await this.ended;
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }

  /** A request of a program: by the token of the lab, unless `as` is an account. */
  async ask(method, path, body, { as } = {}) {
    const headers = as === undefined ? { Authorization: 'Bearer lab' } : await this.#headers(as);
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const answer = await fetch(`${this.url}/api/v1/${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    let json = null;
    try { json = JSON.parse(text); } catch { /* not every answer is JSON */ }
    return { status: answer.status, json, text };
  }

  async get(path) {
    const { status, json, text } = await this.ask('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return json;
  }

  async post(path, body = {}, more = {}) {
    const { status, json, text } = await this.ask('POST', path, body, more);
    if (status >= 300) throw new Error(`POST ${path}: ${status} ${text}`);
    return json;
  }

  async calls() {
    return (await this.get('calls')).calls;
  }

  /** The one live call, once it is as wanted. */
  async call(what, wanted = () => true, ms = PATIENCE) {
    return until(`a call: ${what}`, async see => {
      const calls = await this.calls();
      see(calls);
      return calls.length === 1 && wanted(calls[0]) ? calls[0] : null;
    }, ms);
  }

  async seat(number) {
    return (await this.get('seats')).seats.find(row => row.seat === number);
  }

  /** Waits until a seat's state is this, or matches it. */
  stands(number, state, ms = PATIENCE) {
    return until(`seat ${number} is ${state}`, async see => {
      const row = await this.seat(number);
      see(row);
      return state instanceof RegExp ? state.test(row.state) : row.state === state;
    }, ms);
  }

  /** The cookie of an account that has signed in, and the token that goes with every change. */
  async session(account) {
    if (!this.#cookies.has(account)) {
      const answer = await fetch(`${this.url}/api/v1/session`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ account, password: `lab-${account}` }),
      });
      if (answer.status !== 200) throw new Error(`${account} does not sign in: ${answer.status} ${await answer.text()}`);
      const [pair] = answer.headers.getSetCookie()[0].split(';');
      const session = await answer.json();
      const cookie = { cookie: pair.slice(pair.indexOf('=') + 1), token: session.anti_forgery };
      this.#cookies.set(account, cookie);
      if (!session.secrecy.valid) await this.post('session/secrecy', { agreed: true }, { as: account });
    }
    return this.#cookies.get(account);
  }

  async #headers(account) {
    const { cookie, token } = await this.session(account);
    return { Cookie: `switchboard=${cookie}`, 'X-Anti-Forgery': token };
  }

  async #party(ip, port) {
    const party = await Party.at(ip, port, this.sip);
    this.#parties.push(party);
    return party;
  }

  /** The carrier: callers come from here. */
  async carrier() {
    this.outside ??= await this.#party('127.0.0.10', 0);
    return this.outside;
  }

  /** Somebody calls. */
  async calling(number = '12345', of = {}) {
    return (await this.carrier()).dials(number, of);
  }

  /** The exchange behind a trunk, by the last part of its address in the lab's file. */
  async exchange(last, serves) {
    this.far ??= new Map();
    if (!this.far.has(last)) this.far.set(last, await this.#party(`127.0.0.${last}`, this.base + 1));
    return this.far.get(last).serves(serves);
  }

  /** A telephone on a desk: a seat's own. */
  async telephone(seat, serves) {
    return (await (await this.#party('127.0.0.1', 0)).registers(seat, `lab-${seat}`)).serves(serves);
  }

  /** Nobody talks, nobody sits anywhere: as it was at the start, but for the records. */
  async calm() {
    await Promise.all(this.#parties.map(party => party.hangsUpAll()));
    for (const row of await this.calls()) await this.ask('DELETE', `calls/${row.call}`);
    const { seats } = await this.get('seats');
    for (const row of seats) if (row.agent) await this.ask('POST', `seats/${row.seat}`, { state: 'out' });
    await until('no calls', async () => (await this.calls()).length === 0);
  }
}

/** What lies at the other side of the trunks. */
export const EXCHANGES = { 12366: 20, 12360: 21, 12313: 22, 12367: 23, 12305: 24, emergency1: 30, emergency2: 31, utilities: 40 };
