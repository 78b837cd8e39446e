// Whatever callers and colleagues write is text on every page.
import assert from 'node:assert/strict';
import { Desk, shows } from './pages.mjs';
import { EXCHANGES } from './lab.mjs';

const IMAGE = '<img src=x onerror=window.__watch.ran=1>';
const SCRIPT = '"><script>window.__watch.ran=1</script>';

async function isText({ lab, pages }) {
  const made = await lab.post('accounts', { name: 'evil', title: IMAGE, role: 'agent', agent: '8047' }, { as: 'admin' });
  assert.ok(made.link);
  await lab.exchange(EXCHANGES[12366], { refuse: 486 });
  const desk = await Desk.open(pages, '8046', { speaks: 1_100 });
  const hall = await pages.open('/hall', { as: 'super' });

  // In the user part of From, and in its name.
  const user = encodeURIComponent(IMAGE).replaceAll('%3D', '=');
  const caller = await lab.calling('12345', { as: `"\\"><script>window.__watch.ran=1</script>" <sip:${user}@127.0.0.10>` });
  await desk.rings();
  await shows(hall, '.call-row', '12345');
  await desk.answers();
  const { call } = await lab.call('talks', row => row.stage === 'talking');
  await lab.post(`calls/${call}/three-way`, { to: '12366', reason: IMAGE }, { as: 'agent8046' });
  await desk.at('12366', '忙');
  await lab.post(`calls/${call}/record`, { do: 'pause', why: SCRIPT }, { as: 'agent8046' });
  await desk.shows('.rec', '录音已暂停');
  for (const text of [IMAGE, SCRIPT]) {
    await lab.post('seats/8046/message', { text }, { as: 'super' });
    await desk.shows('.banner.note', text);
  }
  await lab.ask('POST', 'seats/8046', { state: 'break', reason: IMAGE }, { as: 'super' });
  await hall.locator('.call-row').first().click();
  await shows(hall, '.dock', '12345');
  await caller.hangUp();
  await desk.shows('.idle-card', '刚才的通话');
  await lab.ask('POST', `journeys/${call}/unmask`, { why: SCRIPT }, { as: 'super' });

  const people = await pages.open('/people', { as: 'admin' });
  await people.locator('.filters input').fill('evil');
  await people.keyboard.press('Enter');
  await shows(people, 'table', IMAGE);
  const audit = await pages.open('/audit', { as: 'auditor' });
  await shows(audit, 'table', IMAGE);
  await shows(audit, 'table', SCRIPT);
  const join = await pages.open(`/join${new URL(made.link).hash}`);
  await shows(join, 'h1', IMAGE);
  await join.goto(`/?next=${encodeURIComponent('//elsewhere.invalid/')}`);
  const calls = await pages.open('/ops#calls', { as: 'ops' });
  await shows(calls, '#main', '12345');
  for (const page of pages.pages) assert.equal(await page.locator('img, body script').count(), 0, page.url());
}

export const tests = [
  { name: 'what strangers and colleagues write runs nowhere and is shown as text', run: isText },
];
