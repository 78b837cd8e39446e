// Calls at the agent's page: what is seen, what is heard, and what the exchange says of it.
import assert from 'node:assert/strict';
import { EXCHANGES } from './lab.mjs';
import { Desk } from './pages.mjs';
import { until } from './wait.mjs';

const [CALLER, PAGE, THIRD] = [700, 1_100, 1_700];

/** By hand from the first page to the end of the call; the microphone is the browser's own, which beeps once a second. */
async function aCall({ lab, pages }) {
  const page = await pages.open('/');
  await page.fill('[name=account]', 'agent8041');
  await page.fill('[name=password]', 'lab-agent8041');
  await page.keyboard.press('Enter');
  const seats = page.locator('.signin select').first();
  await seats.selectOption('8041');
  await page.locator('.signin .button.primary').click();
  const desk = new Desk(pages, page, '8041');
  await desk.phone('电话已就绪');
  await desk.shows('.seat-no', '8041');
  await lab.stands('8041', 'not_ready:signed_in');
  await desk.ready();

  const caller = await lab.calling('12329', { from: '13900000001', hertz: CALLER });
  await desk.shows('.ringing-card .dialled', /^12329 .*公积金/);
  await desk.shows('.ringing-card .number', '139 0000 0001');
  await lab.call('rings', of => of.dialled === '12329' && of.with.includes('8041'));
  await desk.answers();
  const talking = await lab.call('talks', of => of.stage === 'talking');
  assert.deepEqual(talking.parties.map(of => [of.role, of.who, of.answered]), [['caller', '13900000001', true], ['agent', '8041', true]]);
  assert.equal(await caller.answered, 200);

  await desk.hears([CALLER]);
  // One look is 170 ms of sound: packets that come late in it, beside other browsers, break the tone for that moment.
  await until('the page hears the caller before all else', async see => {
    const { hertz } = await page.evaluate(() => window.__loudest());
    see(hertz);
    return Math.abs(hertz - CALLER) < 10;
  });
  // A beep is 200 ms long.
  await until('the caller hears the beeps of the page', see => {
    const loudest = caller.loudest(1_200);
    see(loudest);
    return loudest > 0.03;
  });
  await desk.hangsUp();
  await caller.over;
  await lab.stands('8041', 'wrap_up');
}

async function howLong({ lab, pages }) {
  const desk = await Desk.open(pages, '8041', { speaks: PAGE, ready: false });
  const caller = await lab.calling();
  await lab.call('waits in the line of the main group', of => of.stage === 'queueing' && of.group === 'main' && of.placed > 0);
  await desk.ready();
  await desk.shows('.ringing-card .came', /已等 \d+ 秒/);
  await desk.answers();
  await desk.shows('.callcard .came', /已等 \d+ 秒/);
  await caller.hangUp();
}

/** Tab until the focus is there. */
async function tabsTo(page, selector) {
  for (let presses = 0; presses < 60; presses++) {
    if (await page.evaluate(of => document.activeElement?.matches(of) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the focus does not come to ${selector} by the Tab key`);
}

/** No mouse, from the first page to the next call. */
async function byKeys({ lab, pages }) {
  const branch = await lab.exchange(EXCHANGES[12366], { hertz: THIRD });
  const page = await pages.open('/', { speaks: PAGE });
  const keys = page.keyboard;
  await page.locator('[name=account]:focus').waitFor();
  await keys.type('agent8044');
  await keys.press('Tab');
  await keys.type('lab-agent8044');
  await keys.press('Enter');
  await page.locator('.signin select').first().waitFor();
  await tabsTo(page, '.signin select');
  await keys.type('8044');
  await tabsTo(page, '.signin .button.primary');
  await keys.press('Enter');
  const desk = new Desk(pages, page, '8044');
  await desk.shows('.seat-no', '8044');
  await desk.phone('电话已就绪');
  await keys.press('Shift+R');
  await desk.shows('.state', '示闲');

  const first = await lab.calling('12345', { hertz: CALLER });
  await desk.rings();
  await keys.press('a');
  await desk.talks();
  await desk.hears([CALLER]);
  const coming = branch.called();
  await keys.type('12366');
  await keys.press('Enter');
  const third = await coming;
  await desk.shows('.third', '三方通话');
  await third.hears([CALLER, PAGE]);
  await keys.press('l');
  await desk.shows('.state', '话后整理');
  await first.hears([THIRD], { not: [PAGE] });
  await first.hangUp();

  await keys.press('Shift+R');
  await desk.shows('.state', '示闲');
  const second = await lab.calling('12345', { hertz: CALLER });
  await desk.rings();
  await keys.press('a');
  await desk.talks();
  await keys.press('h');
  await desk.shows('.callcard h2', '保持中');
  await desk.settled();
  await keys.press('h');
  await desk.talks();
  await desk.settled();
  await keys.press('m');
  await desk.shows('.tools', '取消静音');
  await desk.settled();
  await keys.press('Shift+H');
  await desk.shows('.state', '话后整理');
  await second.over;
  // A break is chosen from its menu.
  await keys.press('Shift+B');
  await page.locator('[role=menu]').waitFor();
  await keys.press('ArrowDown');
  await keys.press('Enter');
  await desk.shows('.state', '用餐');
}

export const tests = [
  { name: 'an agent signs in, answers, and both hear each other', run: aCall },
  { name: 'the card says how long the caller has waited', run: howLong },
  { name: 'the keyboard alone does whole calls', run: byKeys },
];
