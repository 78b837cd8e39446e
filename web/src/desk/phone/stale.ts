// A talk that the server knows nothing of any more, after a start of its own, say: nobody will end it, so the page does.
import { effect } from '@preact/signals';
import { known, stands } from '../board.ts';
import { feedState } from '../feed.ts';
import { liveLine } from './phone.ts';

// The phone may know of a talk sooner than the feed, ms.
const GRACE = 5_000;
const IN_CALL = ['talking', 'held', 'ringing', 'reserved', 'lost'];

let timer: ReturnType<typeof setTimeout> | undefined;

effect(() => {
  clearTimeout(timer);
  const line = liveLine.value;
  const told = known.value && feedState.value.is === 'connected';
  const dead = line?.state.value === 'talks' && line.media.value === 'interrupted';
  if (told && dead && !IN_CALL.includes(stands.value?.is ?? 'out')) timer = setTimeout(() => line.drop(), GRACE);
});
