// An agent with many tabs: one socket for all, the same cards in all, and another tab in the lead when one goes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { burst, watchKeys } from '../support/keys.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { promptly, until } from '../support/wait.mjs';

/** Another tab leads after this at the latest. */
const TAKEOVER_MS = 2_000;
/** And after this all others follow it. */
const SHARED_MS = 15_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Opens a tab and waits until it is connected. */
async function openTab(url, context, use = browser) {
  const opened = await open(use, url, { context });
  await until('a tab to be connected', isConnected(opened));
  return { ...opened, agent: panel(opened) };
}

/** Opens tabs of one agent, one after the other. */
async function openTabs(count, url, use) {
  const tabs = [];
  while (tabs.length < count) tabs.push(await openTab(url, tabs[0]?.context, use));
  return tabs;
}

const isConnected = ({ page }) => async () => (await page.locator('cuecard-panel .state[data-state="connected"]').count()) === 1;
const leads = ({ seen }) => seen.openSockets > 0;
const leaderOf = (tabs) => tabs.find(leads);
const followersOf = (tabs) => tabs.filter((tab) => !leads(tab));
const allShow = (tabs, ids, withinMs) => Promise.all(tabs.map(({ agent }) => agent.shows(ids, withinMs)));
/** As if the machine had taken the tab's memory. */
const crash = async ({ page, context }) => {
  const devtools = await context.newCDPSession(page);
  devtools.send('Page.crash').catch(() => {});
};
/** How many sockets the server has. */
const connections = async ({ direct }) => {
  const metrics = await (await fetch(`${direct}/metrics`)).text();
  return Number(/^cuecard_connections (\d+)/m.exec(metrics)?.[1]);
};
/**
 * Waits until the server has one socket, and one of these tabs has it: after how many milliseconds that was. What the browser saw is told
 * to us a moment later. A tab that waits for a leader for more than 4 s has a socket of its own for as long as that holds (`shell/tabs.js`),
 * so on a machine that stands still it may never be.
 */
async function shareOne(stack, tabs) {
  const before = Date.now();
  const isShared = async () => (await connections(stack)) === 1 && (tabs === undefined || tabs.filter(leads).length === 1);
  return until('one socket for all', isShared, SHARED_MS).then(() => Date.now() - before, () => Infinity);
}
const outbox = ({ page }) => page.evaluate(() => Object.entries(sessionStorage)
  .filter(([key]) => key.startsWith('cuecard:'))
  .flatMap(([, value]) => JSON.parse(value).outbox));

test('one socket for three tabs: cards come to all, and what is decided in one leaves all', async () => {
  await withStack('tabs', {}, async (stack) => {
    const { url, direct, platform } = stack;
    const api = client(direct);
    await platform.admin.interaction('INT-1', 'AGT-1');
    const tabs = await openTabs(3, `${url}/?agent=AGT-1`);
    assert.deepEqual([tabs.map(({ seen }) => seen.sockets), await connections(stack)], [[1, 0, 0], 1]);

    await platform.admin.push('AGT-1', alertFrame({ id: 'a1' }));
    await api.post('suggestions', {
      id: 's1', agent_id: 'AGT-1', interaction_id: 'INT-1', content: 'Check the return policy', priority: 'HIGH', relevance: 0.9, source: 'model',
    }, 's1');
    await allShow(tabs, ['a1', 's1']);
    // A decision before that would leave nothing to report.
    await until('both to be reported as seen', async () => (await platform.outcomes()).length >= 2);

    const [one, two] = followersOf(tabs);
    await one.page.bringToFront();
    await one.agent.card('s1').locator('button[data-action="accept"]').click();
    await allShow(tabs, ['a1']);
    await two.page.bringToFront();
    await two.agent.dismiss('a1');
    await allShow(tabs, []);
    await until('both decisions at the platform', async () => (await platform.outcomes()).filter(({ command }) => command !== 'RENDERED').length >= 2);
    await until('empty outboxes', async () => (await Promise.all(tabs.map(outbox))).flat().length === 0);
    const outcomes = (await platform.outcomes()).map(({ command, objectId }) => `${command} ${objectId}`).sort();
    assert.deepEqual(outcomes, ['ACCEPTED s1', 'DISMISSED a1', 'RENDERED a1', 'RENDERED s1']);
    assert.deepEqual([tabs.map(({ seen }) => seen.sockets), await connections(stack)], [[1, 0, 0], 1]);
  });
});

