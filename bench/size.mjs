// What a first visit loads, file by file as the browser asks for it: raw, gzip and brotli.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { launch, standIn } from "./lib/browser.mjs";
import { buildPages, pages } from "./lib/pages.mjs";
import { serve } from "./lib/serve.mjs";
import { table } from "./lib/table.mjs";

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
const kB = (bytes) => (bytes / 1000).toFixed(1);

const folders = await buildPages();
const browser = await launch();
const rows = [];
const files = [];
for (const { name, title } of pages) {
  const server = await serve(folders[name]);
  const page = await browser.newPage();
  const paths = new Set();
  page.on("request", (request) => request.url().startsWith(server.url) && paths.add(new URL(request.url()).pathname));
  await page.addInitScript(standIn);
  await page.goto(`${server.url}?agent=AGT-1`);
  await page.waitForFunction(() => window.benchReady);
  await page.close();
  server.close();
  const sizes = [...paths]
    .filter((path) => path !== "/favicon.ico")
    .map((path) => [path, readFileSync(join(folders[name], path === "/" ? "index.html" : path))])
    .map(([path, bytes]) => [path, bytes.length, gzip(bytes), brotli(bytes)]);
  if (name === "cuecard") files.push(...sizes);
  const total = (column) => sizes.reduce((sum, size) => sum + size[column], 0);
  rows.push([title, sizes.length, kB(total(1)), kB(total(2)), kB(total(3))]);
}
await browser.close();

console.log("What a first visit loads, in kB\n");
table(["page", "files", "raw", "gzip", "brotli"], rows);
console.log("\nCuecard, file by file\n");
table(["file", "raw", "gzip", "brotli"], files.map(([path, ...sizes]) => [path, ...sizes.map(kB)]));
