// Tells of a call when the page is not looked at: a notification of the desktop, and the tab's title.
import { effect, signal } from '@preact/signals';
import { numberOf } from '../shared/format.ts';
import { ringing } from './board.ts';
import { w } from './words.ts';

export type Permission = 'default' | 'granted' | 'denied' | 'none';

export const permission = signal<Permission>('Notification' in window ? Notification.permission : 'none');

/** Only a press may ask. */
export async function askToNotify(): Promise<void> {
  if (permission.peek() === 'default') permission.value = await Notification.requestPermission();
}

let shown: Notification | null = null;
let flashing: ReturnType<typeof setInterval> | undefined;
const plain = document.title;

function stop(): void {
  shown?.close();
  shown = null;
  clearInterval(flashing);
  document.title = plain;
}

effect(() => {
  const row = ringing.value;
  stop();
  if (!row) return;
  const who = row.caller === '' ? w('anonymous') : numberOf(row.caller);
  let on = false;
  const flash = () => {
    on = !on;
    document.title = on ? `☎ ${who}` : `${row.dialled} ${row.title}`;
  };
  flash();
  flashing = setInterval(flash, 1000);
  if (permission.peek() === 'granted' && document.hidden) {
    const note = new Notification(`${w('incoming')} ${who}`, { body: `${row.dialled} ${row.title}`, tag: row.call, requireInteraction: true });
    note.onclick = () => {
      window.focus();
      note.close();
    };
    shown = note;
  }
});
