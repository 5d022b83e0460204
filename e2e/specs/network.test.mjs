// The agent's network is gone for 20 seconds. Everything that came meanwhile appears, once, and nothing that was there is lost.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { deliveries, panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { promptly, until } from '../support/wait.mjs';

const OUTAGE_MS = 20_000;
/** A connection that is silent for longer may be given up, and then what was under way on it comes again. */
const SILENCE_MS = 30_000;
/** By itself the panel may wait for 30 s between two tries. */
const BACK_MS = 45_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/**
 * Pushes cards while the network is broken by `breakIt`, mends it, and looks at what the agent has: after how many milliseconds it was
 * all there, or nothing if the outage became too long.
 */
function outage(name, breakIt, mend, check) {
  return withStack(name, { proxy: true }, async (stack) => {
    const opened = await open(browser, `${stack.url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    const since = Date.now();
    await stack.platform.admin.push('AGT-1', alertFrame({ id: 'before' }));
    await agent.shows(['before']);

    await breakIt(stack, opened);
    const meanwhile = Array.from({ length: 8 }, (_, index) => `meanwhile-${index}`);
    for (const id of meanwhile) {
      await stack.platform.admin.push('AGT-1', alertFrame({ id }));
      await sleep(OUTAGE_MS / meanwhile.length);
    }
    assert.deepEqual(await agent.ids(), ['before'], 'nothing gets through while the network is gone');
    await check?.(agent);
    if (Date.now() - since > SILENCE_MS) return undefined;
    const before = Date.now();
    await mend(stack, opened);

    const all = ['before', ...meanwhile];
    await agent.shows(all);
    const took = Date.now() - before;
    await stack.platform.admin.push('AGT-1', alertFrame({ id: 'after' }));
    await agent.shows([...all, 'after']);
    assert.deepEqual(deliveries(opened.seen), Object.fromEntries([...all, 'after'].map((id) => [id, 1])), 'each card was sent once');
    await until('the status line to be quiet again', async () => !/reconnect|offline/i.test(await agent.status()));
    await opened.context.close();
    return took;
  });
}

// Each waits more than it works, and each has a stack of its own.
describe('an outage', { concurrency: 3 }, () => {
  test('20 s with all connections reset and refused', async () => {
    await promptly('all cards after a cut', BACK_MS, () => outage(
      'network-cut',
      async ({ network }) => network.cut(),
      async ({ network }) => network.restore(),
      async (agent) => assert.match(await agent.status(), /reconnect|offline|connection/i, 'the agent is told'),
    ));
  });

  test('20 s in which nothing passes and no connection ends', async () => {
    await promptly('all cards after a stall', BACK_MS, () => outage('network-stall', async ({ network }) => network.stall(), async ({ network }) => network.restore()));
  });

  test('20 s offline: the panel tries at once when the browser is online again', async () => {
    await promptly('all cards, before the next try', 5_000, () => outage(
      'network-offline',
      async ({ network }, { page, context }) => {
        // By itself it would try some 30 s after the loss, which is 10 s after its end.
        await page.evaluate(() => { Math.random = () => 0.99; });
        await context.setOffline(true);
        network.cut();
      },
      async ({ network }, { context }) => {
        network.restore();
        await context.setOffline(false);
      },
    ));
  });
});
