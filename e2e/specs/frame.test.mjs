// The panel in a frame of a page of another site: what crosses the border, and that nobody else can send it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { SECRET, sign, startFrameHost } from '../support/frame-host.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const AGENT = 'AGT-1';
const suggestion = (id) => ({
  id, agent_id: AGENT, interaction_id: 'INT-1', content: 'Offer a refund', priority: 'HIGH', relevance: 0.85, source: 'returns-model',
});

/** A desktop on `localhost`, the server on 127.0.0.1, and the panel in between, greeted. */
async function withFrame(name, body) {
  const host = await startFrameHost({ agent: AGENT });
  try {
    const settings = { server: { embed_origins: [host.origin] }, session: { hs256_secret: SECRET } };
    await withStack(name, { settings }, async (stack) => {
      host.of(stack.direct);
      const opened = await open(browser, host.origin);
      const { page, seen } = opened;
      await panel(opened).greeted();
      const frame = page.frames().find((one) => one.url().startsWith(`${stack.direct}/frame.html`));
      await body({
        ...stack,
        ...opened,
        host,
        frame,
        agent: panel({ page: frame, seen }),
        heard: () => page.evaluate(() => window.heard),
        /** Hands a signed context in, as the page does; the refusal's words, or null. */
        setContext: (token) => page.evaluate((it) => window.connection.setContext(it).then(() => null, (error) => error.message), token),
        shown: () => frame.locator('cuecard-panel').getAttribute('interaction'),
        verifications: () => seen.requests.filter(({ url }) => url.endsWith('/api/context')).length,
      });
      assert.deepEqual(seen.dialogs, []);
    });
  } finally {
    await host.close();
  }
}

test('cards come into a frame of another site, and the page around hears what the agent does', async () => {
  await withFrame('frame', async ({ direct, platform, frame, agent, page, context, seen, heard }) => {
    await platform.admin.interaction('INT-1', AGENT);
    const id = randomUUID();
    await client(direct).post('suggestions', suggestion(id));
    await agent.shows([id]);
    await page.evaluate(() => window.connection.focusPanel());
    await until('the keyboard on the card', () => agent.card(id).evaluate((card) => card === card.getRootNode().activeElement && document.hasFocus()));
    await page.keyboard.press('Enter');
    const card = { card_id: id, interaction_id: 'INT-1', kind: 'suggestion' };
    const expected = [
      ['ready', null],
      ['status', { status: 'connecting', reason: null }],
      ['status', { status: 'connected', reason: null }],
      ['card', { ...card, priority: 'normal' }],
      ['accept', card],
    ];
    await until('the events', async () => (await heard()).length >= expected.length);
    assert.deepEqual(await heard(), expected);

    // What a panel that is connected does when it is to try: it looks whether the server is there.
    const pings = () => seen.sent.filter(({ type }) => type === 'ping').length;
    const before = pings();
    await page.evaluate(() => window.connection.reconnect());
    await until('the try', () => pings() > before);
    assert.deepEqual(seen.console, [], 'both policies hold');

    const [cookie] = (await context.cookies(direct)).filter((one) => one.name.endsWith('cuecard'));
    assert.deepEqual([cookie.sameSite, cookie.httpOnly, cookie.secure], ['None', true, true]);
    assert.match(cookie.partitionKey, /localhost/, 'a frame elsewhere has another session');
    assert.equal(await frame.evaluate(() => document.documentElement.scrollHeight <= innerHeight), true, 'the panel fills the frame');
  });
});

test('a signed context fills snippets, and the page around takes the text', async () => {
  await withFrame('frame-context', async ({ direct, platform, agent, frame, heard, setContext, shown }) => {
    assert.equal(await setContext(sign({ sub: AGENT, interaction: 'INT-1', context: { customerName: 'Ada' } })), null);
    assert.equal(await shown(), 'INT-1');
    await platform.admin.interaction('INT-1', AGENT);
    const snippets = [{ snippet_id: 'KB-1', content: 'Hello {{customerName}}', tags: [], source_system: 'KNOWLEDGE_BASE' }];
    const { id } = await client(direct).prompt({ agent_id: AGENT, interaction_id: 'INT-1', snippets, topics: ['Billing'], level: 4, override: true });
    await agent.shows([id]);
    await frame.locator('[data-snippet-id="KB-1"] button[data-action="insert"]').click();
    await until('the text', async () => (await heard()).some(([name]) => name === 'insert'));
    const [, detail] = (await heard()).find(([name]) => name === 'insert');
    assert.deepEqual(detail, { card_id: id, interaction_id: 'INT-1', snippet_id: 'KB-1', text: 'Hello Ada' });

    assert.equal(await setContext(sign({ sub: AGENT, context: {} })), null);
    assert.equal(await shown(), null, 'no conversation any more');
  });
});

