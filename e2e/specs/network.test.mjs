// The agent's network is gone for 20 seconds. Everything that came meanwhile appears, once, and nothing that was there is lost.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { deliveries, panel, welcomes } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

const OUTAGE_MS = 20_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Pushes cards while the network is broken by `breakIt`, mends it, and looks at what the agent has. */
async function outage(name, breakIt, mend, check) {
  await withStack(name, { proxy: true }, async (stack) => {
    const opened = await open(browser, `${stack.url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
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
    await mend(stack, opened);

    const all = ['before', ...meanwhile];
    await agent.shows(all, 45_000);
    await stack.platform.admin.push('AGT-1', alertFrame({ id: 'after' }));
    await agent.shows([...all, 'after']);
    assert.deepEqual(deliveries(opened.seen), Object.fromEntries([...all, 'after'].map((id) => [id, 1])), 'each card was sent once');
    await until('the status line to be quiet again', async () => !/reconnect|offline/i.test(await agent.status()));
  });
}

// Each waits more than it works, and each has a stack of its own.
describe('an outage', { concurrency: 3 }, () => {
  test('20 s with all connections reset and refused', async () => {
    await outage(
      'network-cut',
      async ({ network }) => network.cut(),
      async ({ network }) => network.restore(),
      async (agent) => assert.match(await agent.status(), /reconnect|offline|connection/i, 'the agent is told'),
    );
  });

  test('20 s in which nothing passes and no connection ends', async () => {
    await outage('network-stall', async ({ network }) => network.stall(), async ({ network }) => network.restore());
  });

  test('20 s offline: the panel tries at once when the browser is online again', async () => {
    let seen;
    await outage(
      'network-offline',
      async ({ network }, opened) => {
        await opened.context.setOffline(true);
        network.cut();
        seen = opened.seen;
      },
      async ({ network }, { context }) => {
        network.restore();
        await context.setOffline(false);
        // By itself it may wait for up to 30 s.
        await until('the panel to be back before its next try', () => welcomes(seen).length >= 2, 10_000);
      },
    );
  });
});
