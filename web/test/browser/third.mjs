// Somebody is brought in by one key: joined, busy, not answering; held, consulted, and what the feed has to confirm first.
import assert from 'node:assert/strict';
import { EXCHANGES } from './lab.mjs';
import { Desk, shows } from './pages.mjs';

const [CALLER, PAGE, THIRD] = [700, 1_100, 1_700];

/** An agent who talks with a caller. */
async function talking(of, number, { dials = '12345' } = {}) {
  const desk = await Desk.open(of.pages, number, { speaks: PAGE });
  const caller = await of.lab.calling(dials, { hertz: CALLER });
  await desk.answers();
  await desk.hears([CALLER]);
  const { call } = await of.lab.call('talks', row => row.stage === 'talking');
  return { desk, caller, call };
}

async function joins({ lab, pages }) {
  const { desk, caller } = await talking({ lab, pages }, '8041');
  const branch = await lab.exchange(EXCHANGES[12366], { hertz: THIRD, ring: true });
  const coming = branch.called();
  await desk.key('12366').click();
  const third = await coming;
  await desk.at('12366', '振铃中');
  await desk.shows('.ringing-strip', /正在呼叫 12366 .*对方振铃/);
  // Meanwhile the two hear each other.
  await desk.hears([CALLER]);
  await caller.hears([PAGE]);
  third.picksUp();
  await desk.at('12366', '已接通');
  await desk.shows('.third', '三方通话');
  await desk.shows('.parties', '12366');
  await lab.call('of three', row => row.parties.length === 3 && row.parties.every(of => of.answered));
  await Promise.all([desk.hears([CALLER, THIRD]), caller.hears([PAGE, THIRD]), third.hears([CALLER, PAGE])]);

  await desk.press('离开');
  await desk.shows('.state', '话后整理');
  await Promise.all([caller.hears([THIRD], { not: [PAGE] }), third.hears([CALLER], { not: [PAGE] })]);
  const left = await lab.call('goes on without the agent', row => row.parties.length === 2);
  assert.deepEqual(left.parties.map(of => [of.who.split('/').at(-1), of.answered]), [['13900000001', true], ['12366', true]]);
  await third.hangUp();
}

async function emergency({ lab, pages }) {
  const { desk, caller } = await talking({ lab, pages }, '8041');
  // The first trunk refuses: the second is asked without anybody's doing.
  await lab.exchange(EXCHANGES.emergency1, { refuse: 503 });
  const second = await lab.exchange(EXCHANGES.emergency2, { hertz: THIRD });
  const coming = second.called();
  await desk.key('119').click();
  const brigade = await coming;
  await desk.at('119', '已接通');
  await Promise.all([desk.hears([CALLER, THIRD]), caller.hears([PAGE, THIRD]), brigade.hears([CALLER, PAGE])]);
  await desk.press('离开');
  await desk.shows('.state', '话后整理');
  await Promise.all([caller.hears([THIRD], { not: [PAGE] }), brigade.hears([CALLER], { not: [PAGE] })]);
  await caller.hangUp();
  await brigade.over;
}

async function failures({ lab, pages }) {
  const { desk, caller, call } = await talking({ lab, pages }, '8041');
  const busy = await lab.exchange(EXCHANGES[12360], { refuse: 486 });
  await lab.exchange(EXCHANGES[12305], { refuse: 503 });
  await lab.exchange(EXCHANGES[12313], { ring: true });
  const stillTalks = async () => {
    await desk.talks();
    await Promise.all([desk.hears([CALLER], { not: [THIRD] }), caller.hears([PAGE], { not: [THIRD] })]);
    const row = await lab.call('talks still', of => of.stage === 'talking' && of.parties.length === 2);
    assert.equal(row.call, call);
  };
  await desk.key('12305').click();
  await desk.at('12305', '线路忙 · 再试');
  await desk.shows('.failed-strip', /12305 .*：线路忙/);
  await stillTalks();
  await desk.key('12313').click();
  // It rings for 20 s.
  await desk.at('12313', '无人接听 · 再试', 26_000);
  await stillTalks();
  await desk.key('12360').click();
  await desk.at('12360', '忙 · 再试');
  await desk.shows('.failed-strip', /12360 .*：忙/);
  await stillTalks();
  // The next try is one key away.
  busy.serves({ hertz: THIRD });
  await desk.page.keyboard.press('n');
  await desk.at('12360', '已接通');
  await desk.hears([CALLER, THIRD]);
  await desk.press('拿回');
  await stillTalks();
  const { transfers } = await lab.call('has all four attempts', row => row.transfers.length === 4);
  assert.deepEqual(transfers.map(of => of.to), ['12305', '12313', '12360', '12360']);
  await desk.hangsUp();
}

