// What one keystroke costs in the panel's composer, beside lodash's debounce and an empty listener, all on the same
// page: Cuecard's, connected, with three text fields. A keystroke here is the field's `input` event, dispatched by hand
// in groups of twenty, because the page's clock ticks in 5 µs. Groups come in random order.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

import { launch, standIn } from "./lib/browser.mjs";
import { buildPages } from "./lib/pages.mjs";
import { serve } from "./lib/serve.mjs";
import { median, shuffled, table } from "./lib/table.mjs";

const groups = Number(process.env.GROUPS ?? 500);
const group = 20;
const warmUp = 50;

const peer = await build({
  stdin: { contents: 'import debounce from "lodash/debounce.js"; window.debounce = debounce;', resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
  bundle: true,
  minify: true,
  write: false,
});
const { cuecard } = await buildPages();
const server = await serve(cuecard);
const browser = await launch();
const page = await browser.newPage();
await page.addInitScript(standIn);
await page.goto(`${server.url}?agent=AGT-1&interaction=INT-1`);
await page.waitForFunction(() => window.benchReady);
await page.evaluate(peer.outputFiles[0].text);
await page.evaluate(setUp);

const names = { floor: "an empty listener (floor)", debounce: "lodash's debounce, 2 s", cuecard: "Cuecard's composer" };
const micros = Object.fromEntries(Object.keys(names).map((name) => [name, []]));
const rounds = Array.from({ length: groups + warmUp }, () => shuffled(Object.keys(names)));
for (const { name, cost } of (await page.evaluate(run, { rounds, group })).slice(warmUp * 3)) micros[name].push(cost);
const calls = await page.evaluate(() => window.typingCalls);
await browser.close();
server.close();

const floor = median(micros.floor);
table(
  ["one keystroke", "median, µs", "×", "p95, µs"],
  Object.entries(names).map(([name, title]) => {
    const sorted = micros[name].toSorted((a, b) => a - b);
    return [title, median(sorted).toFixed(2), (median(sorted) / floor).toFixed(2), sorted[Math.floor(sorted.length * 0.95)].toFixed(2)];
  }),
);
console.log(`\n${(groups + warmUp) * group} keystrokes in the composer made ${calls} calls.`);

/** In the page: three fields that differ in who listens. */
function setUp() {
  const field = () => document.body.appendChild(document.createElement("textarea"));
  window.fields = { floor: field(), debounce: field(), cuecard: field() };
  window.typingCalls = 0;
  const fetchBefore = window.fetch;
  window.fetch = (input, init) => {
    if (!String(input.url ?? input).includes("/api/typing")) return fetchBefore(input, init);
    window.typingCalls += 1;
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  window.fields.floor.addEventListener("input", () => {});
  window.fields.debounce.addEventListener("input", window.debounce(() => {}, 2000));
  document.querySelector("cuecard-panel").attachComposer(window.fields.cuecard);
  for (const one of Object.values(window.fields)) one.value = "Dear customer";
}

/** In the page: the cost of each group, per keystroke, in the order given. */
function run({ rounds, group }) {
  const costs = [];
  for (const round of rounds) {
    for (const name of round) {
      const field = window.fields[name];
      const start = performance.now();
      for (let n = 0; n < group; n++) field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, data: "a", inputType: "insertText" }));
      costs.push({ name, cost: ((performance.now() - start) * 1000) / group });
    }
  }
  return costs;
}
