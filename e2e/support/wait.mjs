// Waiting for something to become true, with a deadline. Tests never sleep in the hope that it has.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts at most so much for the time between two looks at the clock, in milliseconds. */
const MOST_AT_ONCE_MS = 1_000;
/** When this program itself was not let run for so long, the machine stood still. */
const STANDSTILL_MS = 100;

/** How many milliseconds the machine has worked: while it stands still, nobody comes nearer to what a test waits for. */
let worked = 0;
let looked = performance.now();
setInterval(() => {
  const now = performance.now();
  worked += Math.min(now - looked, MOST_AT_ONCE_MS);
  looked = now;
}, 50).unref();

/**
 * Calls `probe` until it gives something truthy, and returns that.
 * @param {string} what what is waited for, for the message when it does not come
 * @param {() => unknown} probe may be async; an exception counts as "not yet"
 * @param {number} [withinMs] the deadline in milliseconds in which the machine works; what is promised within a time is for `promptly`
 */
export async function until(what, probe, withinMs = 60_000) {
  const deadline = worked + withinMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (worked > deadline) {
      throw new Error(`waited ${withinMs} ms for ${what}; last answer: ${describe(last)}`);
    }
    await sleep(50);
  }
}

/**
 * For what is promised within a time: a machine that stands still is late now and then, a program that is late is late every time.
 * @param {string} what what is promised, for the message when it was late three times
 * @param {number} withinMs
 * @param {() => Promise<number | undefined>} attempt has it happen anew, and gives after how many milliseconds it did (`Infinity`: not at
 * all), or nothing if that could not be seen. This counts as little as being late while the machine stood still
 */
export async function promptly(what, withinMs, attempt) {
  const attempts = [];
  for (let late = 0; late < 3 && attempts.length < 15;) {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const took = await attempt();
    delay.disable();
    if (took <= withinMs) return;
    const isVoid = took === undefined || delay.max > STANDSTILL_MS * 1e6;
    attempts.push(isVoid ? `${took} (void)` : took);
    if (!isVoid) late += 1;
  }
  throw new Error(`${what}: after ${attempts.join(', ')} ms, never within ${withinMs}`);
}

function describe(value) {
  return value instanceof Error ? value.message : JSON.stringify(value);
}
