// How the call sounds, in words, from what the browser has measured; and whether anything comes from the microphone at all.
import { signal } from '@preact/signals';

export type QualityWord = 'good' | 'fair' | 'poor';

export interface Quality {
  word: QualityWord;
  /** ‰ of the worse direction. */
  lossPermille: number;
  jitterMs: number;
  roundTripMs: number;
  /** Nothing at all comes in. */
  deaf: boolean;
}

export const quality = signal<Quality | null>(null);
/** Nothing has come from the microphone for so long as to be a fault. */
export const micSilent = signal(false);

const EVERY = 1_000;
const WINDOW = 5;
// The mean square of a sample, of full scale 1, below which a line is dead: a headset's mute switch gives exact zeros.
const DEAD = 1e-8;

interface Sample {
  received: number;
  lost: number;
  jitter: number;
  remoteLoss: number;
  roundTrip: number;
  /** Energy said so far; `null` where the browser does not measure it. */
  energy: number | null;
}

type Stat = Record<string, unknown> & { type: string; kind?: string };

async function sample(connection: RTCPeerConnection): Promise<Sample> {
  const all: Stat[] = [];
  (await connection.getStats()).forEach(entry => all.push(entry as Stat));
  const of = (type: string): Stat | undefined => all.find(s => s.type === type && (s.kind === undefined || s.kind === 'audio'));
  const [inbound, remote, source] = [of('inbound-rtp'), of('remote-inbound-rtp'), of('media-source')];
  const number = (stat: Stat | undefined, key: string): number => (typeof stat?.[key] === 'number' ? stat[key] : 0);
  return {
    received: number(inbound, 'packetsReceived'),
    lost: number(inbound, 'packetsLost'),
    jitter: number(inbound, 'jitter'),
    remoteLoss: number(remote, 'fractionLost'),
    roundTrip: number(remote, 'roundTripTime'),
    energy: typeof source?.['totalAudioEnergy'] === 'number' ? source['totalAudioEnergy'] : null,
  };
}

function judge(before: Sample, now: Sample): Quality {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const loss = Math.max(received + lost === 0 ? 0 : lost / (received + lost), now.remoteLoss);
  const [jitterMs, roundTripMs] = [Math.round(now.jitter * 1000), Math.round(now.roundTrip * 1000)];
  const deaf = received === 0;
  const fair = loss > 0.01 || jitterMs > 30 || roundTripMs > 300;
  const poor = deaf || loss > 0.05 || jitterMs > 80 || roundTripMs > 600;
  return { word: poor ? 'poor' : fair ? 'fair' : 'good', lossPermille: Math.round(loss * 1000), jitterMs, roundTripMs, deaf };
}

/** Watches a connection until the function that it gives back is called. */
export function watch(connection: RTCPeerConnection, muted: () => boolean): () => void {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    if (connection.connectionState !== 'connected') {
      samples.length = 0;
      return;
    }
    void sample(connection).then(now => {
      samples.push(now);
      if (samples.length > WINDOW + 1) samples.shift();
      const [first] = samples;
      if (!first || samples.length < 3) return;
      quality.value = judge(first, now);
      const full = samples.length > WINDOW && first.energy !== null && now.energy !== null;
      micSilent.value = !muted() && full && (now.energy ?? 0) - (first.energy ?? 0) < DEAD * WINDOW;
    });
  }, EVERY);
  return () => {
    clearInterval(timer);
    quality.value = null;
    micSilent.value = false;
  };
}
