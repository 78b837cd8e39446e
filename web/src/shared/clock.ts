// The server's clock in the page: timers run by it, whatever this machine's clock says.
import { signal } from '@preact/signals';

let offset = 0;

/** The server's time now, ms since the epoch. */
export function serverNow(): number {
  return Date.now() + offset;
}

/** Ticks once a second of the server's clock, ms. */
export const now = signal(serverNow());

function tick(): void {
  const second = Math.floor(serverNow() / 1000) * 1000;
  if (second !== now.peek()) now.value = second;
}
setInterval(tick, 100);

/** `micros` is what the server said it had, `asked` and `got` this machine's ms around the question. */
export function setServerTime(micros: number, asked = Date.now(), got = Date.now()): void {
  offset = micros / 1000 - (asked + got) / 2;
  tick();
}

/** How long since a moment of the server's, ms, as of the last tick; never below 0. */
export function elapsed(micros: number): number {
  return Math.max(0, now.value - micros / 1000);
}

/** How long until one, ms; never below 0. */
export function remaining(micros: number): number {
  return Math.max(0, micros / 1000 - now.value);
}
