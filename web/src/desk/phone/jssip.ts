// The one door to JsSIP: what of it is used here, with its types.
import { UA } from 'jssip';

export interface Session {
  id: string;
  direction: 'incoming' | 'outgoing';
  connection: RTCPeerConnection | null;
  remote_identity: { uri: { user: string }; display_name: string };
  isEstablished(): boolean;
  isEnded(): boolean;
  answer(options: CallOptions): void;
  terminate(options?: { status_code?: number; reason_phrase?: string }): void;
  sendDTMF(tone: string, options?: { transportType?: 'RFC2833' | 'INFO'; duration?: number; interToneGap?: number }): void;
  renegotiate(options: { rtcOfferConstraints: RTCOfferOptions }): boolean;
  on(event: string, run: (data: never) => void): void;
}

/** How a call ended that was never answered: by whom, and with which status. */
export interface Failure {
  originator: 'local' | 'remote' | 'system';
  message: { status_code?: number } | null;
  cause: string;
}

export interface CallOptions {
  mediaStream: MediaStream;
  pcConfig: RTCConfiguration;
}

export interface Request {
  getHeader(name: string): string | undefined;
}

export interface Agent {
  start(): void;
  stop(): void;
  register(): void;
  isConnected(): boolean;
  isRegistered(): boolean;
  set(parameter: 'password', value: string): boolean;
  call(target: string, options: CallOptions): Session;
  on(event: 'newRTCSession', run: (data: { originator: 'local' | 'remote'; session: Session; request: Request }) => void): void;
  on(event: 'registrationFailed', run: (data: { response?: { status_code: number }; cause?: string }) => void): void;
  on(event: 'connected' | 'disconnected' | 'registered' | 'unregistered', run: () => void): void;
}

/** What JsSIP wants of a socket. */
export interface Wire {
  readonly via_transport: string;
  readonly url: string;
  readonly sip_uri: string;
  connect(): void;
  disconnect(): void;
  send(message: string): boolean;
  isConnected(): boolean;
  isConnecting(): boolean;
  onconnect: () => void;
  ondisconnect: (error: boolean, code?: number, reason?: string) => void;
  ondata: (data: unknown) => void;
}

export interface Registration {
  user: string;
  password: string;
  domain: string;
}

export function makeAgent(wire: Wire, { user, password, domain }: Registration): Agent {
  const agent = new UA({
    sockets: [wire] as never,
    uri: `sip:${user}@${domain}`,
    password,
    register_expires: 300,
    // A lost connection is made again at once: a call may wait for it.
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 3,
    no_answer_timeout: 180,
    user_agent: 'switchboard desk',
  });
  return agent as unknown as Agent;
}
