// Keys as an agent presses them, timed by the page's own clock, which is the machine's.

import { setTimeout as sleep } from 'node:timers/promises';

import { until } from './wait.mjs';

/** With a longer pause between two keys it may be more than one burst: the panel takes one to be over after 2 s. */
const LONGEST_PAUSE_MS = 1_500;

/** Notes from now on when the page's fields are written in. */
export async function watchKeys(page) {
  await page.evaluate(() => {
    window.keyTimes = [];
    document.addEventListener('input', () => window.keyTimes.push(Date.now()), true);
  });
}

/** When the last key came. */
export const lastKey = (page) => page.evaluate(() => window.keyTimes.at(-1));

/**
 * Types a burst in a page whose keys are watched, and waits for its end.
 * @param {object} options
 * @param {import('playwright-core').Page} options.page its focus is in a field
 * @param {() => Promise<{at_ms: number, typing: boolean}[]>} options.view what the customer has seen so far
 * @returns what the customer saw of it, how long after the last key its end came, and whether the machine stood still in
 * between, so that it was no burst
 */
export async function burst({ page, view, everyMs, forMs }) {
  const before = (await view()).length;
  await page.evaluate(() => { window.keyTimes = []; });
  for (const end = Date.now() + forMs; Date.now() < end;) {
    await page.keyboard.press('a');
    await sleep(everyMs);
  }
  const times = await page.evaluate(() => window.keyTimes);
  const states = await until('the end of a burst', async () => {
    const seen = (await view()).slice(before);
    return seen.at(-1)?.typing === false && seen;
  });
  const hadPause = times.some((at, index) => at - (times[index - 1] ?? at) >= LONGEST_PAUSE_MS);
  // So that all of it is over before the next.
  if (hadPause) await sleep(3_000);
  return { states: states.map(({ typing }) => typing), afterMs: states.at(-1).at_ms - times.at(-1), hadPause };
}
