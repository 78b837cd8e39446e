// Waiting for what is to become so: nothing is waited for by the clock alone.
// So long anything is waited for that comes at once on a machine with nothing else to do, ms.
export const PATIENCE = 12_000;

export const pause = ms => new Promise(resolve => { setTimeout(resolve, ms); });

/** Looks again and again until `look` gives something; says `what` was waited for, and what was last seen, where it never does. */
export async function until(what, look, ms = PATIENCE) {
  const end = Date.now() + ms;
  let seen;
  for (;;) {
    try {
      const found = await look(note => { seen = note; });
      if (found) return found;
    } catch (error) {
      seen = error.message;
    }
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}${seen === undefined ? '' : `; seen: ${typeof seen === 'string' ? seen : JSON.stringify(seen)}`}`);
    await pause(40);
  }
}

/** A promise that is kept from outside. */
export function promise() {
  let keep;
  const kept = new Promise(resolve => { keep = resolve; });
  return { kept, keep };
}

/** The promise, or a failure that says what did not come. */
export function within(what, kept, ms = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms); });
  return Promise.race([kept, late]).finally(() => clearTimeout(timer));
}
