// What a shift has beside its calls: an account of one's own, a phone on the desk, records and who has looked at them.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Desk, shows } from './pages.mjs';
import { pause, until } from './wait.mjs';

const [CALLER, PHONE, PAGE] = [700, 900, 1_100];
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What an authenticator app shows so many steps of 30 s from now (RFC 6238, RFC 4226 §5.3). */
function codeOf(secret, later = 0) {
  const bits = [...secret].map(of => BASE32.indexOf(of).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map(of => parseInt(of, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac('sha1', key).update(step).digest();
  const at = hash[19] & 0x0f;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function joins({ lab, pages }) {
  const admin = await pages.open('/people', { as: 'admin' });
  await admin.getByRole('button', { name: '新增账号' }).click();
  const form = admin.locator('dialog');
  await form.getByLabel('账号').fill('zhao');
  await form.getByLabel('姓名').fill('赵六');
  await form.getByLabel('工号').fill('8020');
  await form.locator('.button.primary').click();
  const link = await until('the link is shown once', async () => (await admin.locator('.once').allInnerTexts())[0]);
  const page = await pages.open(new URL(link).pathname + new URL(link).hash);
  await page.getByLabel('新密码').fill('a long enough one');
  await page.getByLabel('再输一遍').fill('a long enough one');
  await page.getByRole('button', { name: '完成并登录' }).click();
  await shows(page, '.brand', '坐席工作台');
  // Without his agreement to secrecy he is shown nobody's data.
  await page.goto('/account');
  await shows(page, '.facts', '赵六');
  await page.getByRole('button', { name: '我已阅读并同意' }).click();
  await shows(page, '.facts', '有效期至 2022-12-15');
  await page.getByRole('button', { name: '启用' }).click();
  const secret = (await page.locator('dialog .totp code').innerText()).replace(/\s/g, '');
  await page.locator('dialog').getByLabel('验证器里的 6 位数字').fill('000000');
  await page.locator('dialog').getByLabel('原密码').fill('a long enough one');
  await page.locator('dialog .button.primary').click();
  await shows(page, 'dialog', '动态码缺失或不对');
  await page.locator('dialog').getByLabel('验证器里的 6 位数字').fill(codeOf(secret));
  await page.locator('dialog .button.primary').click();
  await shows(page, 'h2', '两步验证 已启用');
  const again = await pages.open('/');
  await again.fill('[name=account]', 'zhao');
  await again.fill('[name=password]', 'a long enough one');
  await again.keyboard.press('Enter');
  await shows(again, 'form', '动态验证码');
  // No code is taken twice: this is the next one.
  await again.getByLabel('动态验证码').fill(codeOf(secret, 1));
  await again.keyboard.press('Enter');
  await shows(again, '.brand', '坐席工作台');
  // A program acts for him, until its token is taken back.
  await admin.goto('/people#?find=zhao');
  await admin.reload();
  await admin.locator('tbody tr', { hasText: '赵六' }).getByRole('button').click();
  await admin.getByRole('menuitem', { name: '程序令牌…' }).click();
  await shows(admin, 'dialog', '没有程序用这个账号');
  await admin.locator('dialog .button.primary').click();
  await admin.locator('dialog input').first().fill('大屏');
  await admin.locator('dialog .button.primary').click();
  const token = await until('the token is shown once', async () => (await admin.locator('.once').allInnerTexts())[0]);
  const acts = async () => (await fetch(`${lab.url}/api/v1/session`, { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(await acts(), 200);
  const taken = await lab.ask('DELETE', 'accounts/zhao/tokens/zhao-1', undefined, { as: 'admin' });
  assert.deepEqual([taken.status, await acts()], [200, 401]);
}

async function commandsTheDeskPhone({ lab, pages }) {
  const phone = await lab.telephone('8044', { hertz: PHONE });
  const context = await pages.context({ as: 'agent8044' });
  const page = await pages.open('/desk', { context });
  await page.locator('.signin select').first().selectOption('8044');
  await page.getByText('桌面话机').first().click();
  await page.locator('.signin .button.primary').click();
  const desk = new Desk(pages, page, '8044');
  await desk.phone('桌面话机');
  await desk.ready();
  const talks = async () => {
    const rings = phone.called();
    const caller = await lab.calling('12345', { hertz: CALLER });
    const here = await rings;
    await desk.talks();
    await Promise.all([here.hears([CALLER]), caller.hears([PHONE])]);
    return { caller, here };
  };
  const first = await talks();
  await desk.press('静音');
  await first.caller.hears([], { not: [PHONE] }).catch(() => {});
  await lab.call('he is muted', row => row.parties.some(of => of.who === '8044' && of.muted));
  await desk.press('取消静音');
  await lab.call('he is heard again', row => row.parties.every(of => !of.muted));
  await desk.press('保持');
  await lab.call('he holds', row => row.parties.some(of => of.who === '8044' && of.held));
  await desk.settled();
  await desk.press('取回');
  await Promise.all([first.here.hears([CALLER]), first.caller.hears([PHONE])]);
  await desk.press('按键');
  await page.locator('.keypad').getByRole('button', { name: '5' }).click();
  await until('the caller is sent the key', see => {
    see(first.caller.events());
    return first.caller.events().includes(5);
  });
  await page.keyboard.press('Escape');
  // The page lays down the receiver of the phone beside it.
  await desk.settled();
  await desk.hangsUp();
  await Promise.all([first.caller.over, first.here.over]);
  // And declines for it.
  await desk.ready();
  phone.serves({ ring: true });
  const second = await lab.calling('12345', { hertz: CALLER });
  await desk.shows('.ringing-card', '请在桌面话机上接听');
  await desk.press('拒接');
  await lab.stands('8044', /ready|not_ready/);
  await lab.call('he waits again', row => !row.parties.some(of => of.who === '8044'));
  await second.hangUp();
}

async function looksAtRecords({ lab, pages }) {
  const desk = await Desk.open(pages, '8046', { speaks: PAGE });
  const caller = await lab.calling('12329', { hertz: CALLER });
  await desk.answers();
  await Promise.all([desk.hears([CALLER]), caller.hears([PAGE])]);
  await pause(1_500);
  await caller.hangUp();
  await desk.shows('.state', '话后整理');
  await desk.shows('.statebar .figures', /接听 [1-9]/);
  const hall = await pages.open('/hall#records', { as: 'super' });
  await shows(hall, '.tab-panel tbody tr', /139 \*{4} 0001.*12329/);
  await hall.locator('.tab-panel tbody tr', { hasText: '12329' }).first().click();
  await shows(hall, '.journey-head', /139 \*{4} 0001/);
  await hall.getByRole('button', { name: '看完整号码' }).click();
  await hall.locator('dialog input').first().fill('回访');
  await hall.locator('dialog .button.primary').click();
  await shows(hall, '.journey-head .caller', '139 0000 0001');
  await hall.getByText(/全部经过/).click();
  await shows(hall, '.told', /139\*{4}0001/);
  await until('the recording is there', async () => {
    if (await hall.getByRole('button', { name: '听录音' }).count()) return true;
    await hall.reload();
    return false;
  });
  await hall.getByRole('button', { name: '听录音' }).first().click();
  await hall.locator('dialog input').first().fill('质检');
  await hall.locator('dialog .button.primary').click();
  await shows(hall, '.waves', /来电人.*坐席.*第三方.*班长/);
  // All of it can be come to: the tab scrolls, and nothing makes the page itself longer than the screen.
  const longer = await hall.evaluate(() => document.documentElement.scrollHeight - window.innerHeight);
  assert.ok(longer <= 0, `the page is ${longer} px longer than the screen, all of them empty`);
  // The sound is there to be played, as long as the talk was.
  await until('the sound can be played', async see => {
    const sound = await hall.evaluate(() => {
      const { readyState, duration, error, networkState } = document.querySelector('audio') ?? {};
      return { readyState, duration, networkState, error: error?.message };
    });
    see(sound);
    // As long as they have talked, all of it.
    return sound.readyState >= 1 && sound.duration > 1.5;
  });
  const audit = await pages.open('/audit', { as: 'auditor' });
  await shows(audit, 'tbody tr', /班长|super.*听录音.*质检/);
  await shows(audit, 'tbody tr', /看完整号码.*回访/);
  const heard = audit.locator('tbody tr', { hasText: '听录音' });
  assert.equal(await heard.count(), 1, 'one hearing is one line, however often its parts are asked for');
  await heard.locator('a').click();
  await shows(audit, '.journey-head', /139 \*{4} 0001/);
}

async function editsThePlan({ pages }) {
  const ops = await pages.open('/ops#plan', { as: 'ops' });
  await ops.getByRole('button', { name: '编辑…' }).click();
  const text = ops.locator('.editor textarea');
  const before = await text.inputValue();
  await text.fill(`${before}\n[route]\n96900 = "group:nobody"\n`);
  await ops.locator('.editor').getByRole('button', { name: '检查' }).click();
  await shows(ops, '.said.bad', 'group:nobody');
  await ops.getByRole('button', { name: '写入并生效' }).click();
  await ops.locator('dialog input').first().fill('试错');
  await ops.locator('dialog .button.primary').click();
  await shows(ops, 'dialog', '没有写入');
  await ops.keyboard.press('Escape');
  await text.fill(`${before}\n# 值班改动\n`);
  await ops.getByRole('button', { name: '写入并生效' }).click();
  await ops.locator('dialog input').first().fill('加一行说明');
  await ops.locator('dialog .button.primary').click();
  await shows(ops, 'tbody tr', /ops.*加一行说明/);
  await ops.getByRole('button', { name: '编辑…' }).click();
  assert.ok((await text.inputValue()).endsWith('# 值班改动\n'), 'it stands in the file');
  // The first one is still there to go back to.
  await ops.getByRole('button', { name: '回滚' }).last().click();
  await ops.locator('dialog input').first().fill('退回');
  await ops.locator('dialog .button.danger').click();
  await shows(ops, 'tbody tr', /ops.*退回/);
}

export const tests = [
  { name: 'an account is made by a link, takes a second factor, and signs in by its code', run: joins },
  { name: 'a page commands the phone beside it', run: commandsTheDeskPhone },
  { name: 'a record is searched, unmasked and heard, and the trail says by whom', run: looksAtRecords },
  { name: 'a plan is edited in the page, refused with its mistakes, put in force and taken back', run: editsThePlan },
];
// The plan is a copy: what is edited here is nobody else's.
export const ownPlan = true;
