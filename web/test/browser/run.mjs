// The pages in a real browser against the real daemon, with callers and exchanges outside. Lanes run beside each other, each with a
// daemon of its own; the tests of a lane one after the other. Quiet unless something fails.
//
//   node test/browser/run.mjs PROGRAM [WORD OF A TEST'S NAME …]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Lab } from './lab.mjs';
import { launch, Pages } from './pages.mjs';
import { within } from './wait.mjs';
import * as doors from './doors.mjs';
import * as hall from './hall.mjs';
import * as hostile from './hostile.mjs';
import * as returns from './returns.mjs';
import * as shift from './shift.mjs';
import * as talks from './talks.mjs';
import * as third from './third.mjs';

// The longest first.
const LANES = [third, doors, returns, shift, talks, hall, hostile];
// So many beside each other: more of them wait for each other's daemon and pages.
const BESIDE = 3;
// Longer than this no test takes.
const LIMIT = 90_000;

const [program, ...words] = process.argv.slice(2);
const browser = await launch();
const tally = { passed: 0, failed: 0 };
const began = Date.now();

async function told(lab, pages, name, error) {
  const folder = join(lab.folder, name.replace(/[^\w]+/g, '-').slice(0, 60));
  await mkdir(folder, { recursive: true });
  await Promise.all(pages.pages.map((page, at) => (page.isClosed() ? null : page.screenshot({ path: join(folder, `${at}.png`) }).catch(() => {}))));
  const calls = await lab.calls().catch(why => String(why));
  console.error(`FAILED ${name}\n${error.stack ?? error}\n  calls: ${JSON.stringify(calls)}\n  kept: ${folder}`);
}

async function one(lab, { name, run }) {
  const pages = new Pages(browser, lab);
  const at = Date.now();
  try {
    await within(name, run({ lab, pages }), LIMIT);
    const wrong = await pages.wrong();
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    tally.passed += 1;
  } catch (error) {
    tally.failed += 1;
    await told(lab, pages, name, error);
  } finally {
    await pages.close();
    await lab.calm().catch(error => console.error(`after ${name}: ${error.message}`));
  }
  if (process.env.TIMES) console.error(`${((Date.now() - at) / 1000).toFixed(1)} s  ${name}`);
}

async function lane({ tests, changes = [], ownPlan = false }) {
  const wanted = tests.filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)));
  if (wanted.length === 0) return;
  const lab = await Lab.start(program, changes, ownPlan);
  const before = tally.failed;
  try {
    for (const test of wanted) await one(lab, test);
  } finally {
    const keep = tally.failed > before;
    if (keep) console.error(await lab.said());
    await lab.stop({ keep });
  }
}

/** A lane whose daemon does not start, say, has failed; the others run on. */
async function held(of) {
  try {
    await lane(of);
  } catch (error) {
    tally.failed += 1;
    console.error(error.stack ?? error);
  }
}

await held({ tests: returns.alone });
const left = [...LANES];
await Promise.all(Array.from({ length: BESIDE }, async () => {
  for (let next = left.shift(); next; next = left.shift()) await held(next);
}));
await browser.close();
const seconds = Math.round((Date.now() - began) / 1000);
const failed = tally.failed > 0 ? `, ${tally.failed} failed` : '';
console.log(`browser: ${tally.passed} passed${failed} in ${seconds} s`);
process.exit(tally.failed > 0 || tally.passed === 0 ? 1 : 0);