test('a context that the desktop has not signed for this agent, now, changes nothing', async () => {
  await withFrame('frame-forged', async ({ setContext, shown }) => {
    const good = sign({ sub: AGENT, interaction: 'INT-1', context: {} });
    assert.equal(await setContext(good), null);
    const mine = { sub: AGENT, interaction: 'INT-2', context: { customerName: 'Mallory' } };
    const now = Math.floor(Date.now() / 1_000);
    for (const [token, code] of [
      [good, 'used_context'],
      [sign(mine, 'a secret that somebody else has made up'), 'bad_context'],
      [sign({ ...mine, sub: 'AGT-2' }), 'bad_context'],
      [sign({ ...mine, aud: 'other' }), 'bad_context'],
      [sign({ ...mine, exp: now - 1 }), 'bad_context'],
      [sign({ ...mine, exp: now + 3_600 }), 'bad_context'],
      [sign({ ...mine, context: 'Mallory' }), 'bad_context'],
      [sign({ sub: AGENT }), 'bad_context'],
      [JSON.stringify(mine), 'bad_context'],
    ]) {
      const refused = await setContext(token);
      assert.ok(refused?.startsWith(`${code}: `), `${code}: ${refused}`);
      assert.ok(!refused.includes('Mallory'), 'what is refused is not repeated');
      assert.equal(await shown(), 'INT-1');
    }
  });
});

test('messages of other windows, or without the nonce, are not heard', async () => {
  const elsewhere = await startFrameHost({ agent: AGENT, name: '127.0.0.1' });
  try {
    await withFrame('frame-messages', async ({ page, frame, direct, host, heard, shown, setContext, verifications }) => {
      elsewhere.of(direct);
      // Both ends count what arrives, so that the test knows when everything has.
      for (const side of [page, frame]) {
        await side.evaluate(() => {
          window.arrived = 0;
          window.nonce = undefined;
          addEventListener('message', ({ data }) => {
            window.arrived += 1;
            window.nonce = data.nonce;
          });
        });
      }
      assert.equal(await setContext(sign({ sub: AGENT, interaction: 'INT-1', context: {} })), null);
      const nonce = await page.evaluate(() => window.nonce);
      assert.match(nonce, /^[0-9a-f-]{36}$/);
      const before = { heard: await heard(), verifications: verifications() };
      // A forger who has got hold of genuine tokens, which nobody has used, and says all that the two sides say.
      const forged = (word) => [
        { cuecard: 1, type: 'init', nonce: 'guessed', takes: [] },
        { cuecard: 1, type: 'context', nonce: word, id: 90, context: sign({ sub: AGENT, interaction: 'INT-2', context: {} }) },
        { cuecard: 1, type: 'event', nonce: word, name: 'accept', detail: { card_id: 'forged' } },
        { cuecard: 1, type: 'assertion', nonce: word, id: 1, fresh: true },
        { cuecard: 1, type: 'ready' },
      ];
      // The context, or its answer.
      let sent = 1;
      // Of the page's own origin, of another, of the server's: no window but the one counts. They know the nonce, too.
      for (const url of [`${host.origin}/empty.html`, `${elsewhere.origin}/empty.html`, `${direct}/bridge.js`]) {
        await page.evaluate((src) => new Promise((resolve) => {
          const beside = document.createElement('iframe');
          beside.src = src;
          beside.onload = resolve;
          document.body.append(beside);
        }), url);
        const forger = await until('the frame beside', () => page.frames().find((one) => one.url() === url));
        await forger.evaluate((messages) => {
          for (const message of messages) for (const target of [parent, parent.frames[0]]) target.postMessage(message, '*');
        }, forged(nonce));
        sent += forged('').length;
      }
      // The frame, from an earlier life.
      await frame.evaluate((message) => parent.postMessage(message, '*'), forged('earlier')[2]);
      // The page around itself, by a script that does not know the nonce; `init` is its right.
      const own = forged('guessed').slice(1);
      await page.evaluate((messages) => {
        for (const message of messages) document.querySelector('#cards').contentWindow.postMessage(message, '*');
      }, own);
      await until('all forged messages', async () => (await page.evaluate(() => window.arrived)) >= sent + 1
        && (await frame.evaluate(() => window.arrived)) >= sent + own.length);

      assert.equal(await shown(), 'INT-1');
      assert.deepEqual({ heard: await heard(), verifications: verifications() }, before);
      assert.equal(await setContext(sign({ sub: AGENT, interaction: 'INT-3', context: {} })), null);
      assert.equal(await shown(), 'INT-3', 'the true connection still holds');
    });
  } finally {
    await elsewhere.close();
  }
});

