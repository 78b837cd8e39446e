// Keyboard shortcuts. Single keys do nothing while somebody types, and can be turned off (WCAG 2.1.4).
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface Shortcut {
  /** As `KeyboardEvent.key` says, lower case, with `shift+`, `alt+` or `ctrl+` before it. */
  key: string;
  says: string;
  group: string;
  /** Not now: the sheet shows it, the key does nothing. */
  off?: boolean;
  run: (event: KeyboardEvent) => void;
}

const KEPT = 'switchboard.keys';

export const shortcuts = signal<readonly Shortcut[]>([]);
export const singleKeys = signal(localStorage.getItem(KEPT) !== 'off');
export const sheetOpen = signal(false);

singleKeys.subscribe(on => {
  if (on) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, 'off');
});

/** The shortcuts of a component while it stands. */
export function useKeys(of: readonly Shortcut[]): void {
  const mine = useRef<readonly Shortcut[]>([]);
  useEffect(() => {
    const before = mine.current;
    mine.current = of;
    shortcuts.value = [...shortcuts.peek().filter(s => !before.includes(s)), ...of];
  });
  useEffect(() => () => {
    shortcuts.value = shortcuts.peek().filter(s => !mine.current.includes(s));
  }, []);
}

/** Whether somebody types there, or a dialog or a menu has the keys to itself. */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog[open], [role=menu]')) return true;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function named(event: KeyboardEvent): string {
  const key = event.key.toLowerCase();
  const shift = event.shiftKey && key.length === 1 && key !== '?' ? 'shift+' : '';
  return `${event.ctrlKey ? 'ctrl+' : ''}${event.altKey ? 'alt+' : ''}${shift}${key}`;
}

addEventListener('keydown', event => {
  if (event.defaultPrevented || event.metaKey || event.repeat || isTaken(event.target)) return;
  const name = named(event);
  if (!singleKeys.value && !/^(ctrl|alt)\+/.test(name)) return;
  if (name === '?') {
    event.preventDefault();
    sheetOpen.value = true;
    return;
  }
  const found = shortcuts.value.find(s => s.key === name && !s.off);
  if (!found) return;
  // Enter and Space belong to the control that has the focus.
  if ((name === 'enter' || name === ' ') && event.target instanceof HTMLElement && event.target.closest('button, a, summary, [role=tab]')) return;
  event.preventDefault();
  found.run(event);
});
