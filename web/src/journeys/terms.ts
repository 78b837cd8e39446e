// The words of records: how a call ended, why, and what became of its transfers.
import { say, type Pair } from '../shared/text.ts';

export const OUTCOMES: Record<string, Pair> = {
  connected: ['接通', 'Connected'],
  abandoned_in_prompt: ['播报中放弃', 'Abandoned in the prompt'],
  abandoned: ['放弃', 'Abandoned'],
  callback: ['预约回拨', 'To be called back'],
  served: ['功能码', 'Feature code'],
  cancelled_number: ['号码已取消', 'Cancelled number'],
  refused: ['拒绝', 'Refused'],
  no_answer: ['无人接听', 'No answer'],
  busy: ['忙', 'Busy'],
  unreachable: ['不通', 'Unreachable'],
  shed: ['过载未接', 'Shed'],
  failed: ['故障', 'Failed'],
  interrupted: ['程序中断', 'Interrupted'],
};

const LIVES: Record<string, Pair> = {
  serving: ['在用', 'In service'],
  before: ['归并前', 'Before its cutover'],
  transition: ['过渡期', 'Transition'],
  cancelled: ['已取消', 'Cancelled'],
};

/** What a number was then; `transition:47` is the 47th day of it. */
export function lifeWord(state: string): string {
  const [word = '', day = ''] = state.split(':', 2);
  const of = LIVES[word];
  if (!of) return state;
  return day === '' ? say(of) : `${say(of)} · ${say([`第 ${day} 天`, `day ${day}`])}`;
}

const CAUSES: Record<string, Pair> = {
  normal: ['正常结束', 'normal'],
  busy: ['忙', 'busy'],
  no_answer: ['无人接听', 'no answer'],
  unreachable: ['不通', 'unreachable'],
  rejected: ['拒接', 'rejected'],
  number_changed: ['号码已取消', 'number cancelled'],
  unallocated: ['空号', 'no such number'],
  invalid_number: ['号码不对', 'invalid number'],
  congestion: ['线路忙', 'congestion'],
  forbidden: ['不允许', 'not allowed'],
  media: ['编码不合', 'no common codec'],
  timeout: ['超时', 'timeout'],
  loop: ['环路', 'loop'],
  lost: ['掉线', 'lost'],
  no_seat: ['无人签入', 'nobody signed in'],
  waited_long: ['等候过久', 'waited too long'],
  caller_gone: ['来电人挂断', 'caller gone'],
  elsewhere: ['别处接听', 'answered elsewhere'],
  disaster: ['灾备', 'disaster mode'],
  called_back: ['将回拨', 'to be called back'],
  served: ['已办', 'served'],
  shed: ['过载', 'shed'],
  internal: ['内部故障', 'internal error'],
  cancelled: ['坐席取消', 'taken back'],
  agent_gone: ['坐席离开', 'agent gone'],
  unsaid: ['未说明', 'not told'],
};

const FATES: Record<string, Pair> = {
  joined: ['接通', 'joined'],
  returned: ['退回', 'returned'],
  caller_gone: ['来电人挂断', 'caller hung up'],
  lost: ['丢失', 'lost'],
};

const WAYS: Record<string, Pair> = {
  three_way: ['三方', 'three-way'],
  on_answer: ['接通即退出', 'on answer'],
  consult: ['咨询', 'consult'],
  blind: ['盲转', 'blind'],
  attended: ['话机转接', 'attended'],
};

const PARTIES: Record<string, Pair> = {
  caller: ['来电人', 'the caller'],
  callee: ['被叫', 'the called side'],
  agent: ['坐席', 'the agent'],
  target: ['第三方', 'the third party'],
  supervisor: ['班长', 'the supervisor'],
  switch: ['交换机', 'the exchange'],
};

/** A title that begins with its number, without it: `12345 政务服务便民热线` stands beside 12345. */
export function titleBeside(number: string, title: string | null | undefined): string {
  const text = title ?? '';
  return text.startsWith(number) ? text.slice(number.length).trim() : text;
}

const said = (of: Record<string, Pair>) => (word: string | null | undefined): string => {
  if (!word) return '';
  const pair = of[word];
  return pair ? say(pair) : word;
};

export const outcomeWord = said(OUTCOMES);
export const causeWord = said(CAUSES);
export const fateWord = said(FATES);
export const wayWord = said(WAYS);
export const partyWord = said(PARTIES);
