// The proxy that stands in for a bad network, so that the other specs can rely on it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startProxy } from '../support/proxy.mjs';
import { until } from '../support/wait.mjs';

/** An echo server behind a proxy, and a client in front of it. */
async function echoing(body, options) {
  const echo = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await new Promise((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const proxy = await startProxy(echo.address().port, options);
  const client = net.connect(proxy.port, '127.0.0.1').setEncoding('utf8');
  try {
    await once(client, 'connect');
    await body(proxy, client);
  } finally {
    client.destroy();
    await proxy.close();
    await new Promise((resolve) => echo.close(resolve));
  }
}

test('it passes bytes and, when asked, keeps them', async () => {
  await echoing(async (proxy, client) => {
    client.write('hello');
    assert.deepEqual(await once(client, 'data'), ['hello']);
    assert.equal(proxy.recorded(), 'hellohello');
  }, { record: true });
});

test('a cut resets what is there and refuses what comes', async () => {
  await echoing(async (proxy, client) => {
    client.write('x');
    await once(client, 'data');
    proxy.cut();
    const [error] = await once(client, 'error');
    assert.equal(error.code, 'ECONNRESET');
    const late = net.connect(proxy.port, '127.0.0.1');
    assert.equal((await once(late, 'error'))[0].code, 'ECONNRESET');
    proxy.restore();
    const again = net.connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    again.write('y');
    assert.deepEqual(await once(again, 'data'), ['y']);
    again.destroy();
  });
});

test('a stall keeps everything back and loses nothing', async () => {
  await echoing(async (proxy, client) => {
    client.write('x');
    await once(client, 'data');
    proxy.stall();
    let came = '';
    client.on('data', (text) => { came += text; });
    client.write('one');
    await sleep(200);
    assert.equal(came, '');
    proxy.restore();
    await once(client, 'data');
    assert.equal(came, 'one');
  });
});

test('a delay slows down and keeps the order', async () => {
  await echoing(async (proxy, client) => {
    proxy.delay(100);
    const asked = Date.now();
    client.write('slow');
    await until('it to be on its way', () => proxy.recorded() === 'slow');
    proxy.delay(0);
    client.write(' fast');
    let came = '';
    client.on('data', (text) => { came += text; });
    while (came.length < 9) await once(client, 'data');
    assert.equal(came, 'slow fast');
    assert.ok(Date.now() - asked >= 100);
  }, { record: true });
});
