// Earlier calls of the caller in hand, asked for once a call.
import { effect, signal } from '@preact/signals';
import { get } from '../shared/api.ts';
import { ringing, talk } from './board.ts';
import type { Journey } from './model.ts';

export const journeys = signal<{ ref: string | null; items: Journey[]; state: 'none' | 'asked' | 'there' | 'failed' }>({ ref: null, items: [], state: 'none' });

function ask(ref: string): void {
  journeys.value = { ref, items: [], state: 'asked' };
  get<{ items: Journey[] }>(`/api/v1/calls/${ref}/earlier`).then(
    ({ items }) => { if (journeys.peek().ref === ref) journeys.value = { ref, items, state: 'there' }; },
    () => { if (journeys.peek().ref === ref) journeys.value = { ref, items: [], state: 'failed' }; },
  );
}

export function askAgain(): void {
  const { ref } = journeys.peek();
  if (ref !== null) ask(ref);
}

// What is shown of a call stays until the next one comes: it is wanted for the paperwork.
effect(() => {
  const ref = ringing.value?.call ?? talk.value?.call;
  if (ref !== undefined && journeys.peek().ref !== ref) ask(ref);
});