test('a tab that comes later has the cards of before, and one that goes is followed within two seconds', async () => {
  await withStack('tabs-takeover', {}, async (stack) => {
    const { url, platform } = stack;
    const [first] = await openTabs(1, `${url}/?agent=AGT-1`);
    await platform.admin.push('AGT-1', alertFrame({ id: 'c0' }));
    await first.agent.shows(['c0']);
    const ids = ['c0'];
    const another = async () => {
      const tab = await openTab(`${url}/?agent=AGT-1`, first.context);
      await tab.agent.shows(ids);
      return tab;
    };
    const ends = {
      'closed tab': ({ page }) => page.close(),
      'crashed tab': crash,
      'removed panel': ({ page }) => page.locator('cuecard-panel').evaluate((element) => element.remove()),
    };
    let left = [first];
    for (const [name, end] of Object.entries(ends)) {
      await promptly(`the card everywhere after a ${name}`, TAKEOVER_MS, async () => {
        if (left.filter(leads).length > 1) {
          // They did not share one at last.
          await Promise.all(left.splice(1).map(({ page }) => page.close()));
          await until('the one that is left to lead', () => leaderOf(left));
        }
        while (left.length < 4) left.push(await another());
        const leader = leaderOf(left);
        left = left.filter((tab) => tab !== leader);
        assert.equal(left.filter(leads).length, 0);
        const before = Date.now();
        await end(leader);
        const id = `c${ids.length}`;
        ids.push(id);
        await platform.admin.push('AGT-1', alertFrame({ id }));
        await until(`the lead of another after a ${name}`, () => leaderOf(left));
        await allShow(left, ids);
        const took = Date.now() - before;
        return (await shareOne(stack, left)) <= SHARED_MS ? took : Infinity;
      });
    }
    const counts = await left[0].page.locator('article[data-card-id]').evaluateAll((cards) => cards.length);
    assert.equal(counts, ids.length, 'each card once');
  });
});

test('a killed server: all tabs come back, soon after the first, with one socket', async () => {
  await promptly('one socket for all', SHARED_MS, () => withStack('tabs-crash', {}, async (stack) => {
    const { url, platform, server } = stack;
    const tabs = await openTabs(3, `${url}/?agent=AGT-1`);
    await platform.admin.push('AGT-1', alertFrame({ id: 'k0' }));
    await allShow(tabs, ['k0']);
    await server.kill();
    const [one] = followersOf(tabs);
    await one.page.bringToFront();
    await one.agent.dismiss('k0');
    await Promise.all(tabs.map(({ agent }) => until('the outage to show', async () => /reconnect/i.test(await agent.status()))));
    // The time for undo ends while the server is away, so the action waits in the outbox.
    await until('the action to wait', async () => (await outbox(one)).some(({ kind }) => kind === 'dismissed'));
    await sleep(5_000);
    await server.restart();
    await platform.admin.push('AGT-1', alertFrame({ id: 'k1' }));
    await until('one to be back', () => leaderOf(tabs), 45_000);
    await allShow(tabs, ['k1'], 15_000);
    await until('the dismissal at the platform', async () => (await platform.outcomes()).some(({ command, objectId }) => command === 'DISMISSED' && objectId === 'k0'));
    await until('an empty outbox', async () => (await outbox(one)).length === 0);
    const took = await shareOne(stack, tabs);
    await one.context.close();
    return took;
  }));
});

