// A suggestion from the HTTP API to the agent and back to everyone who must know what became of it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { startReceiver } from '../support/receiver.mjs';
import { withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const suggestion = (id, more = {}) => ({
  id,
  agent_id: 'AGT-1',
  interaction_id: 'INT-1',
  content: 'Verify return policy eligibility before processing the refund',
  priority: 'HIGH',
  relevance: 0.85,
  source: 'returns-model',
  ...more,
});

/** Waits until the decision on a card has arrived everywhere, and checks that it did so once. */
async function isDecidedOnce({ api, receiver, id, outcome }) {
  await until(`the platform's own word on ${id}`, async () => (await api.card(id)).platform.some((said) => said.event === outcome), 30_000);
  await until(`a callback on ${id}`, () => receiver.received.some(({ card_id, event }) => card_id === id && event === outcome));
  const of = (await api.outcomes()).filter(({ card_id }) => card_id === id).map((one) => one.outcome);
  assert.deepEqual(of.filter((one) => one === outcome), [outcome], `${of}`);
  assert.deepEqual(of.filter((one) => one === 'rendered'), ['rendered'], `${of}`);
  const calls = receiver.received.filter(({ card_id, event }) => card_id === id && event === outcome);
  assert.equal(new Set(calls.map(({ delivery }) => delivery)).size, 1, 'repeats, if any, are the same delivery');
  assert.ok(calls.every(({ is_signed }) => is_signed));
}

test('accepted by keyboard: outcome, callback, and the word of the platform', async () => {
  const receiver = await startReceiver();
  try {
    await withStack('suggestion', { settings: { callbacks: { receivers: [receiver.settings] } } }, async ({ url, direct, platform }) => {
      const api = client(direct);
      await platform.admin.interaction('INT-1', 'AGT-1');
      const opened = await open(browser, `${url}/?agent=AGT-1`);
      const agent = panel(opened);
      await agent.greeted();
      const id = randomUUID();
      const taken = await api.post('suggestions', suggestion(id), 'first');
      assert.equal(taken.id, id);
      assert.equal((await api.post('suggestions', suggestion(id), 'first')).id, id, 'a repeat is the same card');
      await agent.shows([id]);
      assert.match(await agent.card(id).innerText(), /Verify return policy eligibility/);
      // A decision before that would leave nothing to report.
      await until('it to be reported as seen', () => opened.seen.sent.some(({ kind }) => kind === 'rendered'));
      await opened.page.keyboard.press('Tab');
      await agent.card(id).focus();
      await opened.page.keyboard.press('Enter');
      await agent.shows([]);
      await isDecidedOnce({ api, receiver, id, outcome: 'accepted' });
      const { state, outcomes } = await api.card(id);
      assert.equal(state, 'accepted');
      assert.deepEqual(outcomes.map(({ outcome }) => outcome), ['sent', 'delivered', 'rendered', 'accepted']);
      const { active, acceptance_rate } = await api.interaction('INT-1');
      assert.deepEqual({ active, acceptance_rate }, { active: 0, acceptance_rate: 1 });
    });
  } finally {
    await receiver.close();
  }
});

test('the same when the platform, the server and the browser are each killed on the way', async () => {
  const receiver = await startReceiver();
  try {
    await withStack('suggestion-kills', { settings: { callbacks: { receivers: [receiver.settings] } } }, async ({ url, direct, platform, server }) => {
      const api = client(direct);
      await platform.admin.interaction('INT-1', 'AGT-1');
      const id = randomUUID();
      await platform.kill();
      // Nobody is there to take it: it waits.
      await api.post('suggestions', suggestion(id));
      assert.equal(await server.kill(), 'SIGKILL');
      await platform.restart();
      // It has forgotten that, too, and would refuse what it gets before it knows.
      await platform.admin.interaction('INT-1', 'AGT-1');
      await server.restart();

      const doomed = await launch();
      try {
        const first = await open(doomed, `${url}/?agent=AGT-1`);
        await panel(first).shows([id], 45_000);
      } finally {
        await doomed.close();
      }

      const second = await open(browser, `${url}/?agent=AGT-1`);
      const agent = panel(second);
      await agent.shows([id]);
      assert.equal(await server.kill(), 'SIGKILL');
      await agent.card(id).focus();
      await second.page.keyboard.press('Enter');
      await server.restart();
      await isDecidedOnce({ api, receiver, id, outcome: 'accepted' });
      await agent.shows([], 45_000);
      assert.equal((await api.interaction('INT-1')).active, 0, 'its slot is free');
    });
  } finally {
    await receiver.close();
  }
});

test('withdrawn, superseded and outdated cards leave the panel, and say so', async () => {
  await withStack('suggestion-withdrawn', {}, async ({ url, direct, platform }) => {
    const api = client(direct);
    await platform.admin.interaction('INT-1', 'AGT-1');
    const agent = panel(await open(browser, `${url}/?agent=AGT-1`));
    await agent.greeted();
    const [withdrawn, older, newer, stale, last] = Array.from({ length: 5 }, () => randomUUID());
    await api.post('suggestions', suggestion(withdrawn));
    await api.post('suggestions', suggestion(older));
    await api.post('suggestions', suggestion(stale, { revision: 3 }));
    await agent.shows([withdrawn, older, stale]);
    assert.equal((await api.withdraw(withdrawn)).status, 200);
    await api.post('suggestions', suggestion(newer, { supersedes: older }));
    await api.post('suggestions', suggestion(last, { revision: 4 }));
    await agent.shows([newer, last]);
    const states = await Promise.all([withdrawn, older, stale].map(async (id) => (await api.card(id)).state));
    assert.deepEqual(states, ['withdrawn', 'superseded', 'stale']);
    assert.equal((await api.interaction('INT-1')).active, 2);
  });
});

test('accepted too late: the agent reads why, in their own words', async () => {
  await withStack('suggestion-late', { proxy: true }, async ({ url, direct, platform, network }) => {
    const api = client(direct);
    await platform.admin.interaction('INT-1', 'AGT-1');
    const opened = await open(browser, `${url}/?agent=AGT-1&lang=de`);
    const agent = panel(opened);
    await agent.greeted();
    const id = randomUUID();
    await api.post('suggestions', suggestion(id));
    await agent.shows([id]);
    network.cut();
    await agent.card(id).focus();
    await opened.page.keyboard.press('Enter');
    await opened.page.locator('.decided[data-state="deciding"]').waitFor();
    assert.equal((await api.withdraw(id)).status, 200);
    network.restore();
    const row = opened.page.locator(`.decided[data-card-id="${id}"]`);
    await until('the refusal', async () => /^Nicht angenommen\b.*\binzwischen zurückgezogen$/i.test((await row.innerText()).replace(/\s+/g, ' ')), 45_000);
    assert.equal((await api.card(id)).state, 'withdrawn');
  });
});

test('dismissed, and then the host takes the panel away: it counts', async () => {
  await withStack('suggestion-gone', {}, async ({ url, direct, platform }) => {
    const api = client(direct);
    await platform.admin.interaction('INT-1', 'AGT-1');
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    const id = randomUUID();
    await api.post('suggestions', suggestion(id));
    await agent.shows([id]);
    await agent.dismiss(id);
    await opened.page.evaluate(() => document.querySelector('cuecard-panel').remove());
    await until('the dismissal', async () => (await api.card(id)).state === 'dismissed');
  });
});

test('a prompt of twelve snippets shows the best ten, and a snippet is adopted once', async () => {
  await withStack('prompt', {}, async ({ url, direct }) => {
    const api = client(direct);
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    const snippets = Array.from({ length: 12 }, (_, n) => ({ snippet_id: `KB-${n}`, content: `Snippet ${n}`, tags: n >= 2 ? ['billing'] : [], source_system: 'KNOWLEDGE_BASE' }));
    const { id, dropped } = await api.prompt({ agent_id: 'AGT-1', interaction_id: 'INT-1', snippets, topics: ['Billing'], level: 4, override: true });
    assert.deepEqual([...dropped].sort(), ['KB-0', 'KB-1']);
    await agent.shows([id]);
    await agent.card(id).focus();
    await opened.page.keyboard.press('1');
    await opened.page.keyboard.press('1');
    const adopted = async () => (await api.outcomes()).filter(({ outcome }) => outcome === 'adopted').map(({ snippet_id }) => snippet_id);
    await until('the adoption', async () => (await adopted()).length > 0);
    await opened.page.keyboard.press('Delete');
    await until('the dismissal', async () => (await api.card(id)).state === 'dismissed');
    assert.deepEqual(await adopted(), ['KB-2']);
  });
});
