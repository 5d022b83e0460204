// A receiver of callbacks, such as a CRM: checks each signature and keeps what came.

import { createHmac } from 'node:crypto';
import http from 'node:http';

const SECRET = 'a secret for end-to-end tests';

/** Starts a receiver; `settings` is its entry in the server's configuration. */
export async function startReceiver() {
  const received = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts);
      const stamp = request.headers['x-cuecard-timestamp'];
      const mac = createHmac('sha256', SECRET).update(`${stamp}.`).update(raw).digest('hex');
      received.push({
        ...JSON.parse(raw),
        delivery: request.headers['x-cuecard-delivery'],
        is_signed: request.headers['x-cuecard-signature'] === `v1=${mac}` && Math.abs(Date.now() / 1000 - Number(stamp)) < 300,
      });
      response.writeHead(204).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    settings: { name: 'crm', url: `http://127.0.0.1:${server.address().port}/cards`, secret: SECRET },
    /** What came, with `delivery` and whether it was signed rightly (`is_signed`). */
    received,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}
