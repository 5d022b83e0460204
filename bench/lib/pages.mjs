// The pages that are compared: Cuecard's own build, and peers built here from bench/pages.
import { build } from "esbuild";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../pages/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

export const pages = [
  { name: "innerHTML", title: "vanilla, unsanitised innerHTML (floor)", styled: "attribute" },
  { name: "setHTML", title: "vanilla, setHTML", styled: "attribute" },
  { name: "dompurify", title: "vanilla, DOMPurify", styled: "attribute" },
  { name: "react", title: "React, DOMPurify", styled: "attribute" },
  { name: "cuecard", title: "Cuecard", styled: "data" },
];

/** Builds the peers and returns name → folder of every page. */
export async function buildPages() {
  const folders = { cuecard: join(root, "dist") };
  for (const { name } of pages.filter((page) => page.name !== "cuecard")) {
    const folder = join(root, "target/bench", name);
    mkdirSync(folder, { recursive: true });
    await build({
      entryPoints: [join(here, `${name}.js`)],
      outfile: join(folder, "main.js"),
      bundle: true,
      minify: true,
      format: "esm",
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "warning",
    });
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><html lang="en"><meta charset="utf-8"><title>bench</title><body><main id="feed"></main><script type="module" src="main.js"></script></body></html>',
    );
    folders[name] = folder;
  }
  return folders;
}
