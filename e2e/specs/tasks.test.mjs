// A finished interaction with a poor score becomes exactly one task and one notification, whatever fails in between.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { random } from '../support/random.mjs';
import { withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

const SECRET = 'a webhook secret for end-to-end tests';
const SETTINGS = { webhooks: { secret: SECRET } };

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Sends the event as an outside sender would; the answer's status, or undefined if there was none. */
async function deliver(base, interactionId, agentId, delivery = randomUUID()) {
  const body = JSON.stringify({ interactionId, agentId });
  const stamp = String(Math.floor(Date.now() / 1000));
  const mac = createHmac('sha256', SECRET).update(`${stamp}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-cuecard-timestamp': stamp, 'x-cuecard-signature': `v1=${mac}`, 'x-cuecard-delivery': delivery };
  try {
    const response = await fetch(`${base}/webhooks/interaction-completed`, { method: 'POST', headers, body });
    return { status: response.status, body: await response.text() };
  } catch {
    return {};
  }
}

const form = (value) => ({ responses: [{ fieldName: 'overall_satisfaction', value }] });

test('1,000 webhooks three times each, ten kills, 30 % of calls failing: one task and one notification for each poor score', async () => {
  const count = 1_000;
  const settings = { ...SETTINGS, tasks: { longest_wait_seconds: 8 } };
  await withStack('tasks', { settings }, async ({ direct, platform, server }) => {
    const draw = random(7);
    const poor = new Map();
    for (let n = 0; n < count; n += 1) {
      const value = draw.pick([1, '2', 2.9, 3, '3.9', 4, 5, 'n/a', null]);
      if (value !== null) await platform.admin.form(`INT-${n}`, form(value));
      if (value !== null && Number(value) < 4) poor.set(`INT-${n}`, Number(value) < 3 ? 'High' : 'Medium');
    }
    await platform.admin.faults(['forms', 'tasks', 'notifications'].flatMap((route) => [
      { route, fault: 'status', status: 503, rate: 0.19 },
      { route, fault: 'reset', rate: 0.1 },
      // Few, because each has all calls wait for a second or two.
      { route, fault: 'status', status: 429, retry_after: 1, rate: 0.01 },
    ]));

    const deliveries = Array.from({ length: count * 3 }, (_, n) => n % count);
    for (let n = deliveries.length - 1; n > 0; n -= 1) {
      const other = draw.pick(Array.from({ length: n + 1 }, (_, index) => index));
      [deliveries[n], deliveries[other]] = [deliveries[other], deliveries[n]];
    }
    const left = deliveries.values();
    const sender = async () => {
      for (const n of left) {
        await until(`the delivery of INT-${n}`, async () => (await deliver(direct, `INT-${n}`, `AGT-${n % 50}`)).status === 200, 60_000);
      }
    };
    const sending = Promise.all(Array.from({ length: 12 }, sender));
    for (let kill = 0; kill < 10; kill += 1) {
      await sleep(700);
      await server.kill();
      await server.restart();
    }
    await sending;

    const tasks = () => platform.admin.tasks();
    await until('all notifications', async () => (await platform.admin.notifications()).length >= poor.size, 900_000);
    await until('all tasks', async () => (await tasks()).length >= poor.size);
    const found = (await tasks()).map(({ body }) => [body.customFields[0].value, body.priority]).sort();
    assert.deepEqual(found, [...poor].sort());
    const notified = (await platform.admin.notifications()).map(({ body }) => /Review interaction (\S+)\.$/.exec(body.message)[1]).sort();
    assert.deepEqual(notified, [...poor.keys()].sort());
  });
});

test('an outside sender gets its answers, and the task card is on the panel and done once', async () => {
  await withStack('task-card', { settings: SETTINGS }, async ({ url, direct, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.form('INT-9', form('2'));
    const delivery = randomUUID();
    assert.deepEqual(await deliver(direct, 'INT-9', 'AGT-1', delivery), { status: 200, body: '{"received":true}' });
    assert.equal((await deliver(direct, 'INT-9', 'AGT-1', delivery)).status, 200, 'a repeat too');
    assert.equal((await deliver(direct, '', 'AGT-1')).status, 400);
    await agent.shows(['task-INT-9']);
    assert.match(await agent.card('task-INT-9').innerText(), /INT-9/);
    await agent.card('task-INT-9').focus();
    await opened.page.keyboard.press('Enter');
    await agent.shows([]);
    await opened.page.reload();
    await agent.greeted(2);
    await agent.shows([]);
    assert.equal((await platform.admin.tasks()).length, 1);
  });
});
