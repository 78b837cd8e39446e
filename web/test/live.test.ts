import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stayWhile } from '../src/shared/api.ts';
import { Feed, type Message } from '../src/shared/live.ts';

interface Played {
  url: string;
  opens(): void;
  says(message: object): void;
  ends(code: number): void;
}
const sockets = (globalThis.WebSocket as unknown as { all: Played[] }).all;
const page = globalThis as unknown as { dispatch(name: string): void; wentTo?: string };
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const last = (): Played => sockets[sockets.length - 1] as Played;

test('a feed says what it knows of its connection, and goes on after the number that it has', async () => {
  const taken: Message[] = [];
  const feed = new Feed<Message>('/feed', message => taken.push(message));
  assert.equal(feed.state.value.is, 'opening');
  last().opens();
  assert.equal(feed.state.value.is, 'opening', 'open, but nothing is known yet');
  last().says({ snapshot: true, seq: 7 });
  assert.equal(feed.state.value.is, 'connected');
  last().says({ seq: 8 });
  last().ends(1006);
  assert.equal(feed.state.value.is, 'lost');
  await pause(20);
  assert.equal(last().url, 'ws://test/feed?since=8', 'at once, with the last number');
  last().opens();
  assert.equal(feed.state.value.is, 'catching');
  last().says({ resumed: true, seq: 8 });
  assert.equal(feed.state.value.is, 'connected');
  assert.equal(taken.length, 3);
  feed.stop();
});

test('a network that the browser knows to be gone is said at once, and tried at once when it is back', async () => {
  const feed = new Feed<Message>('/feed', () => {});
  last().says({ snapshot: true, seq: 1 });
  page.dispatch('offline');
  assert.equal(feed.state.value.is, 'lost');
  const before = sockets.length;
  page.dispatch('online');
  await pause(20);
  assert.ok(sockets.length > before);
  feed.stop();
});

test('what an old connection says after it was given up is not taken', async () => {
  const taken: Message[] = [];
  const feed = new Feed<Message>('/feed', message => taken.push(message));
  const old = last();
  old.says({ snapshot: true, seq: 1 });
  old.ends(1006);
  old.says({ seq: 2 });
  assert.equal(taken.length, 1);
  feed.stop();
});

test('a session that is over leads to the sign-in page, and back, once the talk in hand is over', async () => {
  const feed = new Feed<Message>('/feed', () => {});
  let talks = true;
  stayWhile(() => talks);
  last().says({ snapshot: true, seq: 1 });
  last().ends(4401);
  assert.equal(feed.state.value.is, 'lost');
  assert.equal(page.wentTo, undefined);
  talks = false;
  await pause(600);
  assert.equal(page.wentTo, '/?next=%2Fdesk');
  feed.stop();
});
