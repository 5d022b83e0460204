// The real server and the real simulator on free ports, each with a fresh database, and what a test does to them.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { API_KEY } from './api.mjs';
import { start } from './process.mjs';
import { startProxy } from './proxy.mjs';
import { toToml } from './toml.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = process.env.SERVER_BINARY ?? join(ROOT, 'target/debug/cuecard-server');
const SIMULATOR = process.env.SIMULATOR_BINARY ?? join(ROOT, 'target/debug/cuecard-simulator');
export const DIST = process.env.PAGE_DIST ?? join(ROOT, 'dist');
const RESULTS = join(ROOT, 'e2e/test-results');

/** Above are the ports that the system gives to whoever asks for any: one of those could be taken while a program is away. */
const [EPHEMERAL] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split(/\s/).map(Number);
let lastPort = EPHEMERAL - Math.floor(Math.random() * 10_000);

/**
 * Runs `body` with a stack of its own, and gives what it gives. When it fails, the logs stay in e2e/test-results/<name>.
 * @param {string} name folder for the logs of a failure
 * @param {object} options see `startStack`
 * @template T
 * @param {(stack: Awaited<ReturnType<typeof startStack>>) => Promise<T>} body
 */
export async function withStack(name, options, body) {
  const kept = join(RESULTS, name);
  await rm(kept, { recursive: true, force: true });
  const stack = await startStack(options);
  try {
    return await body(stack);
  } catch (error) {
    await cp(stack.folder, kept, { recursive: true });
    error.message += `\n(logs are in ${kept})`;
    throw error;
  } finally {
    await stack.close();
  }
}

/**
 * Starts a simulator and a server.
 * @param {object} [options]
 * @param {object} [options.settings] sections of the server's configuration, laid over the usual ones
 * @param {boolean} [options.proxy] put a proxy between browser and server; `stack.url` is then the proxy's
 * @param {boolean} [options.wiretap] keep everything that server and platform say to each other
 * @param {string[]} [options.simulator] further arguments for the simulator
 */
