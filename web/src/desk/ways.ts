// The way in which the next press on the panel brings somebody in. After it, and with each call, it is the default again: nobody
// should be transferred blindly because of what was chosen a minute ago.
import { effect, signal } from '@preact/signals';
import { talk } from './board.ts';
import type { Way } from './model.ts';

export const way = signal<Way>('three_way');

let of: string | undefined;
effect(() => {
  const now = talk.value?.call;
  if (now !== of) way.value = 'three_way';
  of = now;
});
