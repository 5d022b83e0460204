// A panel that stays open all day, or that a desktop puts up and takes down all day: what it holds of the browser goes back
// to where it was, and while nothing happens nothing runs. Measured over the DevTools protocol.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { startBroker } from '../support/broker.mjs';
import { promptly, until } from '../support/wait.mjs';

const MINUTE = 60_000;
/** The module's memory never gets smaller, and how much was in use at once is a little different each time. */
const SPARE_WASM = 2 * 65_536;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Opens the page of a broker; `body` gets it with what it needs to look into the browser. */
async function withPage(cards, body) {
  const broker = await startBroker(cards);
  try {
    const { page, context, seen } = await open(browser, `${broker.url}?agent=AGT-1`, { prepare: (page) => page.addInitScript(count) });
    const devtools = await context.newCDPSession(page);
    await devtools.send('Performance.enable');
    await body({ page, broker, devtools, seen });
    await context.close();
  } finally {
    broker.close();
  }
}

/** Counts what is alive and what wakes the page; finds the module's memory. Runs in the page before everything else. */
function count() {
  const alive = { timers: new Set(), frames: new Set(), sockets: new Set(), channels: new Set() };
  window.wakes = { timers: 0, frames: 0 };
  window.alive = () => Object.fromEntries(Object.entries(alive).map(([name, { size }]) => [name, size]));
  const follow = (start, stop, living, woken, isOnce) => {
    const [begin, end] = [window[start], window[stop]];
    window[start] = (call, ...rest) => {
      const handle = begin.call(window, (...given) => {
        if (isOnce) living.delete(handle);
        window.wakes[woken] += 1;
        return call(...given);
      }, ...rest);
      living.add(handle);
      return handle;
    };
    window[stop] = (handle) => {
      living.delete(handle);
      end.call(window, handle);
    };
  };
  follow('setTimeout', 'clearTimeout', alive.timers, 'timers', true);
  follow('setInterval', 'clearInterval', alive.timers, 'timers', false);
  follow('requestAnimationFrame', 'cancelAnimationFrame', alive.frames, 'frames', true);
  for (const [name, living] of [['WebSocket', alive.sockets], ['BroadcastChannel', alive.channels]]) {
    window[name] = class extends window[name] {
      constructor(...given) {
        super(...given);
        living.add(this);
        this.addEventListener('close', () => living.delete(this));
      }

      close(...given) {
        living.delete(this);
        super.close(...given);
      }
    };
  }
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const make = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await make.apply(WebAssembly, given);
      // By its type, because the build shortens names.
      window.memory = Object.values((made.instance ?? made).exports).find((value) => value instanceof WebAssembly.Memory);
      return made;
    };
  }
}

/** What the page holds once all garbage is gone. */
async function held({ page, devtools }) {
  // What one collection frees in the browser's own objects the next one finds.
  for (let times = 0; times < 4; times += 1) await devtools.send('HeapProfiler.collectGarbage');
  const { documents, nodes, jsEventListeners: listeners } = await devtools.send('Memory.getDOMCounters');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const wasm = await page.evaluate(() => window.memory.buffer.byteLength);
  const locks = await page.evaluate(async () => {
    const { held, pending } = await navigator.locks.query();
    return held.length + pending.length;
  });
  return { documents, nodes, listeners, locks, ...await page.evaluate(() => window.alive()), usedSize, wasm };
}

const alert = (id, { level = 'HIGH', interaction = id, left = 10 * MINUTE } = {}) => ({
  id, interaction_id: `INT-${interaction}`, published_at: Date.now(), received_at: Date.now(), expires_at: Date.now() + left,
  body: { alert: { level, title: `Churn risk ${id}`, score: 0.88, html: `<p>Competitor named twice; the contract ends in <b>12 days</b>. Card ${id}, see <a href="https://kb.example/${id}">the guide</a>.</p><ul><li>Third contact in ten days</li><li>Open complaint</li></ul>` } },
});
const suggestion = (id, { left = 3 * MINUTE } = {}) => ({
  ...alert(id, { left }),
  body: { suggestion: { content: `Offer the annual plan instead of ${id}: the customer has paid monthly for 14 months.`, priority: 'HIGH', relevance: 0.91, source: 'Retention model' } },
});
const prompt = (id, { left = 5 * MINUTE } = {}) => ({
  ...alert(id, { left }),
  body: { prompt: { level: 3, is_pinned: false, relevance: 0.7, snippets: [{ id: 'KB-1', content: `I completely understand, {{customer_name}}. ${id}`, tags: ['empathy'], source: 'CRM' }] } },
});

