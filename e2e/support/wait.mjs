// Waiting for something to become true, with a deadline. Tests never sleep in the hope that it has.

import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `probe` until it gives something truthy, and returns that.
 * @param {string} what what is waited for, for the message when it does not come
 * @param {() => unknown} probe may be async; an exception counts as "not yet"
 * @param {number} [withinMs] the deadline in milliseconds
 */
export async function until(what, probe, withinMs = 15_000) {
  const deadline = Date.now() + withinMs;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${withinMs} ms for ${what}; last answer: ${describe(last)}`);
    }
    await sleep(50);
  }
}

/**
 * For what is promised within a time: a machine that stands still is late once, a program that is late is late every time.
 * @param {string} what what is promised, for the message when it was late three times
 * @param {number} withinMs
 * @param {() => Promise<number>} attempt has it happen anew, and gives after how many milliseconds it did
 */
export async function promptly(what, withinMs, attempt) {
  const took = [];
  while (took.length < 3) {
    took.push(await attempt());
    if (took.at(-1) <= withinMs) return;
  }
  throw new Error(`${what}: after ${took.join(', ')} ms, never within ${withinMs}`);
}

function describe(value) {
  return value instanceof Error ? value.message : JSON.stringify(value);
}
