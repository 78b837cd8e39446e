// What is heard: the other side in the headset, the ring on the loudspeaker.
import { effect, signal } from '@preact/signals';
import { canRoute, chosen } from './devices.ts';

/** The browser does not play before somebody has pressed something. */
export const wantsGesture = signal(false);

const voice = new Audio();
voice.autoplay = true;
const ring = new Audio();
ring.loop = true;

type Routed = HTMLAudioElement & { setSinkId(id: string): Promise<void> };

function route(to: HTMLAudioElement, id: string): void {
  // A device that is gone is the system's own from then on.
  if (canRoute) (to as Routed).setSinkId(id).catch(() => (to as Routed).setSinkId('').catch(() => {}));
}
effect(() => route(voice, chosen.headset.value));
effect(() => route(ring, chosen.loudspeaker.value));

function play(element: HTMLAudioElement): void {
  element.play().then(
    () => { wantsGesture.value = false; },
    (error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') wantsGesture.value = true;
    },
  );
}

/** What has been held back is played, by a press. */
export function playNow(): void {
  if (voice.srcObject) play(voice);
  if (isRinging) play(ring);
  wantsGesture.value = false;
}

export function hear(stream: MediaStream | null): void {
  if (voice.srcObject === stream) return;
  voice.srcObject = stream;
  if (stream) play(voice);
}

// Made here as the bytes of a file: the policy of the page allows no data: address.
const RATE = 8000;
function wave(seconds: number, sample: (t: number) => number): string {
  const count = Math.floor(seconds * RATE);
  const view = new DataView(new ArrayBuffer(44 + count * 2));
  const text = (at: number, of: string) => [...of].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF'); view.setUint32(4, 36 + count * 2, true); text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, RATE * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, 'data'); view.setUint32(40, count * 2, true);
  for (let i = 0; i < count; i++) view.setInt16(44 + i * 2, Math.round(sample(i / RATE) * 32767), true);
  return URL.createObjectURL(new Blob([view.buffer], { type: 'audio/wav' }));
}

const swell = (t: number, length: number): number => Math.min(1, t * 25, Math.max(0, (length - t) * 25));
const two = (t: number): number => (Math.sin(2 * Math.PI * 660 * t) + Math.sin(2 * Math.PI * 880 * t)) / 2;
let rings: string | null = null;
let voices: string | null = null;
let isRinging = false;

/** Two short notes, then a rest, until it is stopped. */
export function startRing(): void {
  if (isRinging) return;
  isRinging = true;
  rings ??= wave(3, t => (t < 0.4 ? two(t) * swell(t, 0.4) : t > 0.55 && t < 0.95 ? two(t) * swell(t - 0.55, 0.4) : 0) * 0.5);
  ring.src = rings;
  ring.currentTime = 0;
  play(ring);
}

export function stopRing(): void {
  isRinging = false;
  ring.pause();
}

/** One ring on the loudspeaker. */
export function tryRing(): void {
  startRing();
  setTimeout(stopRing, 1500);
}

/** A soft note in the headset. */
export function tryVoice(): void {
  voices ??= wave(1, t => Math.sin(2 * Math.PI * 440 * t) * swell(t, 1) * 0.25);
  const one = new Audio(voices);
  route(one, chosen.headset.peek());
  play(one);
}
