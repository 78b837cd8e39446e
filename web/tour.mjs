// Walks every page of a demo that is alive, as a newcomer does: by the links that it prints. Writes docs/screens/PAGE-SIZE-THEME.webp
// and fails where a page has something to complain about or the agent does not hear his caller. `node tour.mjs SWITCHBOARD [PAGE…]`
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const [program, ...only] = process.argv.slice(2);
const top = fileURLToPath(new URL('..', import.meta.url));
const screens = join(top, 'docs', 'screens');
const SIZES = [[1366, 768], [1920, 1080]];
const THEMES = ['light', 'dark'];
const QUALITY = 80;
// Until figures and lists say something.
const WARM_S = 100;

const pause = ms => new Promise(done => setTimeout(done, ms));
const say = text => console.log(text);

function demo() {
  const child = spawn(program, ['demo', '--json', '--callers', '12', '--seed', '7', '--port', '5470'], { cwd: top, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((_, failed) => child.once('exit', code => failed(new Error(`the demo has ended: ${code}`))));
  ended.catch(() => {});
  const ready = new Promise(done => createInterface({ input: child.stdout }).once('line', line => done(JSON.parse(line).result ?? JSON.parse(line))));
  return { ready: Promise.race([ready, ended]), stop: () => child.kill('SIGTERM') };
}

// What a page plays is kept for a look at its pitch.
const LISTEN = `{
  const Usual = RTCPeerConnection;
  globalThis.heard = [];
  globalThis.RTCPeerConnection = class extends Usual {
    constructor(...of) {
      super(...of);
      this.addEventListener('track', event => heard.push(event.track));
    }
  };
}`;

/** The loudest pitches of what the page plays, Hz. */
const pitches = page => page.evaluate(async () => {
  const track = globalThis.heard.filter(of => of.readyState === 'live').at(-1);
  if (!track) return [];
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const found = new Set();
  for (let n = 0; n < 12; n++) {
    await new Promise(done => setTimeout(done, 250));
    analyser.getFloatFrequencyData(bins);
    const top = Math.max(...bins) - 15;
    bins.forEach((level, at) => {
      if (level > -60 && level > top && level >= (bins[at - 1] ?? 0) && level >= (bins[at + 1] ?? 0)) found.add(Math.round(at * context.sampleRate / analyser.fftSize));
    });
  }
  await context.close();
  return [...found].sort((a, b) => a - b);
});

class Tour {
  wrong = [];
  bytes = 0;
  pages = {};

  constructor(browser, links) {
    this.browser = browser;
    this.links = links;
  }

  /** A new window of somebody who comes by his link. */
  async comes(account, at = '') {
    this.context ??= await this.browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
    const page = await this.context.newPage();
    await page.addInitScript(LISTEN);
    page.on('pageerror', error => this.wrong.push(`${account}: ${error.message}`));
    // Who has not signed in yet is told so.
    const bad = message => message.type() === 'error' && !(at === '/' && message.text().includes('401'));
    page.on('console', message => bad(message) && this.wrong.push(`${account}: ${message.text()} ${message.location().url}`));
    await page.setViewportSize({ width: 1366, height: 768 });
    if (at === '') {
      const { link, page: home } = this.links.find(of => of.account === account);
      await page.goto(link);
      await page.waitForURL(url => url.pathname === home);
    } else {
      await page.goto(new URL(at, this.links.find(of => of.account === account).link).href);
    }
    await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {});
    return page;
  }

  /** One view in every size and theme. `ready` says whether it still is what it should be. */
  async shoot(page, name, { ready = () => true } = {}) {
    if (only.length > 0 && !only.some(of => name.startsWith(of))) return;
    await page.bringToFront();
    const cdp = await this.context.newCDPSession(page);
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await pause(250);
        if (!await ready()) this.wrong.push(`${name}: gone before it was taken at ${width}, ${colorScheme}`);
        const { data } = await cdp.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
        const image = Buffer.from(data, 'base64');
        this.bytes += image.length;
        await writeFile(join(screens, `${name}-${width}x${height}-${colorScheme}.webp`), image);
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) this.wrong.push(`${name}: ${over} px wider than ${width}`);
    }
    await cdp.detach();
    await page.setViewportSize({ width: 1366, height: 768 });
    await page.emulateMedia({ colorScheme: 'light' });
    say(`  ${name}`);
  }
}

const key = (page, name) => page.getByRole('button', { name, exact: false });

