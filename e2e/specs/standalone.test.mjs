// The server's own page in a tab of its own: it signs in by the desktop's link, and finds its session again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { cardsAddress } from '../support/guide.mjs';
import { startHost } from '../support/host.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** A server that takes no plain agent id, and the desktop of `AGT-7`, from another origin. */
async function withDesktop(name, body) {
  const host = await startHost({ agent: 'AGT-7' });
  try {
    const { session } = host.settings;
    await withStack(`standalone-${name}`, { settings: { server: { dev_mode: false }, session } }, async (stack) => {
      host.of(stack.direct);
      await body({ ...stack, host, link: (agent) => cardsAddress({ agent, interaction: 'INT-1' }, session.hs256_secret).replace('https://assist.example.com', stack.direct) });
    });
  } finally {
    await host.close();
  }
}

/** What the page and its requests say where others can read it: addresses, not bodies. */
const addresses = ({ page, seen }) => [page.url(), ...seen.requests.flatMap(({ url, headers }) => [url, headers.referer ?? ''])].join('\n');

test('the desktop\'s link signs in once, its assertion is in no address, and the session outlives a reload', async () => {
  await withDesktop('link', async ({ host, direct, platform }) => {
    const opened = await open(browser, `${host.url}/cards?interaction=INT-1`);
    const { page, seen } = opened;
    const agent = panel(opened);
    await agent.greeted();
    assert.equal(page.url(), `${direct}/?interaction=INT-1`);
    assert.doesNotMatch(addresses(opened), /eyJ/);
    assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('eyJ'))), false);
    await platform.admin.push('AGT-7', alertFrame({ id: 'A-1', agent: 'AGT-7' }));
    await agent.shows(['A-1']);

    await page.reload();
    await agent.greeted(2);
    await agent.shows(['A-1']);
    const asked = seen.requests.filter(({ url }) => url.endsWith('/api/session')).map(({ method }) => method);
    assert.deepEqual(asked, ['POST', 'GET']);
    assert.deepEqual(seen.console, []);
  });
});

test('without a link and without a session it says so, until a link is followed', async () => {
  await withDesktop('none', async ({ direct, link }) => {
    const opened = await open(browser, `${direct}/?interaction=INT-1`);
    const agent = panel(opened);
    await until('the panel to say that nobody is signed in', async () => /Sign in again/.test(await agent.status()));
    // To the page that is here: only the fragment is another.
    await opened.page.evaluate((to) => { location.href = to; }, link('AGT-7'));
    await agent.greeted();
    assert.equal(opened.page.url(), `${direct}/?interaction=INT-1`);
  });
});

test('a session that was ended ends the page\'s, and a link of another agent is that agent\'s', async () => {
  await withDesktop('other', async ({ direct, link, platform }) => {
    const opened = await open(browser, link('AGT-7'));
    const agent = panel(opened);
    await agent.greeted();
    await opened.page.evaluate(() => fetch('/api/session', { method: 'DELETE', headers: { 'X-Cuecard': '1' } }));
    await until('the panel to say that nobody is signed in', async () => /Sign in again/.test(await agent.status()));

    await opened.page.evaluate((to) => { location.href = to; }, link('AGT-8'));
    await agent.greeted(2);
    await platform.admin.push('AGT-7', alertFrame({ id: 'A-7', agent: 'AGT-7' }));
    await platform.admin.push('AGT-8', alertFrame({ id: 'A-8', agent: 'AGT-8' }));
    await agent.shows(['A-8']);
    assert.doesNotMatch(addresses(opened), /eyJ/);
    assert.ok(opened.page.url().startsWith(direct));
  });
});
