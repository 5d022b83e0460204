// Serves the page that was built and, below /gallery/, the gallery; under the policy of the real server, but for the
// frames of the overview. `node gallery/serve.mjs` says where.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const GALLERY = fileURLToPath(new URL(".", import.meta.url));
const DIST = process.env.PAGE_DIST ?? fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types dompurify";

/** Answers where it listens, and how to end it. */
export async function serve(port = 0) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    const isGallery = path.startsWith("/gallery/");
    const file = join(isGallery ? GALLERY : DIST, isGallery ? path.slice("/gallery".length) : path, path.endsWith("/") ? "index.html" : "");
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/gallery/`, close: () => { server.closeAllConnections(); server.close(); } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await serve(Number(process.env.PORT ?? 8090))).url);
