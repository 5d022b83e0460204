// A desktop that embeds the panel: made of the code in the guide and of the packed npm package, on an origin of its own.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { cardsAddress, guide, sign } from './guide.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = process.env.NPM_PACKAGE ?? join(ROOT, 'target/npm/cuecard-panel.tgz');
/** The server's address in the guide. */
const DOCUMENTED = 'assist.example.com';
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** Writes `{path: text}` into a folder. */
export async function write(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    if (text === undefined) throw new Error(`the guide has no code for ${path}`);
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** Installs the packed package into a folder, and nothing else. */
export async function install(folder) {
  await write(folder, { 'package.json': '{ "private": true, "type": "module" }' });
  await run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', PACKAGE], folder);
  return join(folder, 'node_modules/cuecard-panel');
}

/** Runs a program of the packages that the tests have. */
export function tool(name, args, folder) {
  return run(join(ROOT, 'e2e/node_modules/.bin', name), args, folder);
}

async function run(program, args, cwd) {
  try {
    await promisify(execFile)(program, args, { cwd });
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
  }
}

/**
 * The desktop's own server: the files of a folder, if it has one, under the documented policy, what its backend signs for the agent, and
 * its link to the server's page.
 * @param {{folder?: string, agent: string, hasFrame?: boolean}} options `hasFrame`: it holds the server's frame, on another site
 */
export async function startHost({ folder, agent, hasFrame = false }) {
  const secret = randomBytes(32).toString('hex');
  const policy = guide[`Content-Security-Policy${hasFrame ? ' of a page with the iframe' : ''}`].replaceAll('\n', ' ').trim();
  const signed = {
    '/assertion': () => sign({ sub: agent }, secret),
    '/context': () => sign({ sub: agent, interaction: 'INT-1', context: { customer_name: 'Ms Rossi' } }, secret),
  };

  let broker = `https://${DOCUMENTED}`;
  const placed = (text) => text.replaceAll(`https://${DOCUMENTED}`, broker).replaceAll(`wss://${DOCUMENTED}`, broker.replace('http', 'ws'));
  const answer = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://desktop');
    if (pathname === '/cards') {
      const address = placed(cardsAddress({ agent, interaction: searchParams.get('interaction') }, secret));
      return void response.writeHead(303, { location: address }).end();
    }
    if (request.method === 'POST' && pathname in signed) return void response.end(signed[pathname]());
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    const body = folder && await readFile(join(folder, normalize(path))).catch(() => null);
    // Browsers ask for an icon by themselves.
    if (!body) return void response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
    const kind = extname(path);
    response.setHeader('content-type', TYPES[kind] ?? 'application/octet-stream');
    if (kind === '.html') response.setHeader('content-security-policy', placed(policy));
    response.end(['.html', '.js'].includes(kind) ? placed(body.toString()) : body);
  };
  const server = http.createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://${hasFrame ? 'localhost' : '127.0.0.1'}:${server.address().port}`;
  return {
    url,
    /** What the Cuecard server's configuration says of this desktop. */
    settings: { server: { [hasFrame ? 'embed_origins' : 'allowed_origins']: [url] }, session: { hs256_secret: secret } },
    /** Says where the Cuecard server is. */
    of: (address) => { broker = address; },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