test('pages that are kept for the way back hold nobody up, whether they lead or follow, and come back', async () => {
  const keeping = await launch({ keepsPages: true });
  try {
    await promptly('a card in all tabs that are left', TAKEOVER_MS, () => withStack('tabs-kept', {}, async (stack) => {
      const { url, platform } = stack;
      const [first, second, third, last] = await openTabs(4, `${url}/?agent=AGT-1`, keeping);
      const took = [];
      // The first in the queue for the lead.
      await second.page.goto('about:blank');
      await first.page.close();
      const push = async (id, tabs) => {
        const before = Date.now();
        await platform.admin.push('AGT-1', alertFrame({ id }));
        await until(`the lead of another before ${id}`, () => leaderOf(tabs));
        await allShow(tabs, ['k0', 'k1'].slice(0, Number(id.at(-1)) + 1));
        took.push(Date.now() - before);
      };
      await push('k0', [third, last]);
      const leader = leaderOf([third, last]);
      const other = leader === third ? last : third;
      await leader.page.goto('about:blank');
      await push('k1', [other]);
      for (const back of [second, leader]) {
        // The way back to a kept page has no load to wait for.
        await back.page.goBack({ waitUntil: 'commit' });
        await back.agent.shows(['k0', 'k1']);
        await until('it to be connected', isConnected(back));
      }
      // Of a page that came back the browser does not tell.
      const isShared = (await shareOne(stack)) <= SHARED_MS;
      await other.context.close();
      return isShared ? Math.max(...took) : Infinity;
    }));
  } finally {
    await keeping.close();
  }
});

test('three tabs that open at once share one session and one socket, and come back when it is ended', async () => {
  // A tab waits only for a second or so while another signs in.
  await promptly('one socket for all', SHARED_MS, () => withStack('tabs-at-once', {}, async (stack) => {
    const { url, platform } = stack;
    const context = await browser.newContext();
    const tabs = await Promise.all([0, 1, 2].map(() => openTab(`${url}/?agent=AGT-1`, context)));
    await platform.admin.push('AGT-1', alertFrame({ id: 'o0' }));
    await allShow(tabs, ['o0']);
    const took = await shareOne(stack, tabs);
    if (took > SHARED_MS) return context.close().then(() => took);

    const sockets = tabs.reduce((sum, { seen }) => sum + seen.sockets, 0);
    const status = await tabs[0].page.evaluate(async () => (await fetch('/api/session', { method: 'DELETE', headers: { 'X-Cuecard': '1' } })).status);
    assert.equal(status, 204);
    await until('another socket', () => tabs.reduce((sum, { seen }) => sum + seen.sockets, 0) > sockets && leaderOf(tabs));
    await platform.admin.push('AGT-1', alertFrame({ id: 'o1' }));
    await allShow(tabs, ['o0', 'o1']);
    await Promise.all(tabs.map((tab) => until('each to be connected', isConnected(tab))));
    const tookAgain = await shareOne(stack, tabs);
    await context.close();
    return Math.max(took, tookAgain);
  }));
});

test('typing in a tab without a socket is shown for as long as it lasts, and ends with its tab', async () => {
  await withStack('tabs-typing', { settings: { typing: { adapter: 'guests' } } }, async (stack) => {
    const { url, platform } = stack;
    const address = `${url}/?agent=AGT-1&interaction=INT-1`;
    const tabs = await openTabs(2, address);
    const [follower] = followersOf(tabs);
    const view = async () => Object.values(await platform.admin.typing()).flat();
    const isOn = async () => (await view()).at(-1).typing;
    const write = async ({ page }) => {
      await page.bringToFront();
      await page.locator('textarea.message').focus();
    };
    await write(follower);
    await watchKeys(follower.page);
    await promptly('the end of a burst', 15_000, async () => {
      // Longer than the broker believes a panel that it does not see.
      const { states, afterMs, hadPause } = await burst({ page: follower.page, view, everyMs: 300, forMs: 8_000 });
      if (hadPause) return undefined;
      assert.deepEqual(states, [true, false]);
      assert.ok(afterMs >= 2_000, `it ended ${afterMs} ms after the last key`);
      return afterMs;
    });
    await promptly('the end of what a tab has typed that crashed', 10_000, async () => {
      const doomed = await openTab(address, follower.context);
      await write(doomed);
      await until('the customer to see it', async () => {
        await doomed.page.keyboard.press('b');
        return isOn();
      });
      const keys = setInterval(() => doomed.page.keyboard.press('c').catch(() => {}), 300);
      const before = Date.now();
      await crash(doomed);
      await until('the customer to see its end', async () => !(await isOn())).finally(() => clearInterval(keys));
      return (await view()).at(-1).at_ms - before;
    });
    assert.deepEqual(followersOf(tabs), [follower], 'the leader leads on');
  });
});
