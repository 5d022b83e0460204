// Who may not come in: another origin, a ticket that was used, a request that another site's form could have made.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askTicket, openSession, request, upgrade } from '../support/http.mjs';
import { withStack } from '../support/stack.mjs';

const ELSEWHERE = 'https://evil.example';

/** A refusal is a problem with a code, and never a cookie or a ticket. */
function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['set-cookie'], undefined);
  const problem = JSON.parse(answer.body);
  assert.deepEqual([problem.status, problem.code], [status, code], answer.body);
  assert.equal(problem.ticket, undefined);
}

test('a wrong origin is refused at every door', async () => {
  await withStack('access-origin', {}, async ({ direct }) => {
    refused(await request(`${direct}/api/session`, { method: 'POST', headers: { 'x-cuecard': '1', origin: ELSEWHERE }, body: { agent_id: 'AGT-1' } }), 403, 'wrong_origin');
    const cookie = await openSession(direct, 'AGT-1');
    refused(await askTicket(direct, cookie, { origin: ELSEWHERE }), 403, 'wrong_origin');
    const { ticket } = JSON.parse((await askTicket(direct, cookie)).body);
    refused(await upgrade(direct, { ticket, cookie, origin: ELSEWHERE }), 403, 'wrong_origin');
    refused(await upgrade(direct, { ticket: JSON.parse((await askTicket(direct, cookie)).body).ticket, cookie, origin: null }), 403, 'wrong_origin');
  });
});

test('a ticket opens one socket, once', async () => {
  await withStack('access-ticket', {}, async ({ direct }) => {
    const cookie = await openSession(direct, 'AGT-1');
    const answer = await askTicket(direct, cookie);
    const { ticket, url, expires_in: seconds } = JSON.parse(answer.body);
    assert.equal(seconds, 30);
    assert.ok(!url.includes(ticket), 'nothing secret is in a URL');
    const granted = await upgrade(direct, { ticket, cookie });
    assert.equal(granted.status, 101);
    assert.equal(granted.headers['sec-websocket-protocol'], 'cuecard.v1', 'the ticket is not echoed');
    refused(await upgrade(direct, { ticket, cookie }), 401, 'used_ticket');
    refused(await upgrade(direct, { ticket: 'made-up', cookie }), 401, 'no_ticket');
    refused(await upgrade(direct, { protocols: 'cuecard.v1', cookie }), 401, 'no_ticket');
  });
});

test('a ticket of another session opens nothing', async () => {
  await withStack('access-session', {}, async ({ direct }) => {
    const mine = await openSession(direct, 'AGT-1');
    const theirs = await openSession(direct, 'AGT-2');
    const { ticket } = JSON.parse((await askTicket(direct, theirs)).body);
    refused(await upgrade(direct, { ticket, cookie: mine }), 403, 'foreign_ticket');
  });
});

test('a request without X-Cuecard is refused', async () => {
  await withStack('access-header', {}, async ({ direct }) => {
    refused(await request(`${direct}/api/session`, { method: 'POST', headers: { origin: direct }, body: { agent_id: 'AGT-1' } }), 403, 'missing_header');
    const cookie = await openSession(direct, 'AGT-1');
    refused(await request(`${direct}/api/ticket`, { method: 'POST', headers: { origin: direct, cookie } }), 403, 'missing_header');
  });
});

test('without a session there is no ticket', async () => {
  await withStack('access-none', {}, async ({ direct }) => {
    refused(await askTicket(direct, ''), 401, 'no_session');
    refused(await askTicket(direct, '__Host-cuecard=made-up; __Host-Http-cuecard=made-up'), 401, 'no_session');
  });
});
