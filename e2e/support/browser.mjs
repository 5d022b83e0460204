// One Chromium for a spec file, a fresh profile for each page that asks for no other's, and a record of everything that crosses the page's border.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
  // Chromium refuses its sandbox as root, which is what build machines are.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** What a busy machine makes Chromium say of a page that is slow to start. */
const NOISE = /was preloaded using link preload but not used/;

/** How long the browser may take to start, and then for each step, in milliseconds: no test measures time by it. */
const START_MS = 120_000;
const STEP_MS = 90_000;

/**
 * Starts Chromium; close it with `.close()`.
 * @param {{keepsPages?: boolean}} [options] `keepsPages`: it keeps pages for the way back, as it does outside of tests
 */
export async function launch({ keepsPages = false } = {}) {
  const ignoreDefaultArgs = keepsPages ? ['--disable-back-forward-cache'] : [];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, ignoreDefaultArgs, timeout: START_MS });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (settings) => {
    const context = await newContext(settings);
    context.setDefaultTimeout(STEP_MS);
    return context;
  };
  return browser;
}

/**
 * Opens a page in a context of its own and records what it does.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {{prepare?: (page: import('playwright-core').Page) => Promise<void>, bypassCSP?: boolean, context?: import('playwright-core').BrowserContext}} [options]
 * `prepare` runs before the page loads; `bypassCSP` is a browser that knows no content security policy; `context` is that of another tab
 */
export async function open(browser, url, { prepare, bypassCSP = false, context: given } = {}) {
  const context = given ?? await browser.newContext({ bypassCSP });
  const page = await context.newPage();
  const seen = { requests: [], responses: [], sent: [], received: [], sockets: 0, openSockets: 0, console: [], dialogs: [] };
  context.on('request', (request) => seen.requests.push({ url: request.url(), method: request.method(), headers: request.headers(), body: request.postData() }));
  context.on('response', (response) => seen.responses.push(response));
  page.on('websocket', (socket) => {
    seen.sockets += 1;
    seen.openSockets += 1;
    socket.on('close', () => { seen.openSockets -= 1; });
    seen.requests.push({ url: socket.url(), method: 'WEBSOCKET', headers: {}, body: null });
    socket.on('framesent', ({ payload }) => seen.sent.push(parse(payload)));
    socket.on('framereceived', ({ payload }) => seen.received.push(parse(payload)));
  });
  page.on('console', (message) => !NOISE.test(message.text()) && seen.console.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.console.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message());
    dialog.dismiss().catch(() => {});
  });
  await prepare?.(page);
  await page.goto(url);
  return { page, context, seen };
}

function parse(payload) {
  const text = payload.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
