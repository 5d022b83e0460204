// An agent who reads the list with the mouse or the keyboard: what comes meanwhile waits, and nothing moves under them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** A panel with the alert `old` on its list; `body` gets it with what it does to it. */
async function withReader(name, body) {
  await withStack(`reading-${name}`, {}, async ({ url, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`, { prepare: (page) => page.addInitScript(recordShifts) });
    const agent = panel(opened);
    await agent.greeted();
    const come = (...frames) => Promise.all(frames.map((frame) => platform.admin.push('AGT-1', alertFrame(frame))));
    await come({ id: 'old' });
    await agent.shows(['old']);
    const { page } = opened;
    const pill = page.locator('.pill');
    await body({ page, agent, come, pill, focused: () => page.evaluate(() => document.querySelector('cuecard-panel').shadowRoot.activeElement?.dataset.cardId) });
    await opened.context.close();
  });
}

/** Adds up the browser's own measure of what has moved. */
function recordShifts() {
  window.shifts = 0;
  new PerformanceObserver((list) => { for (const { value } of list.getEntries()) window.shifts += value; }).observe({ type: 'layout-shift', buffered: true });
}

const shifts = (page) => page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(() => resolve(window.shifts), 50)); }));

test('nothing moves under the mouse, and the button brings what waits', () => withReader('mouse', async ({ page, agent, come, pill, focused }) => {
  const card = agent.card('old');
  await card.hover();
  const [box, before] = [await card.boundingBox(), await shifts(page)];
  await come({ id: 'n1' }, { id: 'n2' }, { id: 'n3' });
  await until('the button', async () => await pill.innerText() === '3 new');
  assert.deepEqual(await agent.ids(), ['old']);
  assert.deepEqual(await card.boundingBox(), box);
  assert.equal(await shifts(page), before);

  await come({ id: 'c1', level: 'CRITICAL' });
  await until('the button', async () => await pill.innerText() === '1 critical, 3 new');
  await until('its announcement, although it waits', async () => /Critical/.test(await page.locator('[aria-live="assertive"]').innerText()));
  await pill.click();
  await until('all cards', async () => (await agent.ids()).length === 5);
  assert.equal((await agent.ids())[0], 'c1');
  await until('the keyboard at the first new card', async () => await focused() === 'c1');
  await pill.waitFor({ state: 'hidden' });

  // The mouse lies over the list still.
  await come({ id: 'n4' });
  await until('the button', async () => await pill.innerText() === '1 new');
  await page.keyboard.press('n');
  await until('all cards', async () => (await agent.ids()).length === 6);
  await until('the keyboard at the new card', async () => await focused() === 'n4');
}));

test('what waits is there when mouse and keyboard have left the list', () => withReader('leaving', async ({ page, agent, come, pill, focused }) => {
  await agent.card('old').hover();
  await come({ id: 'n1' });
  await pill.waitFor();
  await page.locator('.head').hover({ position: { x: 5, y: 5 } });
  await until('the card', async () => (await agent.ids()).length === 2);
  await pill.waitFor({ state: 'hidden' });

  // A decision takes the focused row away; the keyboard goes on to the next row, and the list is read on.
  await agent.card('old').focus();
  await come({ id: 'n2' });
  await pill.waitFor();
  await page.keyboard.press('Delete');
  await agent.card('old').waitFor({ state: 'detached' });
  await until('the keyboard at the next row', async () => await focused() === 'n1');
  assert.equal(await pill.innerText(), '1 new');
  await page.locator('.icon.keyboard').focus();
  await until('the card', async () => (await agent.ids()).includes('n2'));
}));