test('what waits for the frame ends when the frame is loaded anew or let go of, and a page may connect again', async () => {
  await withFrame('frame-again', async ({ page, frame, direct, heard, shown, seen, setContext, agent }) => {
    const token = (interaction) => sign({ sub: AGENT, interaction, context: {} });
    assert.equal(await setContext(token('INT-1')), null);
    // The server does not answer.
    await page.route('**/api/context', () => {});
    const waits = async (act) => {
      const asked = page.waitForRequest('**/api/context');
      const refused = setContext(token('INT-2'));
      await asked;
      await act();
      return refused;
    };
    assert.match(await waits(() => frame.evaluate(() => location.reload())), /loaded anew/);
    await agent.greeted(2);
    assert.match(await waits(() => page.evaluate(() => window.connection.disconnect())), /disconnected/);
    assert.match(await setContext(token('INT-2')), /disconnected/);
    await page.evaluate(() => {
      window.connection.focusPanel();
      window.connection.reconnect();
    });
    await page.unroute('**/api/context');

    const readies = async () => (await heard()).filter(([name]) => name === 'ready').length;
    assert.equal(await readies(), 2);
    await page.evaluate(async (bridge) => {
      const { connectCuecard } = await import(bridge);
      window.connection = connectCuecard(document.querySelector('#cards'), { assertionProvider: async () => (await fetch('/assertion')).text() });
    }, `${direct}/bridge.js`);
    assert.equal(await setContext(token('INT-3')), null);
    assert.deepEqual([await shown(), await readies(), seen.sockets], ['INT-3', 3, 2], 'with the panel that is there');
    assert.deepEqual(seen.console, []);
  });
});

test('a frame whose panel cannot be loaded says so, to the agent and to the page', async () => {
  const host = await startFrameHost({ agent: AGENT });
  try {
    const settings = { server: { embed_origins: [host.origin] }, session: { hs256_secret: SECRET } };
    await withStack('frame-unloaded', { settings }, async ({ direct }) => {
      host.of(direct);
      const prepare = (page) => page.route('**/*.wasm', (route) => route.abort());
      const { page } = await open(browser, host.origin, { prepare });
      const refused = await page.evaluate((it) => window.connection.setContext(it).catch((error) => error.message), sign({ sub: AGENT, interaction: 'INT-1', context: {} }));
      assert.equal(refused, 'the panel cannot be loaded');
      const note = page.frameLocator('#cards').locator('p[role="status"]');
      await until('the words', async () => await note.innerText() === 'The panel cannot be loaded: reload the page.');
    });
  } finally {
    await host.close();
  }
});

test('a page that the server does not name cannot hold the frame, not even without its policy', async () => {
  const stranger = await startFrameHost({ agent: AGENT });
  try {
    const settings = { server: { embed_origins: ['https://desk.example.com'] }, session: { hs256_secret: SECRET } };
    await withStack('frame-stranger', { settings }, async ({ direct, platform }) => {
      stranger.of(direct);
      const fenced = await open(browser, stranger.origin);
      await until('the refusal', () => fenced.seen.console.some((line) => line.includes('frame-ancestors')));
      assert.equal(fenced.page.frames().filter((frame) => frame.url().startsWith(direct)).length, 0);

      // A browser whose frames know no policy: the frame itself looks whose page it is in.
      const prepare = (page) => page.route('**/frame.html', async (route) => {
        const answer = await route.fetch();
        const headers = { ...answer.headers() };
        delete headers['content-security-policy'];
        await route.fulfill({ response: answer, headers });
      });
      const opened = await open(browser, stranger.origin, { prepare });
      const note = opened.page.frameLocator('#cards').locator('p[role="status"]');
      await until('the words', async () => (await note.innerText())
        === `${stranger.origin} may not hold this panel: it is not in server.embed_origins.`);
      await platform.admin.push(AGENT, alertFrame({ id: 'a1' }));
      assert.equal(await opened.page.frameLocator('#cards').locator('cuecard-panel').count(), 0);
      assert.deepEqual([opened.seen.sockets, await opened.page.evaluate(() => window.heard)], [0, undefined]);
    });
  } finally {
    await stranger.close();
  }
});
