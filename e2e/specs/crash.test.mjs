// The server dies at the worst moment and comes back with the same database. Nothing acknowledged is lost, nothing comes twice.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { deliveries, panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('SIGKILL and restart: every card once, and a dismissal made meanwhile is delivered once', async () => {
  await withStack('crash', {}, async ({ url, platform, server }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    const before = ['b0', 'b1', 'b2'];
    for (const id of before) await platform.admin.push('AGT-1', alertFrame({ id }));
    await agent.shows(before);
    await until('the first reports', async () => (await platform.outcomes()).length >= before.length);

    assert.equal(await server.kill(), 'SIGKILL');
    await agent.dismiss('b1');
    // The time for undo ends while the server is away, so the action waits in the panel's outbox.
    await until('the card to leave', async () => !(await agent.ids()).includes('b1'));
    await until('the time for undo to be over', async () => (await opened.page.locator('button[data-action="undo"]').count()) === 0);
    // Late, because what the platform sends before it has seen the server's end is lost.
    const meanwhile = ['m0', 'm1', 'm2'];
    for (const id of meanwhile) await platform.admin.push('AGT-1', alertFrame({ id }));
    await server.restart();

    const left = ['b0', 'b2', ...meanwhile];
    await agent.shows(left, 45_000);
    await until('the dismissal to reach the platform', async () => (await platform.outcomes()).some(({ command }) => command === 'DISMISSED'), 45_000);
    await platform.admin.push('AGT-1', alertFrame({ id: 'last' }));
    await agent.shows([...left, 'last']);
    // A report that was on its way when the server died is made again, because nobody knows whether it arrived.
    const reported = async () => [...new Set((await platform.outcomes()).filter(({ command }) => command === 'RENDERED').map(({ objectId }) => objectId))].sort();
    await until('all reports', async () => (await reported()).length >= 7);

    assert.deepEqual(deliveries(opened.seen), { b0: 1, b1: 1, b2: 1, m0: 1, m1: 1, m2: 1, last: 1 }, 'each card was sent once');
    assert.deepEqual(await reported(), ['b0', 'b1', 'b2', 'last', 'm0', 'm1', 'm2']);
    const dismissed = (await platform.outcomes()).filter(({ command }) => command === 'DISMISSED');
    assert.deepEqual(dismissed, [{ command: 'DISMISSED', objectId: 'b1' }]);
  });
});

test('a page that is reloaded while the server is away keeps its waiting dismissal', async () => {
  await withStack('crash-reload', { proxy: true }, async ({ url, platform, server, network }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'c0' }));
    await platform.admin.push('AGT-1', alertFrame({ id: 'c1' }));
    await agent.shows(['c0', 'c1']);
    network.cut();
    await agent.dismiss('c0');
    await until('the card to leave', async () => !(await agent.ids()).includes('c0'));
    await until('the time for undo to be over', async () => (await opened.page.locator('button[data-action="undo"]').count()) === 0);
    await server.kill();
    await server.restart();
    network.restore();
    await opened.page.reload();
    await until('the dismissal to reach the platform', async () => (await platform.outcomes()).some(({ command }) => command === 'DISMISSED'), 45_000);
    await agent.shows(['c1']);
    const dismissed = (await platform.outcomes()).filter(({ command }) => command === 'DISMISSED');
    assert.deepEqual(dismissed, [{ command: 'DISMISSED', objectId: 'c0' }]);
  });
});

test('a planned stop says goodbye and ends cleanly', async () => {
  await withStack('drain', {}, async ({ url, platform, server }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'd0' }));
    await agent.shows(['d0']);
    assert.equal(await server.stop(), 0);
    // What the browser saw is told to us a moment later.
    await until('the goodbye', () => opened.seen.received.some(({ type }) => type === 'bye'));
    await server.restart();
    await agent.greeted(2, 45_000);
    await agent.shows(['d0']);
  });
});
