// The browser, and pages in it as their users have them.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { PATIENCE, until } from './wait.mjs';

const EARS = await readFile(new URL('ears.js', import.meta.url), 'utf8');
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// Where other pages lie than those in the program: a `dist` that has just been built.
const PAGES = process.env.PAGES ?? '';
// Louder than this a tone is heard, more silent than that it is not, dB.
const [HEARD, SILENT] = [-50, -62];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows', '--allow-loopback-in-peer-connection', '--autoplay-policy=no-user-gesture-required',
      // Beeps from a microphone that is not there; who has no permission is refused it without being asked.
      '--use-fake-device-for-media-stream', '--deny-permission-prompts'],
  });
}

/** The pages of one test, each watched: a script that was not ours, a broken policy, another origin, an error fail the test. */
export class Pages {
  #contexts = [];
  #wrong = [];
  pages = [];

  constructor(browser, lab) {
    Object.assign(this, { browser, lab });
  }

  /** `speaks` is the tone of its microphone, Hz; without it the browser's own beeps. */
  async context({ as, speaks, microphone = true, dark = false, lang = 'zh-CN', base = this.lab.url, size = { width: 1366, height: 768 } } = {}) {
    const context = await this.browser.newContext({
      viewport: size, locale: lang, timezoneId: 'Asia/Shanghai', colorScheme: dark ? 'dark' : 'light', baseURL: base, reducedMotion: 'reduce',
      permissions: microphone ? ['microphone'] : [],
    });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    await context.addInitScript(`window.__speaks = ${speaks ?? 0};\n${EARS}`);
    if (PAGES) await context.route('**/assets/*', route => route.fulfill({ path: `${PAGES}${new URL(route.request().url()).pathname.slice('/assets'.length)}` }));
    if (as !== undefined) await context.addCookies([await this.cookie(as, base)]);
    context.on('request', request => this.#looksAt(request.url(), base));
    context.on('page', page => this.#watches(page, base));
    return context;
  }

  async cookie(as, base = this.lab.url) {
    const { cookie } = await this.lab.session(as);
    return { name: 'switchboard', value: cookie, url: base, httpOnly: true, secure: true, sameSite: 'Strict' };
  }

  #looksAt(url, base) {
    const { protocol, origin, host } = new URL(url);
    if (protocol === 'blob:' && url.startsWith(`blob:${base}`)) return;
    if (origin !== base && host !== new URL(base).host) this.#wrong.push(`a request to ${url}`);
  }

  #watches(page, base) {
    this.pages.push(page);
    page.on('dialog', dialog => {
      this.#wrong.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', error => this.#wrong.push(`${page.url()}: ${error.stack}`));
    page.on('websocket', socket => this.#looksAt(socket.url().replace(/^ws/, 'http'), base));
    page.on('console', message => {
      const text = message.text();
      if (message.type() === 'error' && /Content.Security.Policy|Refused to/i.test(text)) this.#wrong.push(text);
    });
  }

  async open(path, of = {}) {
    const page = await (of.context ?? await this.context(of)).newPage();
    await page.goto(path);
    return page;
  }

  /** A page's violations of axe's rules, in words. */
  async violations(page) {
    await page.evaluate(`${AXE};0`);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
      of => `${of.id} (${of.impact}): ${of.nodes.slice(0, 3).map(node => `${node.target.join(' ')} ${node.failureSummary?.split('\n').slice(1).join(' ')}`).join(' | ')}`)));
    return found;
  }

  /** What the pages have done that none may. */
  async wrong() {
    for (const page of this.pages) {
      if (page.isClosed()) continue;
      const seen = await page.evaluate(() => window.__watch).catch(() => null);
      if (seen?.ran) this.#wrong.push(`${page.url()}: a script that was not ours has run`);
      seen?.policy.forEach(what => this.#wrong.push(`${page.url()} breaks the policy: ${what}`));
    }
    return this.#wrong;
  }

  async close() {
    await Promise.all(this.#contexts.map(context => context.close()));
  }
}

/** Waits until text of these words is shown there. */
export function shows(page, selector, text, ms = PATIENCE) {
  const what = typeof text === 'string' ? text : String(text);
  return until(`${selector} shows ${what}`, async see => {
    const all = await page.locator(selector).allInnerTexts();
    const seen = all.map(of => of.replace(/\s+/g, ' ').trim());
    see(seen.join(' / ').slice(0, 500) || `nothing; the page: ${(await page.locator('body').innerText()).replace(/\s+/g, ' ').slice(0, 300)}`);
    return seen.find(of => (text instanceof RegExp ? text.test(of) : of.includes(text)));
  }, ms);
}

/** Waits until nothing of the kind is shown. */
export function gone(page, selector, ms = PATIENCE) {
  return until(`no ${selector}`, async see => {
    const all = await page.locator(selector).allInnerTexts();
    see(all.join(' / '));
    return all.length === 0;
  }, ms);
}

/** Waits until these tones, and none of those, are what the page hears. */
export function hears(page, tones, { not = [], ms = PATIENCE } = {}) {
  return until(`the page hears ${tones.join(', ')} Hz${not.length ? ` and not ${not.join(', ')}` : ''}`, async see => {
    const all = [...tones, ...not];
    const levels = await page.evaluate(of => window.__hears(of), all);
    if (!levels) return see('no connection');
    see(Object.fromEntries(all.map((hertz, at) => [hertz, Math.round(levels[at])])));
    return levels.every((level, at) => (at < tones.length ? level > HEARD : level < SILENT));
  }, ms);
}

/** An agent at his page. */
export class Desk {
  /** Signed in to the seat with the account's number; `ready` to be given calls. */
  static async open(pages, number, { seat = number, ready = true, ...of } = {}) {
    const context = await pages.context({ as: `agent${number}`, ...of });
    const page = await pages.open('/desk', { context });
    const desk = new Desk(pages, page, seat);
    await page.locator('.signin select').first().selectOption(seat);
    await page.locator('.signin .button.primary').click();
    await desk.phone('电话已就绪');
    if (ready) await desk.ready();
    return desk;
  }

  constructor(pages, page, seat) {
    Object.assign(this, { pages, page, seat, lab: pages.lab });
  }

  shows(selector, text, ms) {
    return shows(this.page, selector, text, ms);
  }

  hears(tones, more) {
    return hears(this.page, tones, more);
  }

  phone(says, ms) {
    return this.shows('.top', says, ms);
  }

  press(name) {
    return this.page.locator('.call, .statebar').getByRole('button', { name }).click();
  }

  /** A key of the panel. */
  key(number) {
    return this.page.locator(`.key[data-number="${number}"]`).first();
  }

  async ready() {
    await this.press('示闲');
    await this.shows('.state', '示闲');
    await this.lab.stands(this.seat, 'ready');
  }

  async rings(ms) {
    await this.shows('.ringing-card', '来电', ms);
    await this.page.locator('.ringing-card .button.good').waitFor();
  }

  async answers() {
    await this.rings();
    await this.press('接听');
    await this.talks();
  }

  talks(ms) {
    return this.shows('.callcard h2', '通话中', ms);
  }

  /** What stands at a key's place. */
  at(number, says, ms) {
    return this.shows(`.key[data-number="${number}"]`, says, ms);
  }

  /** No order is under way: a key that is pressed is not taken for a second press of the same. */
  settled() {
    return gone(this.page, '[aria-busy=true]');
  }

  async hangsUp() {
    await this.press('挂断');
    await this.shows('.state', '话后整理');
  }
}
