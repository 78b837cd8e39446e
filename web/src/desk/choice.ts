// What the page keeps in this browser: whether calls are answered in the page or on a desk phone.
import { signal } from '@preact/signals';

export type Mode = 'page' | 'desk';
const KEPT = 'switchboard.phone';

export const mode = signal<Mode>(localStorage.getItem(KEPT) === 'desk' ? 'desk' : 'page');

export function chooseMode(of: Mode): void {
  mode.value = of;
  localStorage.setItem(KEPT, of);
}