/** The agent: signs in, becomes ready, answers, brings a third party in. */
async function desk(tour) {
  const page = await tour.comes('8004');
  await key(page, '签入').waitFor();
  await tour.shoot(page, 'desk-sign-in');
  await page.getByRole('button', { name: '签入', exact: true }).click();
  await key(page, '签出').waitFor();
  await page.getByText('电话已就绪').first().waitFor();
  await tour.shoot(page, 'desk-idle');
  await page.bringToFront();
  await page.getByRole('button', { name: '示闲', exact: true }).click();
  const answer = page.getByRole('button', { name: /^接听/ });
  await answer.waitFor({ timeout: 90_000 });
  // It rings for eight seconds, and again when it was let ring.
  await tour.shoot(page, 'desk-ringing', { ready: () => answer.isVisible() });
  await page.bringToFront();
  await answer.waitFor({ timeout: 90_000 });
  const asked = Date.now();
  await answer.click();
  const mute = page.getByRole('button', { name: /^静音/ });
  await mute.waitFor();
  say(`  answered in ${Date.now() - asked} ms`);
  await pause(1500);
  const caller = await pitches(page);
  say(`  the caller is heard: ${caller.join(' ')} Hz`);
  if (caller.length === 0) tour.wrong.push('the agent hears nothing');
  await tour.shoot(page, 'desk-talking', { ready: () => mute.isVisible() });
  await page.bringToFront();
  await page.locator('button[data-number="12366"]').first().click();
  await page.getByRole('button', { name: /^离开/ }).waitFor({ timeout: 20_000 });
  await pause(1000);
  say(`  all three are heard: ${(await pitches(page)).join(' ')} Hz`);
  await tour.shoot(page, 'desk-three-way', { ready: () => page.getByRole('button', { name: /^离开/ }).isVisible() });
  return page;
}

async function hall(tour) {
  const page = await tour.comes('super');
  await page.locator('.calls-panel [role=option]').first().waitFor();
  await page.locator('.calls-panel [role=option]').filter({ hasText: /8\d\d\d/ }).first().click().catch(() => {});
  await tour.shoot(page, 'hall');
  for (const [tab, name] of [['figures', 'hall-figures'], ['transfers', 'hall-transfers'], ['records', 'hall-records'], ['alarms', 'hall-alarms']]) await at(tour, page, tab, name);
  await at(tour, page, 'records?outcome=connected', 'hall-record', () => heard(page));
  await page.goto(new URL('/wall', page.url()).href);
  await page.locator('.tile').first().waitFor();
  await pause(2500);
  await tour.shoot(page, 'wall');
}

/** A record with its sound: for a reason, as the server wants it. */
async function heard(page) {
  await page.locator('tbody tr').nth(2).click();
  const listen = key(page, '听录音');
  await listen.waitFor();
  await listen.click();
  await page.locator('dialog input').first().fill('质检');
  await page.locator('dialog .button.primary').click();
  await page.locator('.waves').waitFor();
  await page.locator('.waves').evaluate(node => scrollTo(0, scrollY + node.getBoundingClientRect().top - 300));
}

/** A tab of a page by its address. */
async function at(tour, page, hash, name, then = async () => {}) {
  await page.evaluate(to => { location.hash = to; scrollTo(0, 0); }, hash);
  await pause(1500);
  await then();
  await tour.shoot(page, name);
}

async function ops(tour) {
  const page = await tour.comes('ops');
  await at(tour, page, 'numbers', 'ops-numbers');
  await at(tour, page, 'why', 'ops-why', async () => {
    await page.getByRole('textbox').first().fill('12333');
    await page.keyboard.press('Enter');
    await pause(1500);
  });
  await at(tour, page, 'plan', 'ops-plan');
  await at(tour, page, 'calls?outcome=connected', 'ops-calls');
  await at(tour, page, 'calls?outcome=connected', 'ops-call', async () => {
    await page.locator('tbody tr').first().click();
    await pause(2000);
  });
  // Its head below the page's own.
  await page.locator('.ladder').first().evaluate(node => scrollTo(0, scrollY + node.getBoundingClientRect().top - 110));
  await tour.shoot(page, 'ops-ladder');
  await at(tour, page, 'health', 'ops-health');
  await at(tour, page, 'alarms', 'ops-alarms');
}

async function others(tour) {
  const figures = await tour.comes('manager');
  await pause(1500);
  await tour.shoot(figures, 'figures');
  await at(tour, figures, 'transfers', 'figures-transfers');
  const department = await tour.comes('dept');
  await pause(1500);
  await tour.shoot(department, 'department');
  const people = await tour.comes('admin');
  await pause(1000);
  await tour.shoot(people, 'people');
  for (const own of ['account', 'api']) {
    await people.goto(new URL(`/${own}`, people.url()).href);
    await pause(1000);
    await tour.shoot(people, own);
  }
  const audit = await tour.comes('auditor');
  await pause(1000);
  await tour.shoot(audit, 'audit');
  await at(tour, audit, 'calls', 'audit-calls');
  // Nobody has come to this host yet.
  const nobody = await tour.comes('8005', '/');
  await pause(1000);
  await tour.shoot(nobody, 'sign-in');
}

await mkdir(screens, { recursive: true });
const { ready, stop } = demo();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // What the browser itself writes, such as a date's form, is Chinese too.
  env: { ...process.env, LANGUAGE: 'zh_CN', LANG: 'zh_CN.UTF-8' },
  args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', '--lang=zh-CN'],
});
const began = Date.now();
try {
  const { links, ...told } = await ready;
  if (!links) throw new Error(JSON.stringify(told));
  const tour = new Tour(browser, links);
  await desk(tour);
  await pause(Math.max(0, WARM_S * 1000 - (Date.now() - began)));
  await hall(tour);
  await ops(tour);
  await others(tour);
  say(`${Math.round(tour.bytes / 1024)} KiB in docs/screens`);
  for (const wrong of tour.wrong) console.error(wrong);
  process.exitCode = tour.wrong.length > 0 ? 1 : 0;
} finally {
  await browser.close();
  stop();
}
