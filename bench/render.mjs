// What a frame costs from the socket's message to laid-out DOM, in a real Chromium, next to peers in the same run.
//
//   one at a time   each frame is dispatched, drawn and laid out before the next
//   burst           10,000 frames in a row, drawn and laid out every 16.7 ms and at the end
//   heap            after 10,000 frames with 200 kept, garbage collected: script, wrappers and buffers (with wasm)
//
// Animation frames and React's tasks are run by hand (lib/browser.mjs), so neither waiting for the display nor painting
// is in the figures: painting depends on how a card looks, and the peers' cards are plain.
//
// Pages come in random order in every round; the ratio is each page's cost over the floor's of the same round.
import { launch, takeOver, standIn } from "./lib/browser.mjs";
import { cardId, frames } from "./lib/frames.mjs";
import { buildPages, pages } from "./lib/pages.mjs";
import { serve } from "./lib/serve.mjs";
import { median, shuffled, table } from "./lib/table.mjs";

const rounds = Number(process.env.ROUNDS ?? 5);
const singles = Number(process.env.SINGLES ?? 1000);
const burst = Number(process.env.BURST ?? 10_000);
const warmUp = 50;

const folders = await buildPages();
const browser = await launch();
const servers = Object.fromEntries(await Promise.all(pages.map(async ({ name }) => [name, await serve(folders[name])])));
const results = Object.fromEntries(pages.map(({ name }) => [name, []]));

for (let round = 0; round <= rounds; round++) {
  for (const page of shuffled(pages)) {
    const figures = await measure(page);
    // The first round warms the disk and the code caches.
    if (round > 0) results[page.name].push(figures);
  }
  console.error(round === 0 ? "warmed up" : `round ${round} of ${rounds}`);
}
await browser.close();
for (const server of Object.values(servers)) server.close();
report();

async function open({ name, styled }) {
  const context = await browser.newContext({ viewport: { width: 420, height: 900 } });
  const page = await context.newPage();
  page.on("dialog", (dialog) => dialog.dismiss());
  await page.route("**", (route) => (route.request().url().startsWith(servers[name].url) ? route.continue() : route.abort()));
  await page.addInitScript(standIn);
  await page.goto(`${servers[name].url}?agent=AGT-1`);
  await page.waitForFunction(() => window.benchReady);
  await page.evaluate(takeOver);
  return { context, page, make: (from, count) => frames(from, count, styled) };
}

async function measure(target) {
  const single = await open(target);
  const count = warmUp + singles;
  const oneMicros = await single.page.evaluate(runSingles, { texts: single.make(0, count), ids: Array.from({ length: count }, (_, n) => cardId(n)), warmUp });
  await single.context.close();
  const flood = await open(target);
  const burstMicros = await flood.page.evaluate(runBurst, { texts: flood.make(0, burst), lastId: cardId(burst - 1) });
  const session = await flood.context.newCDPSession(flood.page);
  await session.send("HeapProfiler.enable");
  await session.send("HeapProfiler.collectGarbage");
  const heap = await session.send("Runtime.getHeapUsage");
  const heapBytes = heap.usedSize + (heap.embedderHeapUsedSize ?? 0) + (heap.backingStorageSize ?? 0);
  const kept = await flood.page.evaluate(() => window.bench.count());
  await flood.context.close();
  return { oneMicros, burstMicros, heapBytes, kept };
}

/** In the page. */
async function runSingles({ texts, ids, warmUp }) {
  let start;
  for (let i = 0; i < texts.length; i++) {
    if (i === warmUp) start = performance.now();
    window.benchSocket.deliver(texts[i]);
    await window.bench.draw(() => window.bench.find(ids[i]));
  }
  return ((performance.now() - start) * 1000) / (texts.length - warmUp);
}

/** In the page. The display asks for a frame every 16.7 ms, as long as the burst takes. */
async function runBurst({ texts, lastId }) {
  const start = performance.now();
  let drawn = start;
  for (const text of texts) {
    window.benchSocket.deliver(text);
    if (performance.now() - drawn >= 1000 / 60) {
      await window.bench.draw();
      drawn = performance.now();
    }
  }
  await window.bench.draw(() => window.bench.find(lastId));
  return ((performance.now() - start) * 1000) / texts.length;
}

function report() {
  const floor = results.innerHTML;
  const column = (name, figure) => results[name].map((result) => result[figure]);
  const ratio = (name, figure) => median(results[name].map((result, round) => result[figure] / floor[round][figure])).toFixed(2);
  console.log(`${rounds} rounds, medians; ${singles} frames one at a time, bursts of ${burst}; × is over the floor, round by round\n`);
  table(
    ["page", "one, µs", "×", "burst, µs", "×", "heap, MB", "kept"],
    pages.map(({ name, title }) => [
      title,
      median(column(name, "oneMicros")).toFixed(0),
      ratio(name, "oneMicros"),
      median(column(name, "burstMicros")).toFixed(0),
      ratio(name, "burstMicros"),
      (median(column(name, "heapBytes")) / 1e6).toFixed(1),
      median(column(name, "kept")),
    ]),
  );
}
