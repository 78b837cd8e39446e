// The agent's feed, opened once for the page.
import type { ReadonlySignal } from '@preact/signals';
import { Feed, type FeedState } from '../shared/live.ts';
import { take } from './board.ts';
import type { DeskMessage } from './model.ts';

const feed = new Feed<DeskMessage>('/api/v1/desk/live', take);

export const feedState: ReadonlySignal<FeedState> = feed.state;
