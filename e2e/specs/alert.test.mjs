// A risk score becomes a card on the agent's screen, through every part, and what the agent does with it reaches the platform.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('a critical risk score becomes a card, once', async () => {
  await withStack('alert', {}, async ({ url, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    await panel(opened).greeted();
    const factors = ['threat language', '<img src=x onerror=alert(1)>'];
    await platform.admin.risk([
      { interactionId: 'INT-7', agentId: 'AGT-1', riskScore: 0.97, factors },
      { interactionId: 'INT-8', agentId: 'AGT-1', riskScore: 0.5, factors: [] },
      { interactionId: 'INT-9', agentId: 'AGT-2', riskScore: 0.99, factors: [] },
    ]);
    const card = opened.page.locator('article[data-kind="alert"][data-level="CRITICAL"]');
    await card.waitFor();
    const text = await card.innerText();
    assert.match(text, /INT-7/);
    assert.match(text, /97/);
    assert.match(text, /threat language/);
    assert.match(text, /<img src=x onerror=alert\(1\)>/, 'a factor is text, whatever it looks like');

    // A newer alert on the same interaction and level takes the place of the older.
    await platform.admin.risk([{ interactionId: 'INT-7', agentId: 'AGT-1', riskScore: 0.985, factors: ['a weapon was named'] }]);
    await until('the newer alert', async () => /a weapon was named/.test((await card.allInnerTexts()).join('\n')));
    assert.equal(await opened.page.locator('article[data-card-id]').count(), 1, 'neither a low score nor another agent makes a card here');
    assert.deepEqual(opened.seen.dialogs, []);
  });
});

test('an agent sees what came before the page was open', async () => {
  await withStack('alert-before', {}, async ({ url, platform }) => {
    const first = await open(browser, `${url}/?agent=AGT-1`);
    await panel(first).greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'early' }));
    await panel(first).shows(['early']);
    await first.context.close();
    const second = await open(browser, `${url}/?agent=AGT-1`);
    await panel(second).shows(['early']);
  });
});

test('a dismissal reaches the platform once, after the time for undo', async () => {
  await withStack('alert-dismiss', {}, async ({ url, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'a1', level: 'CRITICAL' }));
    await platform.admin.push('AGT-1', alertFrame({ id: 'a2' }));
    await agent.shows(['a1', 'a2']);

    // The time for undo is the agent's: not even a busy machine takes it up with the way to the button.
    await opened.page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
      const observer = new MutationObserver(() => {
        const undo = shadowRoot.querySelector('button[data-action="undo"]');
        if (!undo) return;
        observer.disconnect();
        undo.click();
        window.hasUndone = true;
      });
      observer.observe(shadowRoot, { childList: true, subtree: true });
    });
    await agent.dismiss('a2');
    await opened.page.waitForFunction(() => window.hasUndone);
    await agent.shows(['a1', 'a2']);

    await agent.dismiss('a1');
    const outcomes = await until('the platform to hear of it', async () => {
      const found = await platform.outcomes();
      return found.some(({ command }) => command === 'DISMISSED') && found.length >= 3 && found;
    });
    assert.deepEqual(outcomes.filter(({ command }) => command === 'DISMISSED').map(({ objectId }) => objectId), ['a1']);
    assert.deepEqual(outcomes.filter(({ command }) => command === 'RENDERED').map(({ objectId }) => objectId).sort(), ['a1', 'a2']);
    await agent.shows(['a2']);
  });
});

test('a dismissal is sent in its time although the clock of the machine is set back', async () => {
  await withStack('alert-clock', {}, async ({ url, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'a1' }));
    await agent.shows(['a1']);
    await agent.dismiss('a1');
    await opened.page.evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() - 3_600_000;
    });
    await until('the platform to hear of it', async () => (await platform.outcomes()).some(({ command }) => command === 'DISMISSED'));
  });
});
