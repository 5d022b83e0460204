// What the agent learns of the session: the numbers by themselves, and the view on the real stack. It is loaded only when
// it is wanted, it counts what happened, and its files can be read by programs.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { scaleTime } from 'd3-scale';

import { toCsv } from '../../insights/csv.js';
import { percentile, percentiles } from '../../insights/percentiles.js';
import { readSession } from '../../insights/session.js';
import { labelsOf } from '../../insights/ticks.js';
import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { panel } from '../support/panel.mjs';
import { random } from '../support/random.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

describe('percentiles', () => {
  test('are values that were measured, by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.deepEqual(percentiles(hundred.toReversed()), { count: 100, p50: 50, p95: 95, p99: 99 });
    assert.deepEqual(percentiles([7]), { count: 1, p50: 7, p95: 7, p99: 7 });
    assert.deepEqual(percentiles([9, 10]), { count: 2, p50: 9, p95: 10, p99: 10 });
    assert.deepEqual(percentiles([]), { count: 0, p50: undefined, p95: undefined, p99: undefined });
  });

  test('so many per cent are not above, and of all smaller values fewer', () => {
    const { pick } = random(7);
    const upTo = (end) => Array.from({ length: end }, (_, index) => index);
    for (let round = 0; round < 300; round += 1) {
      const values = upTo(1 + pick(upTo(40))).map(() => pick(upTo(30)));
      const sorted = values.toSorted((one, two) => one - two);
      for (const percent of [1, 50, 95, 99, 100]) {
        const found = percentile(sorted, percent);
        const needed = (percent / 100) * values.length;
        assert.ok(values.filter((value) => value <= found).length >= needed, `${values} ${percent}`);
        assert.ok(values.filter((value) => value < found).length < needed, `${values} ${percent}`);
      }
    }
  });
});

describe('the labels of the axis of time', () => {
  const told = ({ labels, isExact }) => labels.map(({ at }) => at.toTimeString().slice(0, isExact ? 8 : 5));

  test('neither touch nor repeat each other nor stick out, however long the session and wide the drawing', () => {
    const start = new Date(2026, 0, 5, 10).getTime();
    for (const late of [0, 1, 500, 61_003]) {
      for (let span = 1; span < 10 * 3_600_000; span = Math.ceil(span * 1.3)) {
        for (const range of [[0, 250], [60, 420], [420, 0], [0, 900]]) {
          const time = scaleTime([start + late, start + late + span], range);
          const space = Math.max(...range);
          const found = labelsOf(time, space);
          const about = `${late} ms, ${span} ms, ${range}`;
          const places = found.labels.map(({ x }) => x).toSorted((one, two) => one - two);
          assert.ok(places.every((place, index) => index === 0 || place - places[index - 1] >= found.width), about);
          assert.ok(places.every((place) => place >= found.width / 2 && place <= space - found.width / 2), about);
          assert.equal(new Set(told(found)).size, places.length, about);
        }
      }
    }
  });

  test('are round times', () => {
    const hours = scaleTime([new Date(2026, 0, 5, 10), new Date(2026, 0, 5, 12)], [0, 360]);
    assert.deepEqual(told(labelsOf(hours, 360)), ['10:00', '10:30', '11:00', '11:30', '12:00']);
    const seconds = scaleTime([new Date(2026, 0, 5, 10), new Date(2026, 0, 5, 10, 0, 40)], [0, 360]);
    assert.deepEqual(told(labelsOf(seconds, 360)), ['10:00:00', '10:00:15', '10:00:30']);
  });
});

