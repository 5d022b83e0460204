// The HTTP API as a team with a model uses it.

import { createHash } from 'node:crypto';

import { until } from './wait.mjs';

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
  const post = (kind, body, key) => wanted(202, call('POST', `/v1/${kind}`, { body, headers: key ? { 'idempotency-key': key } : {} }));
  const card = (id) => wanted(200, call('GET', `/v1/cards/${id}`));
  return {
    /** Posts a card of a kind (`alerts`, `suggestions`, `prompts`); again under the same key is the same card. */
    post,
    /**
     * Posts a prompt that comes to its agent, and gives the answer to its post. One of more than two seconds is not sent (wire.md 5.4); so
     * what gets stale on its way is posted anew, twice at most.
     */
    async prompt(body) {
      for (let left = 2; ; left -= 1) {
        const answer = await post('prompts', { ttl_seconds: 120, ...body });
        const { state, outcomes } = await until(`the prompt ${answer.id} to come`, async () => {
          const found = await card(answer.id);
          return !['queued', 'sent'].includes(found.state) && found;
        });
        if (['delivered', 'rendered'].includes(state)) return answer;
        if (left === 0 || !/stale/.test(outcomes.at(-1).reason)) throw new Error(`a prompt is ${state}: ${JSON.stringify(outcomes)}`);
      }
    },
    withdraw: (id) => call('DELETE', `/v1/cards/${id}`),
    card,
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
