// One session of the page's phone: its sound in and out, from its first ring to its end.
import { effect, signal } from '@preact/signals';
import type { CallOptions, Failure, Session } from './jssip.ts';
import { holdMic, micStream, releaseMic, silence } from './mic.ts';
import { watch } from './quality.ts';
import { hear } from './sound.ts';

export type Media = 'none' | 'connecting' | 'connected' | 'interrupted';

// A browser that asks its user for the microphone is waited for so long, ms.
const PATIENCE = 1_500;

export class Line {
  /** `rings`: it waits for an answer here; `calls`: for one there. */
  readonly state = signal<'rings' | 'calls' | 'answering' | 'talks' | 'over'>('rings');
  readonly media = signal<Media>('none');
  /** Not heard, by this machine: for the time that no order reaches the server. */
  readonly silenced = signal(false);
  readonly incoming: boolean;
  /** Whom it calls; of a call that has come here nothing. */
  number = '';
  /** Why it has never been answered. */
  failed: Failure | null = null;
  #unwatch: (() => void) | null = null;
  #followMic: (() => void) | null = null;
  #hasMic = false;
  #leaves = false;

  constructor(
    readonly session: Session,
    /** It comes back after a reload: it is answered by itself. */
    readonly returns: boolean,
    private readonly over: (line: Line) => void,
    /** What is said now reaches the switch. */
    private readonly reaches: () => boolean,
  ) {
    this.incoming = session.direction === 'incoming';
    if (!this.incoming) this.state.value = 'calls';
    const follow = (connection: RTCPeerConnection) => this.#follow(connection);
    if (session.connection) follow(session.connection);
    else session.on('peerconnection', (data: { peerconnection: RTCPeerConnection }) => follow(data.peerconnection));
    // The switch answers ICE at one address of its own: whatever candidate there is first is enough.
    session.on('icecandidate', (event: { ready: () => void }) => event.ready());
    session.on('accepted', () => { this.state.value = 'talks'; });
    session.on('confirmed', () => { this.state.value = 'talks'; });
    session.on('ended', () => this.#end());
    session.on('failed', (why: Failure) => {
      this.failed = why;
      this.#end();
    });
  }

  /** The voice of a call: the microphone's, or silence where there is none, or none yet: the other side does not wait for it. */
  static async options(): Promise<CallOptions> {
    const late = new Promise<null>(resolve => { setTimeout(() => resolve(null), PATIENCE); });
    const stream = await Promise.race([holdMic(), late]);
    return { mediaStream: stream ?? silence(), pcConfig: { iceServers: [] } };
  }

  async answer(): Promise<void> {
    if (this.state.peek() !== 'rings') return;
    this.state.value = 'answering';
    this.#hasMic = true;
    const options = await Line.options();
    if (this.session.isEnded()) return;
    this.session.answer(options);
  }

  /** A call from here to a number: it took hold of the microphone before it had a line. */
  calls(number: string): void {
    this.number = number;
    this.#hasMic = true;
  }

  /** Without a way to the switch as soon as there is one: an end that only this page knew of would leave its call to stand there. */
  hangUp(): void {
    if (this.session.isEnded()) return;
    this.#leaves = !this.reaches();
    if (this.#leaves) return;
    this.session.terminate(this.state.peek() === 'rings' ? { status_code: 486 } : {});
  }

  digit(tone: string): void {
    if (this.state.peek() === 'talks') this.session.sendDTMF(tone, { transportType: 'RFC2833', duration: 160, interToneGap: 80 });
  }

  silenceHere(on: boolean): void {
    this.silenced.value = on;
    for (const sender of this.session.connection?.getSenders() ?? []) if (sender.track) sender.track.enabled = !on;
  }

  /** The way to the switch is there again. */
  again(): void {
    if (this.#leaves) this.hangUp();
    else this.restartIce();
  }

  /** New ways for the sound after the network has changed. */
  restartIce(): void {
    if (this.session.isEstablished()) this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
  }

  #follow(connection: RTCPeerConnection): void {
    this.media.value = 'connecting';
    connection.addEventListener('track', event => hear(event.streams[0] ?? new MediaStream([event.track])));
    connection.addEventListener('connectionstatechange', () => {
      const { connectionState: is } = connection;
      if (is === 'connected') this.media.value = 'connected';
      if (is === 'disconnected' || is === 'failed') this.media.value = 'interrupted';
      if (is === 'failed') this.restartIce();
    });
    this.#unwatch = watch(connection, () => connection.getSenders().some(sender => sender.track?.enabled === false));
    // Another microphone, or the first that is plugged in, speaks in the same call.
    this.#followMic = effect(() => {
      const track = micStream.value?.getAudioTracks()[0];
      const [sender] = connection.getSenders();
      if (!track || !sender || sender.track === track || this.state.peek() === 'over') return;
      track.enabled = !this.silenced.peek();
      void sender.replaceTrack(track);
    });
  }

  #end(): void {
    if (this.state.peek() === 'over') return;
    this.state.value = 'over';
    this.media.value = 'none';
    this.#unwatch?.();
    this.#followMic?.();
    if (this.#hasMic) releaseMic();
    this.over(this);
  }

  /** Ends here alone: the other side is not told. */
  drop(): void {
    this.session.connection?.close();
    this.#end();
  }
}
