import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { hoursOf } from '../src/figures/period.tsx';
import { groupShown, liveShown, onlySignedIn, positionOf, seatsShown, sitterOf, take, tally, waitingShown } from '../src/hall/floor.ts';
import type { CallRow, SeatRow } from '../src/hall/rows.ts';
import { titleBeside } from '../src/journeys/terms.ts';
import { scaleOf } from '../src/ops/life.tsx';
import type { PlanNumber } from '../src/ops/numbers.tsx';
import { setServerTime } from '../src/shared/clock.ts';
import { setZone } from '../src/shared/format.ts';

const seat = (name: string, state: string, group = 'main'): SeatRow =>
  ({ seat: name, agent: name, group, groups: [group], state, zh: '', since: 1, answered: 0, talked_s: 0, contact: null });
const call = (name: string, of: Partial<CallRow> = {}): CallRow =>
  ({ call: name, dialled: '12345', caller: '139', stage: 'queueing', with: [], parties: [], transfers: [], group: 'main', ...of });

beforeEach(() => {
  groupShown.value = '';
  onlySignedIn.value = false;
  take({ snapshot: true, seq: 1, calls: [], seats: [], groups: [] });
});

test('a change is folded in, and a snapshot is all there is', () => {
  take({ seq: 2, seats: [seat('8002', 'ready'), seat('8001', 'talking>小休')], calls: [call('a'), call('b')] });
  take({ seq: 3, seats: [seat('8002', 'wrap_up')], over: ['a'] });
  assert.deepEqual(seatsShown.value.map(row => [row.seat, row.state]), [['8001', 'talking>小休'], ['8002', 'wrap_up']]);
  assert.deepEqual(waitingShown.value.map(row => row.call), ['b']);
  take({ snapshot: true, seq: 9, seats: [], calls: [] });
  assert.deepEqual([seatsShown.value.length, waitingShown.value.length], [0, 0]);
});

test('who has waited longest stands above, and each line is counted for itself', () => {
  take({ seq: 2, calls: [call('late', { placed: 30 }), call('other', { placed: 20, group: 'kept' }), call('first', { placed: 10 }), call('talks', { stage: 'talking' })] });
  assert.deepEqual(waitingShown.value.map(row => [row.call, positionOf(row)]), [['first', 1], ['other', 1], ['late', 2]]);
  assert.deepEqual(liveShown.value.map(row => row.call), ['talks']);
  assert.equal(positionOf(call('told', { placed: 99, position: 4 })), 4, 'what the server says comes first');
});

test('seats are counted by what they do, of one group or of all', () => {
  take({ seq: 2, seats: [seat('1', 'ready'), seat('2', 'ready+lost'), seat('3', 'held'), seat('4', 'not_ready:用餐'), seat('5', 'not_ready:signed_out+lost'), seat('6', 'wrap_up', 'kept')] });
  assert.deepEqual(tally.value, { ready: 1, talking: 1, wrap: 1, break: 1, lost: 1, out: 1 });
  groupShown.value = 'kept';
  assert.deepEqual(tally.value, { ready: 0, talking: 0, wrap: 1, break: 0, lost: 0, out: 0 });
  groupShown.value = '';
  onlySignedIn.value = true;
  assert.deepEqual(seatsShown.value.map(row => row.seat), ['1', '2', '3', '4', '6']);
});

test('a name says more than a work number, and that more than the seat\u2019s own', () => {
  assert.equal(sitterOf({ ...seat('8001', 'ready'), name: '王芳' }), '王芳');
  assert.equal(sitterOf({ ...seat('8001', 'ready'), agent: '1001' }), '1001');
  assert.equal(sitterOf(seat('8001', 'ready')), '');
  assert.equal(titleBeside('12345', '12345 政务服务便民热线'), '政务服务便民热线');
});

test('hours are whole, of the city, and the last one is not in them', () => {
  setZone('Asia/Shanghai');
  const now = Date.UTC(2021, 11, 14, 17, 40);
  setServerTime(now * 1000, Date.now(), Date.now());
  assert.deepEqual(hoursOf('today'), { from: '2021-12-15T00:00', to: '2021-12-15T02:00' });
  assert.deepEqual(hoursOf('yesterday'), { from: '2021-12-14T00:00', to: '2021-12-15T00:00' });
  assert.deepEqual(hoursOf('day24'), { from: '2021-12-14T02:00', to: '2021-12-15T02:00' });
  assert.deepEqual(hoursOf('week'), { from: '2021-12-09T00:00', to: '2021-12-15T02:00' });
  assert.deepEqual(hoursOf('own', { from: '2021-12-01T08:00' }), { from: '2021-12-01T08:00', to: '2021-12-15T02:00' });
});

test('the time line holds every turn and today', () => {
  const life = [{ what: 'transition', from: '2021-11-30', to: '2022-02-28', zh: '' }] as PlanNumber['life'];
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
  const scale = scaleOf([{ number: '12333', title: '', class: 'merged', zh: '', life, today: 'transition', days_left: 76, calls: [] }], day('2021-12-15'));
  assert.deepEqual(scale, { first: day('2021-11-30') - 31, last: day('2022-02-28') + 61, today: day('2021-12-15') });
});
