// SIP's WebSocket (RFC 7118) that can be let go: whatever the stack would say then, a BYE or the end of a registration, is not
// sent, so that the seat's phone and its call can go on in another page.
import type { Wire } from './jssip.ts';

export class PageWire implements Wire {
  readonly via_transport: string;
  readonly sip_uri: string;
  onconnect = (): void => {};
  ondisconnect = (_error: boolean, _code?: number, _reason?: string): void => {};
  ondata = (_data: unknown): void => {};
  #socket: WebSocket | null = null;
  #gone = false;

  constructor(readonly url: string) {
    const { protocol, host } = new URL(url);
    this.via_transport = protocol === 'wss:' ? 'WSS' : 'WS';
    this.sip_uri = `sip:${host};transport=ws`;
  }

  connect(): void {
    if (this.#gone || this.isConnected() || this.isConnecting()) return;
    this.disconnect();
    const socket = new WebSocket(this.url, 'sip');
    this.#socket = socket;
    socket.onopen = () => this.onconnect();
    socket.onclose = ({ wasClean, code, reason }) => this.ondisconnect(!wasClean, code, reason);
    socket.onmessage = event => this.ondata(event.data);
  }

  disconnect(): void {
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
    this.#socket = null;
  }

  /** Closes for good, and says no more. */
  letGo(): void {
    this.#gone = true;
    this.disconnect();
  }

  send(message: string): boolean {
    if (!this.isConnected()) return false;
    this.#socket?.send(message);
    return true;
  }

  isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.#socket?.readyState === WebSocket.CONNECTING;
  }
}
