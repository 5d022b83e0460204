// Requests as an attacker would make them, outside a browser, which would not let a page set these headers.

import http from 'node:http';

/**
 * Sends a request and collects the answer.
 * @param {string} url
 * @param {{method?: string, headers?: Record<string, string>, body?: unknown}} [options]
 */
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const type = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers: { ...type, ...headers } }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (part) => { answer += part; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: answer }));
    });
    // An accepted upgrade has no body; the socket is closed at once.
    sent.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers, body: '' });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Opens a session in dev mode; returns the cookie header. */
export async function openSession(base, agent) {
  const answer = await request(`${base}/api/session`, { method: 'POST', headers: { 'x-cuecard': '1', origin: base }, body: { agent_id: agent } });
  if (answer.status !== 200) throw new Error(`no session: ${answer.status} ${answer.body}`);
  return answer.headers['set-cookie'].map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Asks for a ticket. */
export function askTicket(base, cookie, headers = {}) {
  return request(`${base}/api/ticket`, { method: 'POST', headers: { 'x-cuecard': '1', origin: base, cookie, ...headers } });
}

/** Asks for the upgrade to a socket. `status` is 101 when it was granted. */
export function upgrade(base, { ticket, origin = base, cookie, protocols = `cuecard.v1, ticket.${ticket}` }) {
  return request(`${base}/api/ws`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-protocol': protocols,
      ...(origin ? { origin } : {}),
      ...(cookie ? { cookie } : {}),
    },
  });
}
