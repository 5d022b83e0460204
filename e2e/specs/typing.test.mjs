// What the agent types becomes a calm indicator for the customer, and always ends.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch, open } from '../support/browser.mjs';
import { burst, lastKey, watchKeys } from '../support/keys.mjs';
import { panel } from '../support/panel.mjs';
import { withStack } from '../support/stack.mjs';
import { promptly, until } from '../support/wait.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** After the last key the customer sees no typing any more. */
const LONGEST_MS = 2_300;

const SETTINGS = { settings: { typing: { adapter: 'guests' } } };

/** A page of an agent who can type, with the customer's view of the one guest. */
async function desk({ url, platform }, use = browser) {
  const opened = await open(use, `${url}/?agent=AGT-1&interaction=INT-1`);
  await panel(opened).greeted();
  const field = opened.page.locator('textarea.message');
  await field.waitFor();
  await watchKeys(opened.page);
  const view = async () => Object.values(await platform.admin.typing()).flat();
  return { opened, field, view };
}

const isOff = async (view) => {
  const states = await view();
  return states.length > 0 && states.at(-1).typing === false;
};
const isOn = async (view) => (await view()).at(-1)?.typing === true;

/** Types until the customer sees it; a key now and then keeps it on for as long as that takes. */
async function typeUntilSeen({ opened, field, view }) {
  await field.focus();
  await until('on', async () => {
    await opened.page.keyboard.press('h');
    return isOn(view);
  });
}

test('keys every 100 ms for 5 s: one true, one false, the false 2.0 to 2.3 s after the last key', async () => {
  await withStack('typing', SETTINGS, async (stack) => {
    const { opened, field, view } = await desk(stack);
    await field.focus();
    const calls = async () => (await stack.platform.admin.seen('?kind=http')).filter(({ route, method }) => /typing$/.test(route) && method === 'POST').length;
    await promptly('the false after the last key', LONGEST_MS, async () => {
      const before = await calls();
      const { states, afterMs, hadPause } = await burst({ page: opened.page, view, everyMs: 100, forMs: 5_000 });
      if (hadPause) return undefined;
      // Whoever was held up may have had to say it twice.
      if (afterMs > LONGEST_MS) return afterMs;
      assert.deepEqual(states, [true, false]);
      assert.ok(afterMs >= 2_000, `the false came ${afterMs} ms after the last key`);
      assert.equal(await calls() - before, 2, 'two calls, whatever the burst');
      return afterMs;
    });
  });
});

test('sending, leaving the field and hiding end it at once', async () => {
  await withStack('typing-ends', SETTINGS, async (stack) => {
    const { opened, field, view } = await desk(stack);
    const ends = {
      send: () => opened.page.keyboard.press('Enter'),
      blur: () => field.blur(),
      clear: () => field.evaluate((element) => { element.value = ''; }),
    };
    for (const [name, end] of Object.entries(ends)) {
      // Two seconds after the last key it ends in any case.
      await promptly(`${name} ends it at once`, 1_900, async () => {
        const before = (await view()).length;
        await field.focus();
        await opened.page.keyboard.type('hello');
        await until(`${name}: on`, async () => (await view()).length > before);
        const last = await lastKey(opened.page);
        await end();
        await until(`${name}: off`, () => isOff(view));
        return (await view()).at(-1).at_ms - last;
      });
    }
  });
});

test('a killed tab ends it within 7 s', async () => {
  await withStack('typing-tab', SETTINGS, async (stack) => {
    await promptly('off after the tab was killed', 7_000, async () => {
      const doomed = await launch();
      try {
        const session = await doomed.newBrowserCDPSession();
        const doomedDesk = await desk(stack, doomed);
        await typeUntilSeen(doomedDesk);
        const before = Date.now();
        await session.send('Browser.crash').catch(() => {});
        await until('off', () => isOff(doomedDesk.view));
        return (await doomedDesk.view()).at(-1).at_ms - before;
      } finally {
        await doomed.close();
      }
    });
  });
});

test('a killed server ends it when it is back', async () => {
  await withStack('typing-server', SETTINGS, async (stack) => {
    await promptly('off after the server is back', 7_000, async () => {
      const killed = await desk(stack);
      await typeUntilSeen(killed);
      await stack.server.kill();
      await killed.opened.context.close();
      // Else the server had ended it before it was killed.
      const wasLeftOn = await isOn(killed.view);
      await stack.server.restart();
      // How long the server takes to start is not what is asked.
      const before = Date.now();
      await until('off', () => isOff(killed.view));
      return wasLeftOn ? (await killed.view()).at(-1).at_ms - before : undefined;
    });
  });
});

test('a killed platform knows of no typing when it is back, and the next burst is shown', async () => {
  await withStack('typing-platform', SETTINGS, async (stack) => {
    const { opened, field, view } = await desk(stack);
    await typeUntilSeen({ opened, field, view });
    await stack.platform.kill();
    await stack.platform.restart();
    assert.ok(!(await isOn(view)), 'off, seen by the customer');
    await until('the next burst', async () => {
      // The one before has to end first.
      await sleep(2_300);
      await opened.page.keyboard.press('b');
      // It lasts for two seconds.
      return until('it to be seen', () => isOn(view), 1_900);
    });
    await until('its end', () => isOff(view));
  });
});

test('with a third of all calls answered 429, in both forms, the view is right in the end', async () => {
  await withStack('typing-429', SETTINGS, async (stack) => {
    const { opened, field, view } = await desk(stack);
    await stack.platform.admin.faults(['seconds', 'date'].map((form) => (
      { route: 'typing', fault: 'status', status: 429, retry_after: 1, retry_after_form: form, rate: 0.17 })));
    await field.focus();
    for (let burst = 0; burst < 5; burst += 1) {
      await opened.page.keyboard.type('word ');
      await sleep(2_300);
    }
    await until('off', () => isOff(view), 20_000);
    await sleep(3_000);
    assert.ok(await isOff(view), 'and it stays off');
  });
});
