// Short messages at the foot of the page, and what a screen reader is told.
import { signal } from '@preact/signals';
import { Fault } from '../api.ts';
import { told } from '../text.ts';
import { t } from '../words.ts';
import { Button } from './button.tsx';

interface Toast {
  id: number;
  kind: 'info' | 'good' | 'bad';
  says: string;
}

const toasts = signal<readonly Toast[]>([]);
const polite = signal('');
const urgent = signal('');
let last = 0;

function drop(id: number): void {
  toasts.value = toasts.peek().filter(toast => toast.id !== id);
}

/** Shows a message for some seconds; a failure stays longer. */
export function toast(says: string, kind: Toast['kind'] = 'info'): void {
  const id = ++last;
  toasts.value = [...toasts.peek().slice(-3), { id, kind, says }];
  announce(says, kind === 'bad');
  setTimeout(() => drop(id), kind === 'bad' ? 12_000 : 5_000);
}

/** Says why something failed. */
export function toastFault(error: unknown): void {
  toast(error instanceof Fault ? told(error) : t('failed'), 'bad');
}

/** Told to screen readers only. */
export function announce(says: string, now = false): void {
  const region = now ? urgent : polite;
  // The same words twice are said twice only if they differ.
  region.value = region.peek() === says ? `${says}\u00a0` : says;
}

export function Toasts() {
  if (toasts.value.length === 0) return null;
  return (
    <section class="toasts" aria-label={t('notices')}>
      {toasts.value.map(({ id, kind, says }) => (
        <div key={id} class={`toast ${kind}`}>
          <span>{says}</span>
          <Button kind="quiet" icon="close" label={t('close')} onPress={() => drop(id)} />
        </div>
      ))}
    </section>
  );
}

/** The two live regions, once a page. */
export function Announcer() {
  return (
    <>
      <div class="unseen" role="status" aria-live="polite">{polite.value}</div>
      <div class="unseen" role="alert" aria-live="assertive">{urgent.value}</div>
    </>
  );
}
