// What a first visit costs: everything that the page loads before the first card, as it crosses the network.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';

/** The promise, in bytes; the server keeps all files compressed. */
const MOST = 120_000;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('a first visit loads at most 120 kB until the first card is on show', async () => {
  await withStack('weight', {}, async ({ url, platform }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 'a1' }));
    await agent.shows(['a1']);
    const loaded = await Promise.all(opened.seen.responses.filter((response) => !isApi(response)).map(async (response) => ({
      path: new URL(response.url()).pathname,
      bytes: (await response.request().sizes()).responseBodySize,
      encoding: await response.headerValue('content-encoding'),
    })));
    const report = loaded.map(({ path, bytes, encoding }) => `${bytes} ${encoding} ${path}`).join('\n');
    assert.ok(loaded.some(({ path }) => path.endsWith('.wasm')), report);
    assert.ok(loaded.every(({ encoding }) => encoding === 'br'), report);
    const sum = loaded.reduce((bytes, file) => bytes + file.bytes, 0);
    assert.ok(sum <= MOST, `${sum} bytes, expected at most ${MOST}:\n${report}`);
    // The test could pass by looking at nothing.
    assert.ok(sum > MOST / 2, report);
  });
});

const isApi = (response) => new URL(response.url()).pathname.startsWith('/api/');