test('a hundred panels come and go, and nothing of them stays', async () => {
  const cards = () => [alert('a'), suggestion('s'), prompt('p')];
  await withPage(cards, async ({ page, broker, devtools }) => {
    /** Puts up a new panel and, every other time, the same once more; each until it shows its cards. */
    const mount = async (rounds) => {
      for (let round = 0; round < rounds; round += 1) {
        await page.evaluate(async (isAgain) => {
          const panel = isAgain ? window.last : document.createElement('cuecard-panel');
          panel.setAttribute('agent', 'AGT-1');
          panel.setAttribute('composer', '');
          document.querySelector('main').append(panel);
          const shown = () => panel.shadowRoot.querySelectorAll('article').length === 3 && panel.shadowRoot.querySelector('[data-state="connected"]');
          while (!shown()) await new Promise((resolve) => { setTimeout(resolve, 5); });
          panel.remove();
          window.last = isAgain ? undefined : panel;
        }, round % 2 === 1);
      }
      await until('the sockets to be closed', () => broker.connected() === 0);
    };
    await page.locator('article').nth(2).waitFor();
    await page.evaluate(() => document.querySelector('cuecard-panel').remove());
    // What is made once for the page is made now.
    await mount(6);
    const before = await held({ page, devtools });
    await mount(100);
    // What is only late goes; what has leaked stays.
    await until('all to be gone', async () => {
      // The engine's heap is not compared: compiled code comes to it, and what the tools remember of each request.
      const { usedSize, ...now } = await held({ page, devtools });
      const more = Object.entries(now).filter(([name, count]) => count > before[name] + (name === 'wasm' ? SPARE_WASM : 0));
      assert.deepEqual(more, [], `more than ${JSON.stringify(before)}`);
      return true;
    });
  });
});

test('the memory after 100,000 frames is that after 10,000', async () => {
  await withPage(() => [], async ({ page, broker, devtools }) => {
    let sent = 0;
    /** The next frame of a busy day: most cards expire, some are replaced or withdrawn. */
    const next = () => {
      sent += 1;
      const [n, left] = [sent, { left: 2_000 }];
      if (n % 10 === 0) return { card_id: `c${n - 1}`, reason: 'withdrawn' };
      if (n % 10 < 4) return { card: alert(`c${n}`, { ...left, interaction: n % 40, level: n % 100 === 1 ? 'CRITICAL' : 'HIGH' }) };
      return { card: n % 10 < 8 ? suggestion(`c${n}`, left) : prompt(`c${n}`, left) };
    };
    /** Sends until so many were sent; then the list holds the same as ever. */
    const reach = async (frames) => {
      while (sent < frames) {
        await broker.append(Array.from({ length: Math.min(250, frames - sent) }, next));
        // As fast as the page takes it in: it answers when it has.
        await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(resolve); }));
      }
      const rest = Array.from({ length: 20 }, (_, index) => alert(`rest-${frames}-${index}`, { interaction: `rest-${index}` }));
      await broker.append(rest.map((card) => ({ card })));
      await until('the list to hold the rest', async () => {
        const ids = await page.locator('article').evaluateAll((articles) => articles.map(({ dataset }) => dataset.cardId));
        return ids.length === rest.length && ids.every((id) => id.startsWith(`rest-${frames}-`));
      }, 60_000);
    };
    // What the module's memory once grew to it keeps.
    await reach(5_000);
    await reach(10_000);
    const early = await held({ page, devtools });
    await reach(100_000);
    const total = ({ usedSize, wasm }) => usedSize + wasm;
    await until('all to be gone', async () => {
      const late = await held({ page, devtools });
      const from = `from ${JSON.stringify(early)} to ${JSON.stringify(late)}`;
      assert.ok(total(late) <= total(early) * 1.05, from);
      assert.ok(late.nodes <= early.nodes * 1.05 && late.listeners <= early.listeners, from);
      return true;
    });
  });
});

test('a panel with twenty cards and nothing to do sleeps', async (context) => {
  const cards = () => Array.from({ length: 20 }, (_, index) => (index % 2 ? suggestion(`c${index}`, { left: 20 * MINUTE }) : alert(`c${index}`)));
  await withPage(cards, async ({ page, devtools, seen }) => {
    await page.locator('article').nth(19).waitFor();
    const look = async () => {
      const { metrics } = await devtools.send('Performance.getMetrics');
      return { ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])), ...await page.evaluate(() => window.wakes) };
    };
    const reports = () => seen.sent.filter(({ kind }) => kind === 'rendered').length;
    await until('all that was seen to be reported', async () => {
      const before = reports();
      await sleep(2_000);
      return before > 0 && reports() === before;
    });
    await promptly('20 s with at most 6 timers and 2 frames', 22_000, async () => {
      const begin = await look();
      // Real time, because what is measured is what the browser does in it.
      await sleep(20_000);
      const end = await look();
      const seconds = end.Timestamp - begin.Timestamp;
      const [timers, frames] = [end.timers - begin.timers, end.frames - begin.frames];
      context.diagnostic(`busy for ${(100 * (end.TaskDuration - begin.TaskDuration) / seconds).toFixed(2)} % of the time, ${timers} timers, ${frames} frames`);
      if (seconds > 22) return undefined;
      // Ages are told every fifteen seconds, and the connection is tried every twenty.
      return timers <= 6 && frames <= 2 ? 1000 * seconds : Infinity;
    });
  });
});
