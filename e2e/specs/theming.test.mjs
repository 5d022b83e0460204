// What docs/theming.md promises is there, what is there is promised, and a host's style sheet reaches it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { serve } from '../../gallery/serve.mjs';
import { STATES } from '../../gallery/states.js';
import { visit } from '../../gallery/visit.mjs';
import { launch } from '../support/browser.mjs';

const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const [guide, tokens] = await Promise.all([read('docs/theming.md'), read('style/tokens.css')]);

/** The rows of the table below this heading, each a list of its cells. */
const table = (heading) => {
  const [, section] = guide.split(`\n## ${heading}\n`);
  return section.split('\n## ')[0].split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
};
const named = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

test('the properties of the guide are those of the style sheet, with their values', () => {
  const documented = table('Custom properties');
  const known = [...tokens.matchAll(/var\((--cuecard-[\w-]+), (?:light-dark\((#\w+), (#\w+)\))?/g)];
  assert.deepEqual(documented.flatMap(([name]) => named(name)).sort(), [...new Set(known.map(([, name]) => name))].sort());
  const colours = new Map(known.filter(([, , light]) => light).map(([, name, light, dark]) => [name, [light, dark]]));
  for (const [name, , light, dark] of documented) {
    const [property] = named(name);
    if (colours.has(property)) assert.deepEqual([light, dark], colours.get(property), property);
  }
});

let browser;
let gallery;
before(async () => { [browser, gallery] = await Promise.all([launch(), serve()]); });
after(async () => { await browser.close(); gallery.close(); });

const inPage = async (body) => {
  const context = await browser.newContext({ viewport: { width: 420, height: 720 } });
  try {
    return await body(await context.newPage());
  } finally {
    await context.close();
  }
};
const open = async (page, query) => {
  await visit(page, `${gallery.url}?${query}&width=full`);
  assert.equal(await page.locator('html').getAttribute('data-ready'), 'yes', query);
};

test('the parts of the guide are those of the panel, in all its states', () => inPage(async (page) => {
  const found = new Set();
  for (const state of Object.keys(STATES)) {
    await open(page, `state=${state}&theme=light`);
    const parts = await page.locator('cuecard-panel').evaluate(({ shadowRoot }) => [...shadowRoot.querySelectorAll('[part]')].flatMap(({ part }) => [...part]));
    for (const part of parts) found.add(part);
  }
  const documented = table('Parts').flatMap((cells) => cells.slice(0, 2)).flatMap(named);
  assert.deepEqual([...found].sort(), documented.sort());
}));

test('a style sheet of the host reaches properties and parts', () => inPage(async (page) => {
  await open(page, 'state=alert-critical&theme=light');
  const look = () => page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
    const style = (selector) => getComputedStyle(shadowRoot.querySelector(selector));
    return [style('.card').backgroundColor, style('.badge').textTransform, style('.card').borderTopLeftRadius, style('.title').fontSize];
  });
  assert.deepEqual(await look(), ['rgb(255, 255, 255)', 'none', '10px', '14px']);
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      cuecard-panel { --cuecard-card: rgb(1 2 3); --cuecard-radius: 2px; --cuecard-font-size: 20px }
      cuecard-panel::part(badge) { text-transform: uppercase }`);
    document.adoptedStyleSheets = [sheet];
  });
  assert.deepEqual(await look(), ['rgb(1, 2, 3)', 'uppercase', '2px', '20px']);
}));

test('who needs contrast gets it, whatever the theme and the host say', () => inPage(async (page) => {
  await open(page, 'state=alert-critical&theme=dark');
  await page.locator('cuecard-panel').evaluate((panel) => panel.style.setProperty('--cuecard-text', 'gray'));
  const colours = () => page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
    const { color, backgroundColor } = getComputedStyle(shadowRoot.querySelector('.panel'));
    return [color, backgroundColor];
  });
  assert.deepEqual(await colours(), ['rgb(128, 128, 128)', 'rgb(18, 19, 23)']);
  await page.emulateMedia({ contrast: 'more' });
  assert.deepEqual(await colours(), ['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  await page.emulateMedia({ contrast: 'no-preference' });
  await page.locator('cuecard-panel').evaluate((panel) => panel.setAttribute('theme', 'high-contrast'));
  assert.deepEqual(await colours(), ['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
}));

test('compact is smaller, and no target is below 24 px', () => inPage(async (page) => {
  const small = async (density) => {
    await open(page, `state=feed&theme=light&density=${density}`);
    return page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
      const buttons = [...shadowRoot.querySelectorAll('button:not(.link)')].filter((button) => button.checkVisibility());
      return {
        text: parseFloat(getComputedStyle(shadowRoot.querySelector('.panel')).fontSize),
        feed: shadowRoot.querySelector('.feed').scrollHeight,
        small: buttons.map((button) => [button.className, button.offsetWidth, button.offsetHeight]).filter(([, width, height]) => width < 24 || height < 24),
      };
    });
  };
  const comfortable = await small('comfortable');
  const compact = await small('compact');
  assert.deepEqual([comfortable.small, compact.small], [[], []]);
  assert.equal(compact.text, 13);
  assert.ok(compact.feed < comfortable.feed * 0.92, `${compact.feed} of ${comfortable.feed} px`);
}));