async function holds({ lab, pages }) {
  const { desk, caller } = await talking({ lab, pages }, '8041');
  const branch = await lab.exchange(EXCHANGES[12366], { hertz: THIRD });
  await desk.press('保持');
  await desk.shows('.callcard h2', '保持中');
  await caller.hears([], { not: [PAGE] });
  await desk.settled();
  await desk.press('取回');
  await desk.talks();
  await Promise.all([desk.hears([CALLER]), caller.hears([PAGE])]);

  await desk.page.locator('.ways label').filter({ hasText: '咨询' }).click();
  const coming = branch.called();
  await desk.key('12366').click();
  const third = await coming;
  await desk.shows('.third', '咨询中：来电人听音乐');
  await desk.shows('.parties', '听音乐等待');
  await Promise.all([desk.hears([THIRD], { not: [CALLER] }), third.hears([PAGE], { not: [CALLER] }), caller.hears([], { not: [PAGE, THIRD] })]);
  await desk.press('换人');
  await desk.shows('.third', '与来电人通话：第三方听音乐');
  await Promise.all([desk.hears([CALLER], { not: [THIRD] }), caller.hears([PAGE], { not: [THIRD] }), third.hears([], { not: [PAGE, CALLER] })]);
  await desk.page.locator('.third').getByRole('button', { name: '三方' }).click();
  await desk.shows('.third', '三方通话');
  await Promise.all([desk.hears([CALLER, THIRD]), caller.hears([PAGE, THIRD]), third.hears([CALLER, PAGE])]);
  await desk.press('拿回');
  await third.over;
  await desk.hears([CALLER], { not: [THIRD] });

  await desk.shows('.rec', '录音中');
  await desk.press('暂停录音');
  await desk.page.getByRole('menuitem').filter({ hasText: '证件号' }).click();
  await desk.shows('.rec', '录音已暂停');
  await lab.call('is not recorded now', row => row.recording_paused);
  await desk.press('继续录音');
  await desk.shows('.rec', '录音中');
  await lab.call('is recorded again', row => !row.recording_paused);
  await caller.hangUp();
}

/** The feed comes late: what has been pressed shows that it was pressed, and nothing else, until the feed has said so. */
async function neverLies({ lab, pages }) {
  const context = await pages.context({ as: 'agent8043', speaks: PAGE });
  let [shut, waiting] = [false, []];
  await context.routeWebSocket('**/api/v1/desk/live*', page => {
    const server = page.connectToServer();
    server.onMessage(message => (shut ? waiting.push(() => page.send(message)) : page.send(message)));
  });
  const page = await pages.open('/desk', { context });
  const desk = new Desk(pages, page, '8043');
  await page.locator('.signin select').first().selectOption('8043');
  await page.locator('.signin .button.primary').click();
  await desk.phone('电话已就绪');
  await desk.ready();
  const caller = await lab.calling();
  await desk.answers();

  shut = true;
  const key = page.locator('.tools').getByRole('button', { name: /保持|取回/ });
  await key.click();
  await lab.call('is held', row => row.parties.some(of => of.who === '8043' && of.held));
  assert.equal(await key.getAttribute('aria-busy'), 'true');
  assert.match(await key.innerText(), /保持/);
  assert.equal(await page.locator('.callcard h2').innerText(), '通话中');
  [shut, waiting] = [false, waiting.splice(0).forEach(send => send()) ?? []];
  await shows(page, '.callcard h2', '保持中');
  await shows(page, '.tools', '取回');
  assert.equal(await key.getAttribute('aria-busy'), 'false');
  await caller.hangUp();
}

export const tests = [
  { name: '12366 joins by one key, three hear each other, the agent leaves', run: joins },
  { name: '119 joins by one key on the second trunk', run: emergency },
  { name: 'busy, no answer and no free line are said at their place, and the caller stays', run: failures },
  { name: 'hold, consult, swap, all three, and a pause of the recording', run: holds },
  { name: 'a button says nothing that the feed has not', run: neverLies },
];
