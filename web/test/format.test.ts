import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockOf, hourOf, numberOf, setZone, spanOf, spoken, stampOf, timeOf } from '../src/shared/format.ts';
import { standing } from '../src/shared/states.ts';
import { seatWord } from '../src/shared/words.ts';

test('a number is written in groups that are easily read aloud, masked or not', () => {
  const cases = [
    ['13900000001', '139 0000 0001'], ['139****0001', '139 **** 0001'], ['059187654321', '0591 8765 4321'],
    ['01087654321', '010 8765 4321'], ['12345', '12345'], ['+8613900000001', '+8613900000001'], ['', ''],
  ];
  for (const [given = '', written] of cases) assert.equal(numberOf(given), written);
  assert.equal(spoken('110'), '1 1 0');
});

test('a duration is a clock, and a span in words', () => {
  assert.deepEqual([0, 9_999, 65_000, 3_661_000].map(clockOf), ['0:00', '0:09', '1:05', '1:01:01']);
  assert.deepEqual([12_000, 65_000, 4_210_000].map(spanOf), ['12 秒', '1 分 5 秒', '1 小时 10 分']);
});

test('a state of a seat is read as facts write it', () => {
  assert.deepEqual(standing('talking+lost>break'), { is: 'lost', reason: '', lost: true, pending: 'break' });
  assert.deepEqual(standing('not_ready:用餐'), { is: 'break', reason: '用餐', lost: false, pending: null });
  assert.deepEqual(standing('not_ready:signed_out+lost'), { is: 'out', reason: 'signed_out', lost: true, pending: null });
  assert.equal(standing('not_ready:signed_in').is, 'idle');
  assert.equal(standing('something new').is, 'out');
  assert.deepEqual(['ready', 'wrap_up', 'not_ready:no_answer', 'not_ready:培训', 'ready+lost'].map(seatWord), ['示闲', '话后整理', '久叫不应', '培训', '掉线']);
});

test('a time is written as the city has it, wherever the browser is', () => {
  const at = 1_639_533_600_000;
  setZone('Asia/Shanghai');
  assert.equal(hourOf(at), '10:00');
  assert.equal(stampOf(at * 1000), '2021-12-15 10:00:00');
  assert.equal(timeOf(at * 1000, at + 3_600_000), '10:00');
  assert.equal(timeOf((at - 86_400_000) * 1000, at), '12-14 10:00');
  setZone('America/New_York');
  assert.equal(hourOf(at), '21:00');
  setZone(undefined);
});
