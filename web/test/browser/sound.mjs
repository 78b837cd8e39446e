// Tones in G.711 A-law: made, and found again in what was heard.
export const RATE = 8000;

/** One A-law byte of a sample from -1 to 1 (ITU-T G.711). */
function encode(sample) {
  let value = Math.max(-32768, Math.min(32767, Math.round(sample * 32767)));
  const sign = value >= 0 ? 0xd5 : 0x55;
  if (value < 0) value = -value - 1;
  value >>= 3;
  if (value < 64) return sign ^ (value >> 1);
  let segment = 2;
  while (value >> (segment + 5) > 0) segment += 1;
  return sign ^ ((segment << 4) | ((value >> segment) & 0x0f));
}

function decode(byte) {
  const code = byte ^ 0x55;
  const [segment, step] = [(code >> 4) & 7, code & 0x0f];
  const size = segment === 0 ? (step << 4) + 8 : ((step << 4) + 0x108) << (segment - 1);
  return (code & 0x80 ? size : -size) / 32768;
}

const DECODED = Float32Array.from({ length: 256 }, (_, byte) => decode(byte));

/** A tone that goes on for ever: 20 ms of it each time. */
export function tone(hertz, level = 0.3) {
  let at = 0;
  return () => {
    const packet = Buffer.alloc(160);
    for (let i = 0; i < 160; i++, at++) packet[i] = encode(level * Math.sin((2 * Math.PI * hertz * at) / RATE));
    return packet;
  };
}

export function decoded(payload) {
  return Float32Array.from(payload, byte => DECODED[byte]);
}

const energy = samples => samples.reduce((sum, s) => sum + s * s, 0);

/** Root of the mean square, 0 to 1. */
export function level(samples) {
  return samples.length === 0 ? 0 : Math.sqrt(energy(samples) / samples.length);
}

/** How much of the sound's energy is this tone, 0 to 1 (Goertzel). */
export function share(samples, hertz) {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let [one, two] = [0, 0];
  for (const sample of samples) [one, two] = [sample + turn * one - two, one];
  const power = one * one + two * two - turn * one * two;
  const all = energy(samples);
  return all === 0 ? 0 : (2 * power) / (samples.length * all);
}
