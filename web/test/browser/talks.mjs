// Calls at the agent's page: what is seen, what is heard, and what the exchange says of it.
import assert from 'node:assert/strict';
import { Desk } from './pages.mjs';
import { until } from './wait.mjs';

const [CALLER, PAGE] = [700, 1_100];

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
  const { hertz } = await page.evaluate(() => window.__loudest());
  assert.ok(Math.abs(hertz - CALLER) < 10, `the page hears ${hertz} Hz`);
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

export const tests = [
  { name: 'an agent signs in, answers, and both hear each other', run: aCall },
  { name: 'the card says how long the caller has waited', run: howLong },
];
export const changes = [];