describe('comma-separated values', () => {
  test('come back as they went, whatever is in them', () => {
    const { pick } = random(11);
    const characters = ['a', ',', '"', '\n', '\r', ' ', 'ü', ';', 'x'];
    const word = () => `x${Array.from({ length: pick([0, 1, 2, 3, 5]) }, () => pick(characters)).join('')}`;
    for (let round = 0; round < 300; round += 1) {
      const rows = Array.from({ length: 3 }, () => [word(), word(), word()]);
      assert.deepEqual(parseCsv(toCsv(['a', 'b', 'c'], rows)), [['a', 'b', 'c'], ...rows]);
    }
  });

  test('are no formulas where lines are split elsewhere than at commas, nor by wide signs', () => {
    assert.equal(toCsv(['card'], [['＝1'], ['＋1'], ['－1'], ['＠x']]), "card\r\n'＝1\r\n'＋1\r\n'－1\r\n'＠x\r\n");
    assert.equal(toCsv(['a', 'b'], [['x;=1', 'y; ＋2;z;@3']]), "a,b\r\nx;'=1,y;' ＋2;z;'@3\r\n");
    // Where quotes within a line mean nothing, neither do they hold a line together.
    assert.equal(toCsv(['a'], [['x\n=1'], ['";=1']]), 'a\r\n"x\n\'=1"\r\n""";\'=1"\r\n');
  });

  test('are no formulas', () => {
    assert.equal(toCsv(['card'], [['=1+1'], ['+1'], ['-1'], ['@x'], ['\tx'], ['a=1']]), 'card\r\n\'=1+1\r\n\'+1\r\n\'-1\r\n\'@x\r\n\'\tx\r\na=1\r\n');
    assert.equal(toCsv(['n'], [[-1], [0.5], [undefined]]), 'n\r\n-1\r\n0.5\r\n\r\n');
  });
});

describe('a session', () => {
  const START = 1_800_000_000_000;
  const lines = (entries, more = {}) => {
    const summary = { at: START + 600_000, event: 'summary', agent: 'AGT-1', version: '1', since: START, left_out: 0, before: '', keystrokes: 0, typing_calls: 0, ...more };
    return [summary, ...entries].map((entry) => `${JSON.stringify(entry)}\n`).join('');
  };
  const of = (card, kind, at, event, more = {}) => ({ at: START + at, event, card, interaction: 'I', kind, published_at: START + at - 100, waited: false, ...more });

  test('tells of each card once what became of it', () => {
    const { acceptance, latency, cards } = readSession(lines([
      of('s1', 'suggestion', 0, 'received', { published_at: START - 50 }), of('s1', 'suggestion', 100, 'rendered', { published_at: START - 50 }), of('s1', 'suggestion', 900, 'accepted'),
      of('s2', 'suggestion', 0, 'received'), of('s2', 'suggestion', 5, 'dismissed'),
      of('s3', 'suggestion', 0, 'received', { waited: true, published_at: START - 90_000 }), of('s3', 'suggestion', 10, 'rendered', { waited: true }), of('s3', 'suggestion', 20, 'expired'),
      of('s4', 'suggestion', 0, 'received'), of('s4', 'suggestion', 20, 'unseen'),
      of('p1', 'prompt', 0, 'received'), of('p1', 'prompt', 1, 'adopted'), of('p1', 'prompt', 2, 'adopted'), of('p1', 'prompt', 3, 'expired'),
      of('a1', 'alert', 0, 'received'), of('a1', 'alert', 1, 'dismissed'), of('a2', 'alert', 2, 'dropped'),
      of('t1', 'task', 0, 'received'), of('t1', 'task', 1, 'snoozed'), of('t1', 'task', 50, 'received'),
      of('s5', 'suggestion', 0, 'received'), of('s5', 'suggestion', 1, 'accepted'), of('s5', 'suggestion', 2, 'refused'),
    ]));
    const none = { accepted: 0, snoozed: 0, dismissed: 0, expired: 0, unseen: 0, other: 0, open: 0 };
    assert.deepEqual(acceptance, [
      { ...none, kind: 'alert', received: 2, dismissed: 1, other: 1, share: undefined },
      { ...none, kind: 'suggestion', received: 5, accepted: 1, dismissed: 1, expired: 1, unseen: 1, other: 1, share: 0.25 },
      { ...none, kind: 'prompt', received: 1, accepted: 1, share: 1 },
      { ...none, kind: 'task', received: 2, snoozed: 1, open: 1, share: undefined },
    ]);
    assert.deepEqual(latency.points, [{ at: START + 100, ms: 150, kind: 'suggestion' }], 'what waited for the panel tells nothing of the way');
    assert.equal(cards.length, 10);
  });

  test('does not take the time that the agent put a task off for a delay', () => {
    const task = (at, event) => of('t1', 'task', at, event, { published_at: START - 50 });
    const { latency, cards } = readSession(lines([
      task(0, 'received'), task(100, 'rendered'), task(200, 'snoozed'), task(900_200, 'received'), task(900_300, 'rendered'),
    ]));
    assert.deepEqual([latency.points.map(({ ms }) => ms), latency.toPanel.count], [[150], 1]);
    assert.deepEqual(cards.map(({ waited }) => waited), [false, true]);
  });

  test('knows an interruption whose beginning is the first that is left', () => {
    const { connection } = readSession(lines([
      { at: START + 100_000, event: 'reconnecting' }, { at: START + 200_000, event: 'connected' }, { at: START + 500_000, event: 'reconnecting' },
    ], { before: 'connected' }));
    assert.deepEqual({ ...connection, spans: connection.spans.length }, { spans: 3, up: 0.6, interruptions: 2, down: 200_000 });
  });

  test('counts all that is not connected later, and nothing before', () => {
    const { connection } = readSession(lines([
      { at: START, event: 'connecting' }, { at: START + 50_000, event: 'stopped' }, { at: START + 60_000, event: 'connecting' },
      { at: START + 100_000, event: 'connected' }, { at: START + 400_000, event: 'stopped' }, { at: START + 450_000, event: 'connecting' },
    ]));
    assert.deepEqual(connection.spans.map(({ state }) => state), ['connected', 'stopped', 'connecting']);
    assert.deepEqual([connection.up, connection.interruptions, connection.down], [0.6, 1, 200_000]);
    const never = readSession(lines([{ at: START, event: 'connecting' }, { at: START + 1, event: 'stopped' }]));
    assert.deepEqual(never.connection, { spans: [], up: undefined, interruptions: 0, down: 0 });
  });

  test('tells how long it was connected, but for the time before it first was', () => {
    const { connection } = readSession(lines([
      { at: START, event: 'connecting' }, { at: START + 100_000, event: 'connected' }, { at: START + 200_000, event: 'reconnecting' },
      { at: START + 300_000, event: 'connected' }, { at: START + 500_000, event: 'stopped' },
    ]));
    assert.deepEqual({ ...connection, spans: connection.spans.length }, { spans: 4, up: 0.6, interruptions: 2, down: 200_000 });
  });

  test('has few spans of time, however long it was, and loses no card between them', () => {
    for (const hours of [0.01, 0.1, 1, 9, 100]) {
      const entries = Array.from({ length: 200 }, (_, index) => of(`c${index}`, 'alert', Math.floor((index / 200) * hours * 3_600_000), 'rendered'));
      const { latency } = readSession(lines(entries, { at: START + hours * 3_600_000 }));
      assert.ok(latency.spans.length <= 16, `${latency.spans.length} in ${hours} h`);
      assert.equal(latency.spans.reduce((sum, { count }) => sum + count, 0), 200);
      assert.ok(latency.spans.every(({ from }, index) => index === 0 || from >= latency.spans[index - 1].to), 'they do not overlap');
    }
  });

  test('that has just begun is empty', () => {
    const { acceptance, latency, connection, typing } = readSession(lines([]));
    assert.deepEqual([acceptance, latency.spans, connection.spans], [[], [], []]);
    assert.deepEqual([connection.up, latency.toScreen.p50, typing.saved], [undefined, undefined, 0]);
  });
});

