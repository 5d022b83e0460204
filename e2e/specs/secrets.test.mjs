// The platform's token never leaves the server: not to the browser, not into a log, a metric or an error.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open } from '../support/browser.mjs';
import { request } from '../support/http.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('the token is on no side of the server but the platform\'s', async () => {
  const settings = { log: { level: 'trace' } };
  await withStack('secrets', { wiretap: true, settings }, async ({ url, direct, folder, platform, server }) => {
    const opened = await open(browser, `${url}/?agent=AGT-1`);
    const agent = panel(opened);
    await agent.greeted();
    await platform.admin.push('AGT-1', alertFrame({ id: 's0' }));
    await agent.shows(['s0']);
    // Errors on the way: the platform refuses the token once, and breaks twice.
    await platform.admin.expireTokens();
    await platform.admin.drop('all');
    await platform.admin.faults([{ route: 'oauth', fault: 'status', status: 500, times: 2 }]);
    await until('a second token', () => tokensIn(platform.recorded()).length >= 2, 45_000);
    await platform.admin.push('AGT-1', alertFrame({ id: 's1' }));
    await agent.shows(['s0', 's1'], 45_000);
    await agent.dismiss('s0');
    await until('the dismissal', async () => (await platform.outcomes()).some(({ command }) => command === 'DISMISSED'));

    const tokens = tokensIn(platform.recorded());
    assert.ok(tokens.length >= 2 && tokens.every((token) => token.length >= 16), `tokens were seen on the platform's side: ${tokens.length}`);
    const secrets = [...tokens, ...tokens.map(encodeURIComponent), 'csecret'];

    const places = {
      'requests of the page': JSON.stringify(opened.seen.requests),
      'frames of the page': JSON.stringify([opened.seen.sent, opened.seen.received]),
      'answers to the page': (await Promise.all(opened.seen.responses.map(whole))).join('\n'),
      console: opened.seen.console.join('\n'),
      'the document': await opened.page.content(),
      'storage of the page': await opened.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])),
      '/metrics': (await request(`${direct}/metrics`)).body,
      '/healthz': (await request(`${direct}/healthz`)).body,
      '/readyz': (await request(`${direct}/readyz`)).body,
      'an error': (await request(`${direct}/api/ticket`, { method: 'POST' })).body,
      'the log': await server.log(),
      'the audit trail': await readFile(join(folder, 'audit.jsonl'), 'utf8'),
    };
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) assert.ok(!text.includes(secret), `${place} holds ${secret.slice(0, 6)}…`);
    }
    // The test could pass by looking at nothing.
    assert.match(places['answers to the page'], /agent_id/);
    assert.match(places['/metrics'], /^# TYPE /m);
    assert.match(places['the audit trail'], /"hash"/);
    assert.ok(places['the log'].length > 1000, 'the log is written at its most talkative');
  });
});

/** Every token that the platform has given out. */
function tokensIn(recorded) {
  return [...new Set([...recorded.matchAll(/"access_token"\s*:\s*"([^"]+)"/g)].map(([, token]) => token))];
}

/** A response with its headers and, where there is one, its body. */
async function whole(response) {
  const body = await response.body().then((bytes) => bytes.toString('latin1'), () => '');
  return `${response.url()}\n${JSON.stringify(await response.allHeaders())}\n${body}`;
}
