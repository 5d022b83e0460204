// A TCP proxy on 127.0.0.1 that fails like a network: cut (reset and refused), stalled (nothing passes, nothing is lost), slow.
// It can also keep what passed, for tests that look for something in the bytes.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts a proxy in front of `targetPort`.
 * @param {number} targetPort port on 127.0.0.1
 * @param {{record?: boolean}} [options] `record` keeps all bytes in both directions
 */
export async function startProxy(targetPort, { record = false } = {}) {
  const pairs = new Set();
  const recorded = [];
  let state = 'open';
  let delayMs = 0;

  const server = net.createServer((browser) => {
    if (state === 'cut') {
      browser.resetAndDestroy();
      return;
    }
    const upstream = net.connect(targetPort, '127.0.0.1');
    const pair = { browser, upstream };
    pairs.add(pair);
    forward(browser, upstream);
    forward(upstream, browser);
    browser.once('close', () => pairs.delete(pair));
    if (state === 'stalled') pause(pair);
  });
  // Pieces keep their order, also when the delay changes while some are on their way.
  const forward = (from, to) => {
    let delayed = 0;
    let queue = Promise.resolve();
    const pass = (bytes) => {
      if (to.writable && !to.write(bytes)) from.pause();
    };
    from.on('data', (bytes) => {
      if (record) recorded.push(bytes);
      if (delayMs === 0 && delayed === 0) {
        pass(bytes);
        return;
      }
      delayed += 1;
      const due = Date.now() + delayMs;
      queue = queue.then(() => sleep(Math.max(0, due - Date.now()))).then(() => {
        delayed -= 1;
        pass(bytes);
      });
    });
    to.on('drain', () => { if (state !== 'stalled') from.resume(); });
    from.on('error', () => to.destroy());
    from.on('close', () => to.end());
  };
  const pause = (pair) => { pair.browser.pause(); pair.upstream.pause(); };
  const resume = (pair) => { pair.browser.resume(); pair.upstream.resume(); };

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address();

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** Everything that passed so far, as one text of bytes (latin1). */
    recorded: () => Buffer.concat(recorded).toString('latin1'),
    /** Resets all connections and refuses new ones. */
    cut() {
      state = 'cut';
      for (const { browser, upstream } of pairs) {
        browser.resetAndDestroy();
        upstream.resetAndDestroy();
      }
    },
    /** Connections stay, but nothing passes until `restore`, when all of it does. */
    stall() {
      state = 'stalled';
      pairs.forEach(pause);
    },
    /** Every piece takes this many milliseconds more in each direction. */
    delay(ms) { delayMs = ms; },
    /** Back to a working network. */
    restore() {
      state = 'open';
      delayMs = 0;
      pairs.forEach(resume);
    },
    close() {
      for (const { browser, upstream } of pairs) {
        browser.destroy();
        upstream.destroy();
      }
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
