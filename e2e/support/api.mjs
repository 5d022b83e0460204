// The HTTP API as a team with a model uses it.

import { createHash } from 'node:crypto';

const KEY = 'cck_end-to-end-tests-only';

/** What the server's configuration says of our key. */
export const API_KEY = {
  name: 'e2e',
  sha256: createHash('sha256').update(KEY).digest('hex'),
  scopes: ['alerts:write', 'suggestions:write', 'prompts:write', 'cards:read', 'cards:write', 'outcomes:read', 'interactions:write'],
};

/** The header that carries our key. */
export const AUTHORIZATION = `Bearer ${KEY}`;

/**
 * A client of the API.
 * @param {string} base the server's address
 */
export function client(base) {
  const call = async (method, path, { body, headers = {} } = {}) => {
    const response = await fetch(base + path, {
      method,
      headers: { authorization: AUTHORIZATION, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const wanted = async (status, answer) => {
    const { status: found, body } = await answer;
    if (found !== status) throw new Error(`the API answered ${found}, expected ${status}: ${JSON.stringify(body)}`);
    return body;
  };
  return {
    /** Posts a card of a kind (`alerts`, `suggestions`, `prompts`); again under the same key is the same card. */
    post: (kind, body, key) => wanted(202, call('POST', `/v1/${kind}`, { body, headers: key ? { 'idempotency-key': key } : {} })),
    withdraw: (id) => call('DELETE', `/v1/cards/${id}`),
    card: (id) => wanted(200, call('GET', `/v1/cards/${id}`)),
    interaction: (id) => wanted(200, call('GET', `/v1/interactions/${id}`)),
    /** All outcomes so far, read in pages like a consumer that remembers its place. */
    async outcomes() {
      const all = [];
      for (let after = 0; ;) {
        const page = await wanted(200, call('GET', `/v1/outcomes?after=${after}&limit=100`));
        if (page.outcomes.length === 0) return all;
        all.push(...page.outcomes);
        after = page.next;
      }
    },
  };
}