/** RFC 4180, as a program of somebody else reads it. */
function parseCsv(text) {
  const rows = [[]];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, raw, end] = cell.exec(text);
    rows.at(-1).push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (end === '\r\n') rows.push([]);
  }
  assert.deepEqual(rows.pop(), [], 'each line has its end');
  return rows;
}

describe('the view', () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(() => browser.close());

  const saved = async (page, press) => {
    const [file] = await Promise.all([page.waitForEvent('download'), press()]);
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
  };

  test('is loaded when it is wanted, counts what happened, and gives the keyboard back', async () => {
    await withStack('insights', {}, async ({ url, direct, platform }) => {
      const api = client(direct);
      await platform.admin.interaction('INT-1', 'AGT-1');
      const opened = await open(browser, `${url}/?agent=AGT-1`);
      const { page, seen } = opened;
      const agent = panel(opened);
      await agent.greeted();
      await platform.admin.push('AGT-1', alertFrame({ id: 'alert-1', interaction: 'INT-1' }));
      const [accepted, left] = [randomUUID(), randomUUID()];
      for (const id of [accepted, left]) {
        await api.post('suggestions', { id, agent_id: 'AGT-1', interaction_id: 'INT-1', content: 'Offer the annual plan', priority: 'HIGH', relevance: 0.9, source: 'model' });
      }
      await agent.shows(['alert-1', accepted, left]);
      await until('all are seen', () => seen.sent.filter(({ kind }) => kind === 'rendered').length === 3);
      await agent.card(accepted).focus();
      await page.keyboard.press('Enter');
      await agent.shows(['alert-1', left]);
      await agent.card(left).focus();
      const ours = () => seen.requests.filter(({ url: asked }) => asked.endsWith('/insights.js')).length;
      assert.equal(ours(), 0, 'not before it is wanted');

      await page.keyboard.press('i');
      const view = page.getByRole('region', { name: 'Insights', exact: true });
      await view.waitFor();
      assert.equal(ours(), 1);
      assert.equal(await view.getByRole('heading', { name: 'Insights' }).evaluate((heading) => heading.matches(':focus')), true);
      assert.equal(await page.locator('.feed').isVisible(), false, 'what is covered is not on screen');
      const latency = view.locator('section', { has: page.getByRole('heading', { name: 'Latency' }) });
      assert.equal(await latency.locator('.dot').count(), 3, 'a dot for each card that came on screen');
      const acceptance = view.locator('section', { has: page.getByRole('heading', { name: 'Acceptance' }) });
      await acceptance.getByText('As a table').click();
      const rows = await acceptance.getByRole('row').allInnerTexts();
      assert.deepEqual(rows.slice(0, 3).map((row) => row.split(/\s+/)), [
        ['Outcome', 'Alerts', 'Suggestions', 'Prompts', 'Tasks'], ['All', '1', '2', '–', '–'], ['Accepted', '0', '1', '–', '–'],
      ]);

      const table = await saved(page, () => acceptance.getByRole('button', { name: 'Save as CSV' }).click());
      assert.match(table.name, /^cuecard-acceptance-AGT-1-\d{4}-\d\d-\d\dT\d{4}\.csv$/);
      assert.deepEqual(parseCsv(table.text), [
        ['kind', 'cards', 'accepted', 'snoozed', 'dismissed', 'expired', 'unseen', 'other', 'open', 'accepted_share'],
        ['alert', '1', '0', '0', '0', '0', '0', '0', '1', ''], ['suggestion', '2', '1', '0', '0', '0', '0', '0', '1', '1'],
      ]);
      const cards = await saved(page, () => view.getByRole('button', { name: 'Save cards as CSV' }).click());
      const [header, ...lines] = parseCsv(cards.text);
      const records = lines.map((line) => Object.fromEntries(line.map((cell, index) => [header[index], cell])));
      assert.deepEqual(records.map(({ card, outcome }) => [card, outcome]), [['alert-1', 'open'], [accepted, 'accepted'], [left, 'open']]);
      assert.ok(records.every(({ latency_ms: ms }) => Number(ms) >= 0 && Number(ms) < 60_000), cards.text);
      const audit = await saved(page, () => view.getByRole('button', { name: 'Save audit as JSON lines' }).click());
      const events = audit.text.trimEnd().split('\n').map((line) => JSON.parse(line));
      assert.deepEqual(events.filter(({ card }) => card === accepted).map(({ event }) => event), ['received', 'rendered', 'accepted']);
      assert.equal(events[0].agent, 'AGT-1');
      assert.doesNotMatch(audit.text, /annual/, 'no words of a card');

      await platform.admin.push('AGT-1', alertFrame({ id: 'alert-2', interaction: 'INT-2' }));
      await until('what happens meanwhile is told', async () => (await acceptance.getByRole('row').nth(1).innerText()).split(/\s+/)[1] === '2');
      assert.equal(seen.sent.filter(({ kind }) => kind === 'rendered').length, 3, 'a card that is covered is not on screen');
      assert.equal(await acceptance.locator('details').evaluate((details) => details.open), true, 'what was opened stays open');
      await page.keyboard.press('Escape');
      await until('the cards are back', async () => await view.count() === 0);
      assert.equal(await agent.card(left).evaluate((card) => card.matches(':focus')), true, 'the keyboard is where it was');
      await until('the card is seen now', () => seen.sent.filter(({ kind }) => kind === 'rendered').length === 4);
      await page.getByRole('button', { name: 'Insights' }).click();
      await view.waitFor();
      assert.equal(ours(), 1, 'loaded once');
      await view.getByRole('button', { name: 'Close' }).click();
      assert.equal(await page.getByRole('button', { name: 'Insights' }).evaluate((button) => button.matches(':focus') && button.ariaExpanded), 'false');
      assert.deepEqual(seen.console, [], 'the policy allows all of it');
    });
  });

  test('leaves the keyboard to the page, but for the agent who opens and closes it', async () => {
    await withStack('insights-focus', {}, async ({ url }) => {
      const opened = await open(browser, `${url}/?agent=AGT-1`);
      const { page, seen } = opened;
      await panel(opened).greeted();
      let arrive;
      const arrival = new Promise((resolve) => { arrive = resolve; });
      await page.route('**/insights.js', async (route) => {
        await arrival;
        await route.continue();
      });
      await page.evaluate(() => document.body.append(document.createElement('textarea')));
      const reply = page.locator('body > textarea');
      const hasKeyboard = () => reply.evaluate((field) => document.activeElement === field);
      const tool = page.getByRole('button', { name: 'Insights' });
      const view = page.getByRole('region', { name: 'Insights', exact: true });
      await tool.click();
      await reply.focus();
      arrive();
      await view.waitFor();
      assert.equal(await hasKeyboard(), true, 'it has come late');

      await page.evaluate(() => { document.querySelector('cuecard-panel').lang = 'de'; });
      await page.locator('section.panel[lang="de"]').waitFor();
      assert.deepEqual([await hasKeyboard(), await page.locator('.report').count()], [true, 0], 'the panel was built anew');
      // Browsers warn of a socket that is closed before it is open.
      await panel(opened).greeted(2);

      await page.evaluate(() => { document.querySelector('cuecard-panel').lang = 'en'; });
      await page.locator('section.panel[lang="en"]').waitFor();
      await tool.focus();
      // Held down.
      for (let press = 0; press < 4; press += 1) await page.keyboard.down('i');
      await page.keyboard.up('i');
      await view.waitFor();
      assert.equal(await view.getByRole('heading', { name: 'Insights' }).evaluate((heading) => heading.matches(':focus')), true);
      for (let press = 0; press < 2; press += 1) await page.keyboard.down('i');
      await page.keyboard.up('i');
      await until('the cards', async () => await view.count() === 0);
      assert.equal(await tool.evaluate((button) => button.matches(':focus')), true);
      assert.deepEqual(seen.console, []);
    });
  });

  test('says when it cannot be loaded, and can then be tried again', async () => {
    await withStack('insights-failure', {}, async ({ url }) => {
      const opened = await open(browser, `${url}/?agent=AGT-1`);
      const { page } = opened;
      await panel(opened).greeted();
      await page.route('**/insights.js', (route) => route.abort());
      const tool = page.getByRole('button', { name: 'Insights' });
      await tool.click();
      const alert = page.getByRole('alert').filter({ hasText: 'Insights cannot be loaded. Try again.' });
      await alert.waitFor();
      await tool.click();
      await until('one line only', async () => await alert.count() === 1);
      await page.unroute('**/insights.js');
      await tool.click();
      await page.getByRole('region', { name: 'Insights', exact: true }).waitFor();
      assert.equal(await alert.count(), 0);
    });
  });

  test('ends with its panel', async () => {
    await withStack('insights-end', {}, async ({ url }) => {
      const opened = await open(browser, `${url}/?agent=AGT-1`);
      const { page, seen } = opened;
      await panel(opened).greeted();
      await page.evaluate(() => {
        window.running = new Set();
        const [begin, end] = [window.setInterval, window.clearInterval];
        window.setInterval = (...what) => { const id = begin(...what); window.running.add(id); return id; };
        window.clearInterval = (id) => { window.running.delete(id); end(id); };
      });
      await page.getByRole('button', { name: 'Insights' }).click();
      await page.getByRole('region', { name: 'Insights', exact: true }).waitFor();
      assert.equal(await page.evaluate(() => window.running.size), 1);
      await page.evaluate(() => document.querySelector('cuecard-panel').remove());
      assert.equal(await page.evaluate(() => window.running.size), 0, 'nothing is read any more');
      assert.deepEqual(seen.console, []);
    });
  });
});