export async function startStack({ settings = {}, proxy = false, wiretap = false, simulator: extra = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'cuecard-e2e-'));
  const closing = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const simulate = (listen, admin) => start(SIMULATOR, ['--listen', listen, '--admin', admin, '--scenario', 'none', ...extra], join(folder, 'simulator.log'));
    // Ports of our own choice, because both programs come back on theirs after they were killed.
    let simulator = await simulate(`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`);
    const { listening, admin } = simulator.ready;
    closing.push(() => simulator.end('SIGKILL'));
    let platform = listening;
    let tap;
    if (wiretap) {
      tap = await startProxy(Number(new URL(platform).port), { record: true });
      closing.push(() => tap.close());
      platform = tap.url;
    }

    const port = await freePort();
    let network;
    if (proxy) {
      network = await startProxy(port);
      closing.push(() => network.close());
    }
    const config = join(folder, 'server.toml');
    await writeFile(config, toToml(merge(usual({ port, platform, folder, network }), settings)));
    const launch = () => start(SERVER, ['serve', '--config', config], join(folder, 'server.log'));
    let server = await launch();
    closing.push(() => server.end('SIGKILL'));

    return {
      folder,
      /** Where a browser finds the page. */
      url: network?.url ?? server.ready.listening,
      /** The server without a proxy between. */
      direct: server.ready.listening,
      network,
      platform: {
        ...platformOf(adminOf(admin), tap),
        /** As a crash: it forgets everything. */
        kill: () => simulator.end('SIGKILL'),
        restart: async () => { simulator = await simulate(new URL(listening).host, new URL(admin).host); },
      },
      server: {
        /** As a crash: nothing is written any more. */
        kill: () => server.end('SIGKILL'),
        /** As an operator would: returns the exit code. */
        stop: () => server.end('SIGTERM'),
        /** The same configuration, port and database. */
        restart: async () => { server = await launch(); },
        log: () => readFile(join(folder, 'server.log'), 'utf8'),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function usual({ port, platform, folder, network }) {
  const socket = platform.replace('http', 'ws');
  return {
    server: { listen: `127.0.0.1:${port}`, dev_mode: true, assets_dir: DIST, public_url: network?.url },
    platform: {
      token_url: `${platform}/oauth/token`,
      alerts_url: `${socket}/api/v2/agentassist/realtime/ws`,
      suggestions_url: `${socket}/ws/v1`,
      prompts_url: `${socket}/realtime/v1`,
      notifications_url: `${socket}/agent-assist-notifications/notifications/ws`,
      client_id: 'cid',
      client_secret: 'csecret',
    },
    risk: { sources: [{ name: 'e2e', url: `${platform}/v1/score` }], poll_seconds: 0.5 },
    api: { keys: [API_KEY] },
    storage: { path: join(folder, 'cuecard.db') },
    audit: { path: join(folder, 'audit.jsonl') },
  };
}

function merge(base, over) {
  const sections = { ...base };
  for (const [name, keys] of Object.entries(over)) sections[name] = { ...base[name], ...keys };
  return sections;
}

async function freePort() {
  lastPort -= 1;
  const port = lastPort;
  const holder = net.createServer();
  const isFree = await new Promise((resolve) => holder.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
  await new Promise((resolve) => holder.close(resolve));
  return isFree ? port : freePort();
}

/** The simulator's admin API. */
function adminOf(base) {
  const call = async (method, path, body) => {
    const response = await fetch(base + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`simulator answered ${response.status} to ${method} ${path}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  return {
    /** What the risk API answers, in turn, over and over. */
    risk: (scores) => call('PUT', '/admin/risk', scores),
    /** Delivers a published frame to an agent. */
    push: (agentId, frame) => call('POST', '/admin/push', { agentId, frame }),
    /** Tells who holds an interaction. */
    interaction: (id, agentId) => call('PUT', `/admin/interactions/${encodeURIComponent(id)}`, { agentId }),
    /** Every token that was given out is refused from now on. */
    expireTokens: () => call('POST', '/admin/tokens/expire'),
    /** Drops connections, as a network would. */
    drop: (socket) => call('POST', '/admin/drop', { socket, code: 1006 }),
    faults: (faults) => call('PUT', '/admin/faults', faults),
    /** What the customers saw: `{guest: [{at_ms, typing}]}`. */
    typing: () => call('GET', '/admin/typing'),
    /** The post-interaction form of an interaction. */
    form: (id, body) => call('PUT', `/admin/forms/${encodeURIComponent(id)}`, body),
    tasks: () => call('GET', '/admin/tasks'),
    notifications: () => call('GET', '/admin/notifications'),
    seen: (query = '') => call('GET', `/admin/seen${query}`),
  };
}

/** What a test asks the platform. */
function platformOf(admin, tap) {
  return {
    admin,
    /** What it was told of cards: `{command, objectId}`, in order; `command` is `RENDERED`, `ACCEPTED` or `DISMISSED`. */
    outcomes: async () => (await admin.seen('?kind=frame'))
      .map(({ frame }) => frame)
      .filter((frame) => ['RENDERED', 'ACCEPTED', 'DISMISSED'].includes(frame?.command))
      .map(({ command, body }) => ({ command, objectId: body.objectId })),
    /** All bytes between server and platform, with `wiretap`. */
    recorded: () => tap.recorded(),
  };
}

/** An alert as a publisher sends it. */
export function alertFrame({ id, agent = 'AGT-1', interaction = `INT-${id}`, level = 'HIGH', html = `<p>Body of ${id}</p>`, title }) {
  return {
    contentId: id,
    title: title ?? `${level} Risk Alert Detected`,
    content: html,
    type: 'html',
    metadata: { interactionId: interaction, agentId: agent, riskLevel: level, timestamp: new Date().toISOString() },
  };
}
