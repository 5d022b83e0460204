// Fifty random schedules of posts, repeats, decisions, withdrawals, reloads, dropped sockets and killed servers. Whatever the order:
// each card is shown at most once, each decision counts exactly once, and no slot is lost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { CARD, panel } from '../support/panel.mjs';
import { random } from '../support/random.mjs';
import { withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

const SCHEDULES = 50;
const AT_ONCE = 5;
const STEPS = 12;
/** What the platform has handed out is there after this, or was lost with the server that it was handed to. */
const COMES_WITHIN_MS = 10_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test(`${SCHEDULES} random schedules`, async () => {
  await withStack('schedules', { settings: { api: { requests_per_second: 10_000 } } }, async (stack) => {
    for (let first = 0; first < SCHEDULES; first += AT_ONCE) {
      const seeds = Array.from({ length: AT_ONCE }, (_, n) => first + n);
      const draw = random(first);
      const lives = await Promise.all(seeds.map((seed) => begin(stack, seed)));
      const disturbance = disturb(stack, draw);
      await Promise.all(lives.map((life) => life.play()));
      const wasKilled = await disturbance;
      await Promise.all(lives.map((life) => life.settle(wasKilled)));
    }
  });
});

/** What happens to everyone meanwhile; whether the server was killed. */
async function disturb({ platform, server }, draw) {
  let wasKilled = false;
  for (const _ of [1, 2]) {
    const what = draw.pick(['kill', 'drop', 'drop', 'tokens']);
    if (what === 'kill') {
      wasKilled = true;
      await server.kill();
      await server.restart();
    } else if (what === 'drop') {
      await platform.admin.drop(draw.pick(['suggestions', 'notifications', 'all']));
    } else {
      await platform.admin.expireTokens();
      await platform.admin.drop('all');
    }
  }
  return wasKilled;
}

/** One agent with one conversation, under one schedule. */
async function begin({ url, direct, platform }, seed) {
  const draw = random(1000 + seed);
  const api = client(direct);
  const [agentId, interaction] = [`AGT-${seed}`, `INT-${seed}`];
  await platform.admin.interaction(interaction, agentId);
  const opened = await open(browser, `${url}/?agent=${agentId}`);
  const agent = panel(opened);
  await agent.greeted();

  const posted = [];
  const decided = new Map();
  const withdrawn = new Set();
  // The server may be away: whoever posts tries again, with the same key.
  const insist = (what, act) => until(`seed ${seed}: ${what}`, act, 120_000);
  const look = async () => {
    // The page may be on its way to a new life still.
    const shown = await insist('a look', agent.ids);
    assert.equal(new Set(shown).size, shown.length, `seed ${seed}: twice on screen: ${shown}`);
    return shown;
  };
  const body = (id) => ({ id, agent_id: agentId, interaction_id: interaction, content: `Suggestion ${id}`, relevance: 0.9, expires_in_seconds: 600 });

  const left = () => posted.filter((id) => !decided.has(id) && !withdrawn.has(id)).sort();
  const takeBack = async (id) => {
    withdrawn.add(id);
    await insist(`withdrawing ${id}`, async () => (await api.withdraw(id)).status < 500);
  };
  const steps = {
    async post() {
      const id = `s${seed}-${posted.length}`;
      let isTaken = false;
      await insist(`posting ${id}`, async () => {
        const times = draw.pick([1, 1, 2]);
        for (let n = 0; n < times; n += 1) {
          try {
            await api.post('suggestions', body(id), id);
            isTaken = true;
          } catch (error) {
            if (/buffer_limit/.test(error.message)) return true;
            throw error;
          }
        }
        return true;
      });
      if (isTaken) posted.push(id);
    },
    async decide() {
      const shown = (await look()).filter((id) => !decided.has(id) && !withdrawn.has(id));
      if (shown.length === 0) return;
      const id = draw.pick(shown);
      const outcome = draw.pick(['accepted', 'dismissed']);
      const button = agent.card(id).locator(`button[data-action="${outcome === 'accepted' ? 'accept' : 'dismiss'}"]`);
      // The card may leave in this moment. A click that gives up after a time may have been done all the same.
      const done = await button.evaluateAll((all) => {
        all[0]?.click();
        return all.length > 0;
      });
      if (done) decided.set(id, outcome);
    },
    async withdraw() {
      if (left().length > 0) await takeBack(draw.pick(left()));
    },
    async reload() {
      await insist('a reload', () => opened.page.reload({ timeout: 20_000 }).then(() => true));
    },
  };

  return {
    async play() {
      for (let n = 0; n < STEPS; n += 1) await steps[draw.pick(['post', 'post', 'post', 'decide', 'decide', 'withdraw', 'reload'])]();
    },
    async settle(wasKilled) {
      const isLeft = async () => (await look()).sort().join() === left().join();
      // What the platform wrote to a server that was killed before it read it comes to nobody, and keeps its slot until it is taken back.
      if (wasKilled && !(await until('all that comes', isLeft, COMES_WITHIN_MS).catch(() => false))) {
        const shown = await look();
        for (const id of left()) {
          if (!shown.includes(id) && (await api.card(id)).state === 'sent') await takeBack(id);
        }
      }
      await insist('what is left is on screen', isLeft);
      await insist('every decision is counted', async () => {
        const states = await Promise.all([...decided.keys()].map(async (id) => (await api.card(id)).state));
        return [...decided.values()].join() === states.join();
      });
      const outcomes = (await api.outcomes()).filter(({ interaction_id }) => interaction_id === interaction);
      for (const id of posted) {
        const of = outcomes.filter(({ card_id }) => card_id === id).map(({ outcome }) => outcome);
        assert.equal(new Set(of).size, of.length, `seed ${seed}: ${id} has an outcome twice: ${of}`);
        const ends = of.filter((outcome) => !['sent', 'delivered', 'rendered', 'adopted'].includes(outcome));
        assert.deepEqual(ends, decided.has(id) ? [decided.get(id)] : withdrawn.has(id) ? ['withdrawn'] : [], `seed ${seed}: ${id}: ${of}`);
      }
      // No slot is lost, neither with us nor with the platform: as many as are free can be filled.
      const free = 5 - left().length;
      for (let n = 0; n < free; n += 1) {
        const id = `f${seed}-${n}`;
        await insist(`a free slot for ${id}`, () => api.post('suggestions', body(id), id));
        posted.push(id);
      }
      await insist('all slots are filled', async () => (await look()).length === 5 && isLeft());
      assert.equal(await opened.page.locator(CARD).count(), 5);
      await opened.context.close();
    },
  };
}
