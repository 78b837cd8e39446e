// Somebody with a telephone outside: SIP by UDP (RFC 3261) and a tone by RTP, as much of both as a test wants.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { decoded, level, share, tone } from './sound.mjs';
import { PATIENCE, promise, until, within } from './wait.mjs';

const word = () => randomBytes(6).toString('hex');

async function bound(ip, port = 0) {
  const socket = createSocket('udp4');
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
}

function parse(text) {
  const [head, ...rest] = text.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  const headers = lines.map(line => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  const all = name => headers.filter(([of]) => of === name).map(([, value]) => value);
  const status = /^SIP\/2\.0 (\d+)/.exec(first);
  return {
    first, all, body: rest.join('\r\n\r\n'), status: status ? Number(status[1]) : null, method: first.split(' ')[0],
    get: name => all(name)[0] ?? '', cseq: Number(all('cseq')[0]?.split(' ')[0]), of: all('cseq')[0]?.split(' ')[1],
  };
}

const tagged = (value, tag) => (value.includes(';tag=') ? value : `${value};tag=${tag}`);

/** A call that this telephone has a part in. */
export class Call {
  #phone;
  #rtp;
  #timer;
  #peer = null;
  #packets = [];
  #keys = new Set();
  #sent = 0;
  #ssrc = randomBytes(4);
  #answered = promise();
  #over = promise();
  /** Kept when there is an answer, with its status. */
  answered = this.#answered.kept;
  over = this.#over.kept;
  isOver = false;
  status = null;

  constructor(phone, rtp, { id, own, other, hertz }) {
    this.#phone = phone;
    this.#rtp = rtp;
    Object.assign(this, { id, own, other, hertz, cseq: 0, target: null });
    rtp.on('message', packet => this.#hears(packet));
  }

  get sdp() {
    const { address, port } = this.#rtp.address();
    return ['v=0', `o=- ${port} 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', `m=audio ${port} RTP/AVP 8 101`,
      'a=rtpmap:8 PCMA/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15', 'a=ptime:20', 'a=sendrecv', ''].join('\r\n');
  }

  settle(status) {
    this.status = status;
    this.#answered.keep(status);
  }

  /** Speaks to where the other side wants it. */
  speaks(sdp) {
    const ip = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    if (!ip || !port) return;
    this.#peer = { ip, port };
    if (this.#timer) return;
    const next = tone(this.hertz);
    const began = performance.now();
    this.#timer = setInterval(() => {
      // Timers come late on a busy machine: what is due is sent.
      while (this.#sent * 20 <= performance.now() - began) this.#send(next());
    }, 10);
  }

  #send(payload) {
    const packet = Buffer.alloc(12);
    packet[0] = 0x80;
    packet[1] = this.#sent === 0 ? 0x88 : 0x08;
    packet.writeUInt16BE(this.#sent & 0xffff, 2);
    packet.writeUInt32BE((this.#sent * 160) >>> 0, 4);
    this.#ssrc.copy(packet, 8);
    this.#sent += 1;
    this.#rtp.send(Buffer.concat([packet, payload]), this.#peer.port, this.#peer.ip);
  }

  #hears(packet) {
    if (packet.length >= 16 && (packet[1] & 0x7f) === 101) this.#keys.add(packet[12]);
    if (packet.length < 12 || (packet[1] & 0x7f) !== 8) return;
    this.#packets.push({ at: performance.now(), samples: decoded(packet.subarray(12)) });
  }

  /** The telephone-events that have come (RFC 4733). */
  events() {
    return [...this.#keys];
  }

  /** What was heard lately. */
  sound(ms = 400) {
    const from = performance.now() - ms;
    const packets = this.#packets.filter(({ at }) => at >= from);
    const samples = new Float32Array(packets.length * 160);
    packets.forEach((packet, at) => samples.set(packet.samples.subarray(0, 160), at * 160));
    return samples;
  }

  /** Waits until these tones, and none of those, are what is heard. */
  hears(tones, { not = [], ms = PATIENCE } = {}) {
    return until(`${this.hertz} Hz hears ${tones.join(', ')} Hz${not.length ? ` and not ${not.join(', ')}` : ''}`, see => {
      const samples = this.sound();
      if (samples.length < 2_000) return see(`${samples.length} samples`);
      const parts = Object.fromEntries([...tones, ...not].map(hertz => [hertz, Number(share(samples, hertz).toFixed(2))]));
      see({ level: Number(level(samples).toFixed(3)), parts });
      return level(samples) > 0.02 && tones.every(hertz => parts[hertz] > 0.6 / (tones.length + 1)) && not.every(hertz => parts[hertz] < 0.03);
    }, ms);
  }

  /** The loudest tenth of a second of the last time, 0 to 1. */
  loudest(ms) {
    const samples = this.sound(ms);
    let most = 0;
    for (let at = 0; at + 800 <= samples.length; at += 400) most = Math.max(most, level(samples.subarray(at, at + 800)));
    return most;
  }

  /** Answers a call that rings here. */
  picksUp() {
    this.#phone.picksUp(this);
  }

  async hangUp() {
    if (this.isOver) return;
    if (this.status !== null) this.#phone.request(this, 'BYE');
    else this.#phone.cancel(this);
    await this.over;
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.#timer);
    this.#rtp.close();
    this.#answered.keep(this.status);
    this.#over.keep(true);
  }
}

export class Party {
  calls = [];
  #byId = new Map();
  #serves = null;
  #waiting = [];

  /** A telephone at an address; the exchange's is `{ ip, port }`. */
  static async at(ip, port, exchange) {
    const party = new Party();
    Object.assign(party, { ip, exchange, socket: await bound(ip, port) });
    party.port = party.socket.address().port;
    party.socket.on('message', text => void party.#take(String(text)));
    return party;
  }

  /** What becomes of calls to it: `{ hertz, refuse?: status, ring?: true: it only rings }`. */
  serves(of) {
    this.#serves = of;
    return this;
  }

  /** The next call that comes here. */
  called() {
    const coming = promise();
    this.#waiting.push(coming.keep);
    return coming.kept;
  }

  #send(lines, body = '') {
    const type = body === '' ? [] : ['Content-Type: application/sdp'];
    const text = [...lines, ...type, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
    this.socket.send(text, this.exchange.port, this.exchange.ip);
  }

  /** `from` is its number; `as` a From of its own, name and all. */
  async dials(number, { from = '13900000001', as, hertz = 700 } = {}) {
    const own = `${as ?? `<sip:${from}@${this.ip}>`};tag=${word()}`;
    const other = `<sip:${number}@${this.exchange.ip}:${this.exchange.port}>`;
    const call = new Call(this, await bound(this.ip), { id: `${word()}@${this.ip}`, own, other, hertz });
    call.target = `sip:${number}@${this.exchange.ip}:${this.exchange.port}`;
    call.branch = `z9hG4bK${word()}`;
    this.calls.push(call);
    this.#byId.set(call.id, call);
    call.cseq = 1;
    this.#send(this.#lines(call, 'INVITE', 1, call.branch), call.sdp);
    return call;
  }

  /** Is a seat's telephone from now on (digest by MD5, RFC 2617). */
  async registers(seat, password) {
    const uri = `sip:${this.exchange.ip}:${this.exchange.port}`;
    const address = `<sip:${seat}@${this.exchange.ip}>`;
    const call = new Call(this, await bound(this.ip), { id: `${word()}@${this.ip}`, own: `${address};tag=${word()}`, other: address });
    call.target = uri;
    this.#byId.set(call.id, call);
    const md5 = text => createHash('md5').update(text).digest('hex');
    const sends = async more => {
      const coming = promise();
      call.registered = coming.keep;
      call.cseq += 1;
      this.#send([...this.#lines(call, 'REGISTER', call.cseq, `z9hG4bK${word()}`), 'Expires: 600', ...more]);
      return within('an answer to REGISTER', coming.kept);
    };
    const asked = await sends([]);
    const of = name => new RegExp(`${name}="([^"]*)"`).exec(asked.get('www-authenticate'))?.[1] ?? '';
    const [realm, nonce, cnonce] = [of('realm'), of('nonce'), word()];
    const response = md5([md5(`${seat}:${realm}:${password}`), nonce, '00000001', cnonce, 'auth', md5(`REGISTER:${uri}`)].join(':'));
    const told = await sends([`Authorization: Digest username="${seat}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=MD5, qop=auth, `
      + `nc=00000001, cnonce="${cnonce}", response="${response}"`]);
    if (told.status !== 200) throw new Error(`seat ${seat} is not registered: ${told.first}`);
    return this;
  }

  #lines(call, method, cseq, branch) {
    return [`${method} ${call.target} SIP/2.0`, `Via: SIP/2.0/UDP ${this.ip}:${this.port};branch=${branch}`, 'Max-Forwards: 70', `From: ${call.own}`, `To: ${call.other}`,
      `Call-ID: ${call.id}`, `CSeq: ${cseq} ${method}`, `Contact: <sip:party@${this.ip}:${this.port}>`];
  }

  request(call, method) {
    call.cseq += 1;
    this.#send(this.#lines(call, method, call.cseq, `z9hG4bK${word()}`));
  }

  cancel(call) {
    this.#send(this.#lines(call, 'CANCEL', 1, call.branch));
  }

  #answer(message, call, status, body = '') {
    const via = message.all('via').map(value => `Via: ${value}`);
    const to = status === 100 ? message.get('to') : tagged(message.get('to'), call?.tag ?? word());
    this.#send([`SIP/2.0 ${status} ${status < 300 ? 'OK' : 'No'}`, ...via, `From: ${message.get('from')}`, `To: ${to}`, `Call-ID: ${message.get('call-id')}`,
      `CSeq: ${message.get('cseq')}`, `Contact: <sip:party@${this.ip}:${this.port}>`], body);
  }

  async #take(text) {
    const message = parse(text);
    const call = this.#byId.get(message.get('call-id'));
    if (message.status !== null) return call && this.#response(call, message);
    if (message.method === 'ACK') return;
    if (message.method === 'INVITE' && !call) return this.#invited(message);
    if (message.method === 'INVITE' || message.method === 'UPDATE') {
      if (call && message.body) call.speaks(message.body);
      return this.#answer(message, call, 200, call && (message.body || message.method === 'INVITE') ? call.sdp : '');
    }
    this.#answer(message, call, 200);
    if (!call) return;
    if (message.method === 'CANCEL') {
      call.status = 487;
      this.#answer(call.invite, call, 487);
    }
    if (message.method === 'BYE' || message.method === 'CANCEL') call.end();
  }

  #response(call, message) {
    const { status } = message;
    if (message.of === 'BYE') return call.end();
    if (message.of === 'REGISTER') return call.registered(message);
    if (message.of !== 'INVITE') return;
    if (message.body) call.speaks(message.body);
    if (status < 200) return;
    const ours = call.branch;
    call.other = message.get('to');
    if (status < 300) {
      call.target = /<([^>]+)>/.exec(message.get('contact'))?.[1] ?? call.target;
      this.#send(this.#lines(call, 'ACK', message.cseq, `z9hG4bK${word()}`));
      call.settle(status);
    } else {
      this.#send(this.#lines(call, 'ACK', message.cseq, ours));
      call.status = status;
      call.end();
    }
  }

  async #invited(message) {
    const of = this.#serves ?? { refuse: 480 };
    const call = new Call(this, await bound(this.ip), { id: message.get('call-id'), own: '', other: message.get('from'), hertz: of.hertz ?? 1_700 });
    call.tag = word();
    call.own = tagged(message.get('to'), call.tag);
    call.target = /<([^>]+)>/.exec(message.get('contact'))?.[1];
    call.invite = message;
    this.calls.push(call);
    this.#byId.set(call.id, call);
    this.#answer(message, call, 100);
    this.#waiting.splice(0).forEach(keep => keep(call));
    if (of.refuse) {
      call.status = of.refuse;
      this.#answer(message, call, of.refuse);
      return call.end();
    }
    this.#answer(message, call, 180);
    if (!of.ring) call.picksUp();
    return call;
  }

  picksUp(call) {
    call.speaks(call.invite.body);
    this.#answer(call.invite, call, 200, call.sdp);
    call.settle(200);
  }

  async hangsUpAll() {
    await Promise.race([Promise.all(this.calls.map(call => call.hangUp())), new Promise(resolve => { setTimeout(resolve, 1_000); })]);
  }

  close() {
    this.calls.forEach(call => call.end());
    this.socket.close();
  }
}
