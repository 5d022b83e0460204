// A broker that says whatever a test wants, as fast as the panel takes it: serves the built page, lets everybody in, and
// acknowledges every action. It keeps nothing; a panel that connects gets the cards that the test names.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { extname, join, normalize } from 'node:path';

import { DIST } from './stack.mjs';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };
/** Of the WebSocket handshake, RFC 6455, 4.2.2. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 0x1;
const CLOSE = 0x8;

/**
 * Starts a broker on a free port.
 * @param {() => object[]} cards what a panel gets when it connects
 */
export async function startBroker(cards) {
  const sockets = new Set();
  let seq = 0;
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    const json = (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/api/session') {
      json({ agent_id: 'AGT-1', version: '0.1.0', locale: 'en', expires_at: Date.now() + 8 * 3_600_000, image_origins: [] });
    } else if (pathname === '/api/ticket') {
      json({ ticket: 't', url: `ws://127.0.0.1:${server.address().port}/api/ws`, expires_in: 30 });
    } else {
      const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
      readFile(join(DIST, path)).then(
        (body) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(body),
        () => response.writeHead(404).end(),
      );
    }
  });

  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + KEY_SUFFIX).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: cuecard.v1\r\n\r\n`);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const say = (message) => socket.write(frame(JSON.stringify(message)));
    const answer = ({ type, id }) => {
      if (type === 'hello') {
        const live = cards();
        seq += live.length;
        say({ type: 'welcome', version: '0.1.0', log: 'stand-in', head: seq, resume: 'gap', now: Date.now() });
        say({ type: 'snapshot', cards: live.map((card) => ({ seq, card })), last: true });
      } else if (type === 'ping') {
        say({ type: 'pong' });
      } else if (type === 'action') {
        say({ type: 'ack', id, outcome: 'recorded' });
      }
    };
    listen(socket, (text) => answer(JSON.parse(text)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    /** How many panels are connected. */
    connected: () => sockets.size,
    /**
     * Adds entries to the log and tells all panels; done when the network has taken them.
     * @param {object[]} entries `{card}`, or `{card_id, reason}` for one that leaves
     */
    async append(entries) {
      const messages = entries.map((entry) => {
        seq += 1;
        return frame(JSON.stringify({ type: entry.card ? 'card' : 'removed', seq, ...entry }));
      });
      const bytes = Buffer.concat(messages);
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => { socket.write(bytes, resolve); })));
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A text as one unmasked frame. */
function frame(text) {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(payload.length < 126 ? 2 : 4);
  head[0] = 0x80 | TEXT;
  head[1] = Math.min(payload.length, 126);
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** Reads the texts that a browser sends; ends with its close frame. */
function listen(socket, take) {
  let rest = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      if (rest.length < 2) return;
      const isLong = (rest[1] & 0x7f) === 126;
      const maskAt = isLong ? 4 : 2;
      if (rest.length < maskAt) return;
      const length = isLong ? rest.readUInt16BE(2) : rest[1] & 0x7f;
      const end = maskAt + 4 + length;
      if (rest.length < end) return;
      const mask = rest.subarray(maskAt, maskAt + 4);
      const payload = rest.subarray(maskAt + 4, end).map((byte, index) => byte ^ mask[index % 4]);
      const kind = rest[0] & 0x0f;
      rest = rest.subarray(end);
      if (kind === CLOSE) {
        socket.end(Buffer.from([0x80 | CLOSE, 0]));
      } else if (kind === TEXT) {
        take(Buffer.from(payload).toString());
      }
    }
  });
}
