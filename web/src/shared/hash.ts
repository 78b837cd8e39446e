// What the address says behind `#`: a tab and what was asked there, so that a view can be sent to a colleague and gone back to.
import { signal } from '@preact/signals';

export interface Place {
  tab: string;
  of: Record<string, string>;
}

function read(): Place {
  const [tab = '', rest = ''] = location.hash.slice(1).split('?', 2);
  return { tab: decodeURIComponent(tab), of: Object.fromEntries(new URLSearchParams(rest)) };
}

export const place = signal<Place>(read());
addEventListener('hashchange', () => { place.value = read(); });

function written(tab: string, of: Record<string, string | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(of)) if (value) params.set(key, value);
  const rest = params.toString();
  return `#${encodeURIComponent(tab)}${rest === '' ? '' : `?${rest}`}`;
}

/** An address within the page. */
export const hrefOf = written;

/** Goes there; the way back stays in the browser's history. */
export function go(tab: string, of: Record<string, string | null | undefined> = {}): void {
  const to = written(tab, of);
  if (to !== location.hash) location.hash = to;
}

/** Where one is, without what a step deeper has asked for. */
export function without(...keys: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(place.peek().of).filter(([key]) => !keys.includes(key)));
}

/** The same place with something else asked: no step of the way back. */
export function amend(of: Record<string, string | null | undefined>): void {
  const now = place.peek();
  history.replaceState(null, '', location.pathname + location.search + written(now.tab, { ...now.of, ...of }));
  place.value = read();
}
