// Keyboard shortcuts. Single keys do nothing while somebody types, and can be turned off (WCAG 2.1.4).
import { computed, signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

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

const registry = signal<ReadonlyMap<number, readonly Shortcut[]>>(new Map());
/** All that stand now, in the order in which their components came. */
export const shortcuts = computed(() => [...registry.value].sort(([a], [b]) => a - b).flatMap(([, of]) => of));
export const singleKeys = signal(localStorage.getItem(KEPT) !== 'off');
export const sheetOpen = signal(false);

singleKeys.subscribe(on => {
  if (on) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, 'off');
});

let last = 0;

/** The shortcuts of a component while it stands. They hold as soon as it is drawn: no key finds them as they were before. */
export function useKeys(of: readonly Shortcut[]): void {
  const id = useRef(0);
  useLayoutEffect(() => {
    if (id.current === 0) id.current = ++last;
    registry.value = new Map(registry.peek()).set(id.current, of);
  });
  useLayoutEffect(() => () => {
    const copy = new Map(registry.peek());
    copy.delete(id.current);
    registry.value = copy;
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
