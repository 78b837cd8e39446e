// How numbers, times and durations are written.
import { lang } from './text.ts';

const two = (n: number): string => String(n).padStart(2, '0');

/** 65 000 ms is `1:05`, an hour more `1:01:05`. */
export function clockOf(ms: number): string {
  const s = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** In words, the largest unit that fits: `12 秒`, `3 分`. */
export function spanOf(ms: number): string {
  const zh = lang.value === 'zh';
  const s = Math.round(ms / 1000);
  if (s < 60) return zh ? `${s} 秒` : `${s} s`;
  if (s < 3600) return zh ? `${Math.floor(s / 60)} 分 ${s % 60} 秒` : `${Math.floor(s / 60)} min ${s % 60} s`;
  return zh ? `${Math.floor(s / 3600)} 小时 ${Math.floor(s / 60) % 60} 分` : `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
}

// The city's zone, which the server names; the browser's own until then.
let zone: string | undefined;
const formats = new Map<string, Intl.DateTimeFormat>();

export function setZone(of: string | undefined): void {
  zone = of;
}

/** `2021-12-15 08:05:09` in the city's zone, of ms since the epoch. */
function wall(ms: number): string {
  const key = zone ?? '';
  let format = formats.get(key);
  if (!format) {
    // Swedish is written as ISO 8601 is.
    format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', ...(zone ? { timeZone: zone } : {}) });
    formats.set(key, format);
  }
  return format.format(ms);
}

/** `08:05` of ms since the epoch. */
export function hourOf(ms: number): string {
  return wall(ms).slice(11, 16);
}

/** `08:05`, of today; else with the day. µs since the epoch. */
export function timeOf(micros: number, today: number): string {
  const at = wall(micros / 1000);
  return wall(today).slice(0, 10) === at.slice(0, 10) ? at.slice(11, 16) : at.slice(5, 16);
}

/** `2021-12-15 08:05:09`. */
export function stampOf(micros: number): string {
  return wall(micros / 1000);
}

/** A number in groups that are easily read aloud: `139 0000 0001`, `0591 8765 4321`. Masked digits stay. */
export function numberOf(number: string): string {
  if (/^1[\d*]{10}$/.test(number)) return `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}`;
  if (/^0[\d*]{10,11}$/.test(number)) {
    const area = number.length === 12 || !/^0[12]/.test(number) ? 4 : 3;
    return `${number.slice(0, area)} ${number.slice(area, -4)} ${number.slice(-4)}`;
  }
  return number;
}

/** Digits for a screen reader, which else says a number of millions. */
export function spoken(number: string): string {
  return [...number].join(' ');
}
