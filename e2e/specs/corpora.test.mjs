// Every hostile vector arrives as a card and is inert: with the server's cleaning alone, with the browser's alone, and with both.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { chunks, inspect, vectors, watchScripts } from '../support/hostile.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';

/** A panel keeps 200 cards. */
const CARDS_ON_A_PAGE = 110;
/** How long a script or a request that should not be may take to show itself. */
const SETTLE_MS = 500;
const IN_THE_PANEL = { frames: 'article[data-card-id]', body: '.body', id: 'data-card-id' };
const ON_A_PLAIN_PAGE = { frames: 'article[data-vector]', body: 'div', id: 'data-vector' };

const all = vectors();
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('both clean', async () => {
  await withStack('corpora-both', {}, async (stack) => {
    await throughThePanel(stack);
  });
});

test('the server cleans, the browser does not', async () => {
  await withStack('corpora-server', {}, async (stack) => {
    const { cleaned, policy } = await throughThePanel(stack);
    assert.match(policy, /require-trusted-types-for 'script'/, 'this is the policy of the panel');
    // The browser's parser takes the server's output as it is: no sanitizer, no script of ours. Under the panel's policy, and, which
    // is harder, under none.
    for (const [name, header] of [['the panel\'s policy', policy], ['no policy', null]]) {
      const { problems, found, ran, requests } = await onAPlainPage(cleaned, header);
      assert.equal(found.length, all.length, name);
      assert.deepEqual({ problems, ran, requests }, { problems: [], ran: [], requests: [] }, name);
    }
  });
});

test('the browser cleans with setHTML, the server does not', async () => {
  await withStack('corpora-browser', { settings: { cards: { clean_html: false } } }, async (stack) => {
    const { cleaned } = await throughThePanel(stack);
    assertUncleaned(cleaned);
  });
});

// A browser without setHTML: under the panel's policy, and, which is harder, one that knows no policy that would help.
for (const [under, bypassCSP] of [["the panel's policy", false], ['no policy', true]]) {
  test(`the browser cleans with DOMPurify under ${under}, the server does not`, async () => {
    await withStack('corpora-fallback', { settings: { cards: { clean_html: false } } }, async (stack) => {
      const { cleaned } = await throughThePanel(stack, { tamper: () => { delete Element.prototype.setHTML; }, bypassCSP });
      assertUncleaned(cleaned);
    });
  });
}

test('the checks above can fail: the same vectors without any cleaning', async () => {
  const raw = new Map(all.filter(({ id }) => id.startsWith('owasp')).map(({ id, input }) => [id, input]));
  const { problems, ran, requests } = await onAPlainPage(raw, null, 20);
  assert.ok(problems.length > 50, `${problems.length} problems`);
  for (const kind of ['attribute on', 'element <script>', 'element <img>', 'javascript:', 'of another namespace']) {
    assert.ok(problems.some((problem) => problem.includes(kind)), `${kind} in ${problems.slice(0, 40).join('; ')}`);
  }
  assert.ok(ran.length > 5, `${ran.length} scripts ran`);
  assert.ok(requests.length > 5, `${requests.length} requests left`);
});

/** Sends all vectors as cards and looks at each in the panel. Returns what the server sent, by vector, and the page's policy. */
async function throughThePanel({ url, platform }, { tamper, bypassCSP } = {}) {
  const cleaned = new Map();
  let policy;
  for (const [part, batch] of chunks(all, CARDS_ON_A_PAGE).entries()) {
    const agent = `AGT-${part}`;
    const opened = await open(browser, `${url}/?agent=${agent}`, {
      bypassCSP,
      prepare: async (page) => {
        await page.addInitScript(watchScripts);
        if (tamper) await page.addInitScript(tamper);
      },
    });
    const { page, seen } = opened;
    const cards = panel(opened);
    await cards.greeted();
    policy = await seen.responses[0].headerValue('content-security-policy');
    const requests = seen.requests.length;

    for (const { id, input } of batch) await platform.admin.push(agent, alertFrame({ id, agent, html: input, title: input }));
    // Cleaning that leaves nothing would be inert as well.
    await platform.admin.push(agent, alertFrame({ id: 'benign', agent, html: '<p>Bold is <strong>allowed</strong></p>' }));
    await cards.shows([...batch.map(({ id }) => id), 'benign'], 60_000);
    assert.equal(await cards.card('benign').locator('.body strong').innerText(), 'allowed');
    await sleep(SETTLE_MS);

    const { problems } = await page.evaluate(inspect, IN_THE_PANEL);
    assert.deepEqual(problems, []);
    assert.deepEqual(await page.evaluate(() => window.__ran), [], 'no script ran');
    assert.deepEqual(seen.dialogs, []);
    const left = seen.requests.slice(requests).map((sent) => sent.url);
    assert.deepEqual(left, [], 'no request left');
    assert.equal(page.url(), `${url}/?agent=${agent}`, 'nothing navigated');
    assert.equal(opened.context.pages().length, 1, 'no window was opened');
    for (const { type, card } of seen.received) {
      if (type === 'card' && card.id !== 'benign') cleaned.set(card.id, card.body.alert.html);
    }
    await opened.context.close();
  }
  assert.equal(cleaned.size, all.length);
  return { cleaned, policy };
}

/** The test of the browser's own cleaning is one only when the server really has not cleaned. */
function assertUncleaned(sent) {
  const changed = all.filter(({ id, input }) => sent.get(id) !== input);
  assert.deepEqual(changed.map(({ id }) => id), [], 'the server sent the vectors as they came');
}

/** Serves pieces of HTML within a plain page and looks at them. `size` is how many share a page. */
async function onAPlainPage(pieces, policy, size = CARDS_ON_A_PAGE) {
  const parts = chunks([...pieces], size);
  const style = 'article { position: relative } div { contain: content }';
  const server = http.createServer((asked, answer) => {
    const part = parts[Number(new URL(asked.url, 'http://x').searchParams.get('part'))];
    if (asked.url === '/plain.css') {
      answer.setHeader('content-type', 'text/css').end(style);
    } else if (part && asked.url.startsWith('/page?')) {
      if (policy) answer.setHeader('content-security-policy', policy);
      const articles = part.map(([id, html]) => `<article data-vector="${id}"><div>${html}</div></article>`);
      answer.setHeader('content-type', 'text/html; charset=utf-8');
      answer.end(`<!doctype html><title>Vectors</title><link rel="stylesheet" href="/plain.css"><body>${articles.join('\n')}`);
    } else {
      answer.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const result = { problems: [], found: [], ran: [], requests: [] };
  try {
    for (const part of parts.keys()) {
      const own = [`${base}/page?part=${part}`, `${base}/plain.css`];
      const { page, context, seen } = await open(browser, own[0], {
        prepare: async (fresh) => {
          await fresh.addInitScript(watchScripts);
          // Nothing may really leave this machine; what tries is seen all the same.
          await fresh.route((target) => target.origin !== base, (route) => route.abort());
        },
      });
      await sleep(SETTLE_MS);
      const { problems, found } = await page.evaluate(inspect, ON_A_PLAIN_PAGE).catch(() => ({ problems: ['the page navigated away'], found: [] }));
      result.problems.push(...problems);
      result.found.push(...found);
      result.ran.push(...await page.evaluate(() => window.__ran ?? []).catch(() => []), ...seen.dialogs);
      // The browser itself asks for an icon.
      const foreign = seen.requests.map((sent) => sent.url).filter((asked) => !own.includes(asked) && asked !== `${base}/favicon.ico`);
      result.requests.push(...foreign);
      await context.close();
    }
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return result;
}
