// The supervisor's page beside the agent's, and the figures of the day on every page that shows them.
import assert from 'node:assert/strict';
import { Desk, shows } from './pages.mjs';
import { until } from './wait.mjs';

const [CALLER, PAGE, SUPERVISOR] = [700, 1_100, 1_500];

async function supervises({ lab, pages }) {
  const phone = await lab.telephone('8050', { hertz: SUPERVISOR });
  const desk = await Desk.open(pages, '8041', { speaks: PAGE });
  const hall = await pages.open('/hall', { as: 'super' });
  await shows(hall, '[data-id="8041"]', '示闲');
  const caller = await lab.calling('12329', { hertz: CALLER });
  await desk.answers();
  await Promise.all([desk.hears([CALLER]), caller.hears([PAGE])]);
  await shows(hall, '[data-id="8041"]', '通话');
  await shows(hall, '.calls-panel .call-row', /139 \*{4} 0001 12329 .*公积金.*8041/);

  await hall.locator('.calls-panel .call-row').click();
  const orders = hall.locator('.dock .orders').first();
  const rings = phone.called();
  await orders.getByRole('button', { name: '监听' }).click();
  // It is not done without a reason.
  await hall.locator('dialog .button.primary').click();
  await shows(hall, 'dialog', '请写理由');
  await hall.locator('dialog input').first().fill('新坐席');
  await hall.locator('dialog .button.primary').click();
  const listening = await rings;
  await lab.call('is listened to', row => row.parties.some(of => of.role === 'supervisor' && of.who === '8050' && of.answered));
  await listening.hears([CALLER, PAGE]);
  await Promise.all([caller.hears([PAGE], { not: [SUPERVISOR] }), desk.hears([CALLER], { not: [SUPERVISOR] })]);

  await orders.getByRole('button', { name: '强插' }).click();
  await Promise.all([caller.hears([PAGE, SUPERVISOR]), desk.hears([CALLER, SUPERVISOR])]);
  await desk.shows('.parties', '班长 8050');

  await orders.getByRole('button', { name: '接管' }).click();
  await desk.shows('.state', '话后整理');
  await Promise.all([caller.hears([SUPERVISOR], { not: [PAGE] }), listening.hears([CALLER], { not: [PAGE] })]);
  await shows(hall, '.calls-panel .call-row', '8050');
  const row = await lab.call('is the supervisor’s', of => of.parties.length === 2);
  assert.deepEqual(row.parties.map(of => of.who), ['13900000001', '8050']);

  // A word to the agent's page.
  await hall.locator('[data-id="8041"]').click();
  await hall.locator('.dock .orders').last().getByRole('button', { name: '消息' }).click();
  await hall.locator('dialog input').first().fill('下一个来电请注意口径');
  await hall.locator('dialog .button.primary').click();
  await desk.shows('.banner.note', '班长 的消息 下一个来电请注意口径');
  await caller.hangUp();
}

/** Which of the four he does: at the call and at its key. */
async function showsWhatHeDoes({ lab, pages }) {
  await lab.telephone('8050', { hertz: SUPERVISOR });
  const desk = await Desk.open(pages, '8041', { speaks: PAGE });
  const hall = await pages.open('/hall', { as: 'super' });
  const caller = await lab.calling();
  await desk.answers();
  await hall.locator('.calls-panel .call-row').click();
  const orders = hall.locator('.dock .orders').first();
  await orders.getByRole('button', { name: '监听' }).click();
  await hall.locator('dialog input').first().fill('新坐席');
  await hall.locator('dialog .button.primary').click();
  const lit = name => until(`${name} is pressed`, async () => (await orders.getByRole('button', { name }).getAttribute('aria-pressed')) === 'true');
  await shows(hall, '.calls-panel .call-row', '监听');
  await lit('监听');
  for (const name of ['耳语', '强插', '监听']) {
    await orders.getByRole('button', { name }).click();
    await shows(hall, '.calls-panel .call-row', name);
    await lit(name);
  }
  await orders.getByRole('button', { name: '退出' }).click();
  await lab.call('has no supervisor', row => row.parties.length === 2);
  // Takes over at once, without having listened first.
  await orders.getByRole('button', { name: '接管' }).click();
  await desk.shows('.state', '话后整理');
  await shows(hall, '.calls-panel .call-row', '8050');
  await caller.hangUp();
}

const sum = (rows, key) => rows.reduce((all, row) => all + row[key], 0);

async function counts({ lab, pages }) {
  const day = 'from=2021-12-15T00:00&to=2021-12-16T00:00';
  const figures = async by => (await lab.get(`figures?by=${by}&${day}`)).rows;
  const before = { line: await figures('line'), person: await figures('person') };
  const wall = await pages.open('/wall', { as: 'manager', size: { width: 1920, height: 1080 } });
  const desk = await Desk.open(pages, '8045', { speaks: PAGE });
  for (const number of ['12345', '12329', '12345']) {
    const caller = await lab.calling(number);
    await desk.answers();
    await caller.hangUp();
    await desk.shows('.state', '话后整理');
    await desk.ready();
  }
  // Who hangs up while it rings is abandoned.
  const impatient = await lab.calling('12345');
  await desk.rings();
  await impatient.hangUp();
  const after = await until('four calls are in the figures', async see => {
    const rows = await figures('line');
    see(rows);
    return sum(rows, 'offered') === sum(before.line, 'offered') + 4 ? { line: rows, person: await figures('person') } : null;
  });
  const all = key => sum(after.line, key);
  assert.equal(all('connected') - sum(before.line, 'connected'), 3);
  assert.equal(all('abandoned') - sum(before.line, 'abandoned'), 1);
  const mine = rows => rows.find(row => row.person === '8045')?.answered ?? 0;
  assert.equal(mine(after.person) - mine(before.person), 3);
  const { today } = await lab.get('wall');
  assert.deepEqual([today.answered, today.abandoned], [all('connected'), all('abandoned')]);
  await shows(wall, '.tile.calls', new RegExp(`今日来电 ${today.calls} 接通 ${all('connected')}$`));
  await shows(wall, '.tile.abandoned', new RegExp(`今日放弃 ${all('abandoned')}$`));
  // What he has done today, and what rang out at him.
  const offered = mine(after.person);
  await desk.shows('.statebar .figures', new RegExp(`接听 ${offered} `));
  const hall = await pages.open('/hall', { as: 'super' });
  await shows(hall, '.kpis', new RegExp(`今日放弃 ${all('abandoned')} ${all('connected')} / ${today.calls} 通`));
}

export const tests = [
  { name: 'the figures agree to the call on every page', run: counts },
  { name: 'a supervisor listens, barges in, takes over, and writes to the agent', run: supervises },
  { name: 'the hall shows what a supervisor does in a call', run: showsWhatHeDoes },
];
