import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { arrangement, attemptAt, calls, dialling, failed, lastCall, mine, panel, reaching, ringing, signedIn, take, talk, third } from '../src/desk/board.ts';
import type { CallRow, DeskMessage, Panel, PartyRow, SeatRow, TransferRow } from '../src/desk/model.ts';
import { search, sections } from '../src/desk/targets.ts';

const seat = (state: string): SeatRow => ({ seat: '8001', agent: '8001', group: 'main', groups: ['main'], state, zh: '', since: 1, answered: 0, talked_s: 0, contact: null });
const party = (of: Partial<PartyRow>): PartyRow => ({ leg: 0, role: 'caller', who: '139', answered: true, held: false, muted: false, secure: false, ...of });
const transfer = (of: Partial<TransferRow>): TransferRow => ({ transfer: 1, to: '12348', title: '', way: 'three_way', rang: false, result: null, cause: null, seen: '', ...of });
// As it stands on the wire: what is nothing is left out.
const call = (parties: PartyRow[], of: Partial<CallRow> = {}) => ({ call: 'a', dialled: '12329', title: '公积金', caller: '139', stage: 'talking', parties, began: 1, since: 1, placed: 1, group: '', ...of }) as CallRow;
const me = (of: Partial<PartyRow> = {}) => party({ leg: 1, role: 'agent', who: '8001', ...of });
const say = (of: DeskMessage) => take(of);

beforeEach(() => say({ snapshot: true, seq: 1, seat: seat('ready'), calls: [] }));

test('a call rings, is in hand, and is over', () => {
  say({ seq: 2, calls: [call([party({}), me({ role: 'offered', answered: false })])] });
  assert.deepEqual([ringing.value?.call, talk.value], ['a', null]);
  say({ seq: 3, calls: [call([party({}), me()])] });
  assert.deepEqual([ringing.value, talk.value?.call, mine.value?.leg], [null, 'a', 1]);
  say({ seq: 4, over: ['a'] });
  assert.deepEqual([talk.value, calls.value.length, lastCall.value?.call], [null, 0, 'a']);
});

test('a call that he has begun does not ring for him', () => {
  say({ seq: 2, calls: [call([party({ who: '8001', answered: false })])] });
  assert.deepEqual([ringing.value, dialling.value?.call, talk.value?.call], [null, 'a', 'a']);
});

test('who hears whom is what the server says', () => {
  const three = [party({}), me(), party({ leg: 2, role: 'target', who: 'branch/12366' })];
  say({ seq: 2, calls: [call([party({}), me()])] });
  assert.equal(arrangement.value, 'two');
  for (const [apart, is] of [[undefined, 'three'], ['caller', 'consult'], ['target', 'aside']] as const) {
    say({ seq: 3, calls: [call(three, apart ? { apart } : {})] });
    assert.equal(arrangement.value, is);
    assert.equal(third.value?.leg, 2);
  }
});

test('what came of a try stands at its number, the last one', () => {
  const parties = [party({}), me()];
  say({ seq: 2, calls: [call(parties, { transfers: [transfer({ result: 'failed', seen: '忙' })] })] });
  assert.deepEqual([failed.value?.seen, reaching.value, attemptAt('12348')?.seen, attemptAt('110')], ['忙', null, '忙', null]);
  say({ seq: 3, calls: [call(parties, { transfers: [transfer({ result: 'failed', seen: '忙' }), transfer({ transfer: 2 })] })] });
  assert.deepEqual([failed.value, reaching.value?.transfer, attemptAt('12348')?.transfer], [null, 2, 2]);
});

test('a snapshot is all there is', () => {
  say({ seq: 2, calls: [call([party({}), me()])] });
  say({ snapshot: true, missed: true, seq: 9, seat: null, calls: [] });
  assert.deepEqual([talk.value, signedIn.value], [null, false]);
});

test('the panel finds a number before a name, and who is free before who is not', () => {
  const line = (number: string, title: string) => ({ number, title, kind: 'kept' as const, up: true, open: true });
  const all = sections({
    lines: [line('12348', '公共法律服务'), line('12345', '热线')], groups: [],
    seats: [{ seat: '8002', zh: '', state: 'talking', group: '', free: false, name: '李四' }, { seat: '8003', zh: '', state: 'ready', group: '', free: true, name: '李五' }, { seat: '8001', zh: '', state: 'ready', group: '', free: true }],
  }, '8001');
  assert.deepEqual(search(all, '123').map(t => t.number), ['12348', '12345']);
  assert.deepEqual(search(all, '李').map(t => t.number), ['8003', '8002']);
  assert.deepEqual(search(all, '8001'), []);
});

test('the panel is told whole, and then what has changed of it', () => {
  const line = (number: string, free: number) => ({ number, title: '', kind: 'kept', up: true, free, at_work: 1, open: true }) as Panel['lines'][number];
  const there = (of: string, state: string) => ({ seat: of, zh: '', state, group: 'main', free: state === 'ready' });
  say({ seq: 2, panel: { lines: [line('119', 1), line('12366', 2)], seats: [there('8001', 'ready'), there('8002', 'ready')], groups: [] } });
  say({ seq: 3, panel: { part: true, lines: [line('12366', 0)], seats: [there('8003', 'talking')], gone: ['8001'], groups: [] } });
  assert.deepEqual(panel.value.lines.map(of => [of.number, of.free]), [['119', 1], ['12366', 0]]);
  assert.deepEqual(panel.value.seats.map(of => [of.seat, of.state]), [['8002', 'ready'], ['8003', 'talking']]);
});
