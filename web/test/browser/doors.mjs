// Who comes in where, and what the pages are to those who cannot see them as others do.
import assert from 'node:assert/strict';
import { EXCHANGES } from './lab.mjs';
import { Desk, shows } from './pages.mjs';
import { until } from './wait.mjs';

// Account, where it lands, and its page's own name.
const HOMES = [
  ['agent8049', '/desk', '坐席工作台'], ['super', '/hall', '班长台'], ['ops', '/ops', '运维'], ['dept12348', '/figures', '统计'],
  ['manager', '/figures', '统计'], ['auditor', '/audit', '审计'], ['admin', '/people', '账号'],
];
const ROLES = {
  '/desk': ['agent8049', 'super'], '/hall': ['super'], '/wall': ['agent8049', 'super', 'ops', 'manager'], '/ops': ['ops'],
  '/figures': ['dept12348', 'manager', 'super', 'ops'], '/people': ['admin'], '/audit': ['auditor'],
};
// What each page asks for first: refused to whom it is not for, whatever his page shows.
const DATA = { '/hall': 'alarms', '/ops': 'trunks', '/people': 'accounts', '/audit': 'audit', '/figures': 'figures?by=line', '/wall': 'wall' };

async function signsInByHand({ pages }) {
  await Promise.all(HOMES.map(async ([account, home, title]) => {
    const page = await pages.open('/', { size: { width: 1366, height: 768 } });
    await page.fill('[name=account]', account);
    await page.fill('[name=password]', `lab-${account}`);
    await page.keyboard.press('Enter');
    await until(`${account} comes to ${home}`, see => {
      see(page.url());
      return new URL(page.url()).pathname === home;
    });
    await shows(page, '.brand', title);
    assert.equal((await page.context().cookies()).find(of => of.name === 'switchboard')?.httpOnly, true);
  }));
  const page = await pages.open('/');
  await page.fill('[name=account]', 'admin');
  await page.fill('[name=password]', 'not-it-at-all');
  await page.keyboard.press('Enter');
  await shows(page, '.notice', '账号或密码不对');
}

async function keepsOut({ lab, pages }) {
  const accounts = HOMES.map(([account]) => account);
  // The list behind each page is refused to everybody whom the page is not for. Alarms are the operator's as well.
  for (const [path, word] of Object.entries(DATA)) {
    for (const account of accounts) {
      const { status } = await lab.ask('GET', word, undefined, { as: account });
      const may = ROLES[path].includes(account) || (word === 'alarms' && account === 'ops');
      assert.equal(status, may ? 200 : 403, `${account} asks for ${word}`);
    }
  }
  // Every page is refused to two of them, and every one of them is refused two pages.
  const refused = Object.entries(ROLES).flatMap(([path, roles], turn) => {
    const others = accounts.filter(account => !roles.includes(account));
    return [0, 1].map(n => [path, others[(turn + n) % others.length]]);
  });
  await Promise.all(accounts.map(async account => {
    const page = await pages.open('/join', { as: account });
    for (const [path] of refused.filter(([, of]) => of === account)) {
      await page.goto(path);
      await shows(page, '#main', '这个页面不归你的角色');
      assert.equal(await page.locator('#main a').getAttribute('href'), HOMES.find(([of]) => of === account)[1]);
      assert.ok((await page.locator('body').innerText()).trim().length < 60, 'nothing but the refusal is shown');
    }
  }));
  const page = await pages.open('/hall');
  await until('who has no session is asked to sign in', () => page.url().includes('/?next='));
}

/** Where axe looks: the account, the address, and what shows that the page is there. */
const LOOKS = [
  [undefined, '/', '[name=account]'], [undefined, '/join#no-such-link', 'h1'], ['super', '/hall', '.seat-grid'],
  ['super', '/hall#figures', '.tab-panel table, .tab-panel h2, .tab-panel strong'], ['super', '/hall#transfers', '.tab-panel table, .tab-panel h2, .tab-panel strong'],
  ['super', '/hall#alarms', '.tab-panel table, .tab-panel h2, .tab-panel strong'], ['super', '/wall', '.board'], ['ops', '/ops#numbers', '.tab-panel button, .tab-panel table'],
  ['ops', '/ops#why', '.tab-panel form'], ['ops', '/ops#plan', '.tab-panel button'], ['ops', '/ops#calls', '.tab-panel form, .tab-panel table'],
  ['ops', '/ops#health', '.tab-panel table, .tab-panel h2'], ['admin', '/people', 'table'], ['auditor', '/audit', 'table'], ['manager', '/figures', '#main table, #main h2, #main strong'],
  ['super', '/hall#records', '.tab-panel form'], ['ops', '/ops#alarms', '.tab-panel table, .tab-panel strong'], ['auditor', '/audit#calls', '.tab-panel form'],
  ['auditor', '/audit#plan', '.tab-panel table'], ['manager', '/account', '.own .facts'], ['admin', '/api', '.door-row'],
];

/** What axe finds at a page as it stands, in light and in dark. */
async function looks(pages, page, what) {
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
    // Colours are those of the theme once they have been painted, not in the moment in which it changes.
    await page.evaluate(async () => {
      const frame = () => new Promise(done => { requestAnimationFrame(done); });
      for (let n = 0; n < 3; n += 1) await frame();
      await Promise.all(document.getAnimations().map(one => one.finished.catch(() => {})));
      await frame();
    });
    found.push(...(await pages.violations(page)).map(of => `${what} in ${colorScheme}: ${of}`));
  }
  return found;
}

async function axe({ pages }) {
  const found = [];
  const contexts = new Map();
  for (const [account, path, there] of LOOKS) {
    if (!contexts.has(account)) contexts.set(account, await pages.context({ as: account }));
    const page = await pages.open(path, { context: contexts.get(account) });
    await page.locator(there).first().waitFor();
    found.push(...await looks(pages, page, path));
    await page.close();
  }
  assert.deepEqual(found, []);
}

async function axeAtTheDesk({ lab, pages }) {
  const found = [];
  const context = await pages.context({ as: 'agent8042', speaks: 1_100 });
  const page = await pages.open('/desk', { context });
  await page.locator('.signin .meter').waitFor();
  found.push(...await looks(pages, page, 'before the seat'));
  await page.locator('.signin select').first().selectOption('8042');
  await page.locator('.signin .button.primary').click();
  const desk = new Desk(pages, page, '8042');
  await desk.phone('电话已就绪');
  await desk.ready();
  found.push(...await looks(pages, page, 'ready'));
  const caller = await lab.calling('12329');
  await desk.rings();
  found.push(...await looks(pages, page, 'ringing'));
  await desk.answers();
  await lab.exchange(EXCHANGES[12360], { refuse: 486 });
  await desk.key('12360').click();
  await desk.at('12360', '忙 · 再试');
  found.push(...await looks(pages, page, 'talking, with a transfer that has failed'));
  await page.keyboard.press('?');
  await page.locator('dialog').waitFor();
  found.push(...await looks(pages, page, 'the sheet of keys'));
  await page.keyboard.press('Escape');
  await caller.hangUp();
  await desk.shows('.state', '话后整理');
  found.push(...await looks(pages, page, 'wrap-up'));
  assert.deepEqual(found, []);
}

export const tests = [
  { name: 'every role signs in and lands at its page', run: signsInByHand },
  { name: 'a page shows who may not see it the refusal, and no data', run: keepsOut },
  { name: 'axe finds nothing on any page, in light and in dark', run: axe },
  { name: 'axe finds nothing at the desk, in light and in dark', run: axeAtTheDesk },
];
