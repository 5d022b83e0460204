// Every state on the gallery's wall under axe-core, in light, dark, high contrast and forced colours, from left to right
// and from right to left, with and without motion; and what axe does not see: that nothing is cut off at 320 px, that the
// keyboard reaches all that the mouse does, and that nothing lies over what it has reached.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { serve } from '../../gallery/serve.mjs';
import { STATES } from '../../gallery/states.js';
import { visit } from '../../gallery/visit.mjs';
import { launch } from '../support/browser.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let gallery;
before(async () => { [browser, gallery] = await Promise.all([launch(), serve()]); });
after(async () => { await browser.close(); gallery.close(); });

/** One browser context for all pages of the same settings: what one has loaded and compiled the next one has. */
const contexts = new Map();
const contextOf = (settings) => {
  const name = JSON.stringify(settings);
  if (!contexts.has(name)) contexts.set(name, browser.newContext({ viewport: { width: 1620, height: 720 }, ...settings }));
  return contexts.get(name);
};

/** Opens a state in a page of its own and waits until it is there. */
async function show(query, body, settings = {}) {
  const page = await (await contextOf(settings)).newPage();
  try {
    const said = [];
    page.on('pageerror', (error) => said.push(error.stack));
    page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
    await visit(page, `${gallery.url}?${query}`);
    assert.deepEqual(said, [], 'no error on the console');
    await body(page);
  } finally {
    await page.close();
  }
}

const violations = (page, rules = {}) => page.evaluate(async ([tags, chosen]) => {
  const { violations: found } = await window.axe.run(document, { runOnly: tags, rules: chosen, resultTypes: ['violations'] });
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(' ')}: ${failureSummary}`));
}, [TAGS, rules]);

/** Texts in a colour that is not the system's. */
const foreign = (page) => page.evaluate(() => {
  const probe = document.body.appendChild(document.createElement('i'));
  const system = ['CanvasText', 'ButtonText', 'LinkText', 'VisitedText', 'GrayText', 'HighlightText', 'FieldText'].map((name) => {
    probe.style.color = name;
    return getComputedStyle(probe).color;
  });
  const all = [...document.querySelectorAll('cuecard-panel')].flatMap((panel) => [...panel.shadowRoot.querySelectorAll('*')]);
  return all.filter((element) => element.checkVisibility() && !system.includes(getComputedStyle(element).color)).map((element) => element.className || element.localName);
});

for (const [name, { title }] of Object.entries(STATES)) {
  for (const lang of ['en', 'ar']) {
    // What is alike but for its colours stands side by side, so one page shows it.
    test(`axe finds nothing: ${title}, ${lang}`, () => show(`state=${name}&lang=${lang}&theme=light,dark`, async (page) => {
      await page.evaluate(axe);
      assert.deepEqual(await violations(page), []);
      if (lang !== 'en') return;
      await page.emulateMedia({ reducedMotion: 'reduce' });
      assert.deepEqual(await violations(page), [], 'with reduced motion');
    }));

    test(`axe finds nothing in forced colours: ${title}, ${lang}`, () => show(`state=${name}&lang=${lang}&theme=dark&width=narrow`, async (page) => {
      await page.evaluate(axe);
      // Of contrast axe asks -webkit-text-fill-color, which Chromium does not force where it forces what is painted.
      assert.deepEqual(await violations(page, { 'color-contrast': { enabled: false } }), []);
      assert.deepEqual(await foreign(page), []);
    }, { forcedColors: 'active', colorScheme: 'dark' }));
  }

  test(`axe finds nothing in high contrast, compact: ${title}`, () => show(`state=${name}&density=compact&theme=high-contrast,high-contrast-dark,light&width=narrow`, async (page) => {
    await page.evaluate(axe);
    assert.deepEqual(await violations(page), []);
  }));
}

test('Arabic is written from right to left, other languages are not', async () => {
  for (const [lang, direction] of [['en', 'ltr'], ['de', 'ltr'], ['ar', 'rtl']]) {
    await show(`state=feed&lang=${lang}&theme=light&width=full`, async (page) => {
      const found = await page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
        const of = (selector) => getComputedStyle(shadowRoot.querySelector(selector)).direction;
        // The publisher's text keeps its own.
        return [of('.panel'), of('.head'), of('.body')];
      });
      assert.deepEqual(found, [direction, direction, 'ltr'], lang);
    });
  }
});

test('axe would find something', () => show('state=empty', async (page) => {
  await page.evaluate(axe);
  await page.locator('.icon.keyboard').first().evaluate((button) => button.removeAttribute('aria-label') ?? button.removeAttribute('title'));
  assert.match((await violations(page)).join(), /^button-name: /);
}));

const LANGUAGES = ['en', 'ar', 'de', 'es', 'fr'];

// 320 px are also 200 % zoom of 640 px.
const NARROW = { viewport: { width: 320, height: 360 } };

/** Texts of ours that end in an ellipsis or at an edge. A card's own text may, where it is only named: in a decided row, in the offer to undo. */
const cut = (page) => page.locator('cuecard-panel').evaluate(async (panel) => {
  // Charts are drawn for the width that they have found.
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const hides = (element) => element.clientWidth > 1 && ['hidden', 'clip'].includes(getComputedStyle(element).overflowX);
  const all = [...panel.shadowRoot.querySelectorAll('*')].filter((element) => !element.closest('.what, .undo-text, .unseen') && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
  return all.filter((element) => hides(element) && element.scrollWidth > element.clientWidth + 1).map((element) => element.className || element.localName);
});

test('nothing is cut off, and nothing scrolls sideways, at 320 px', async () => {
  const all = Object.keys(STATES).flatMap((state) => LANGUAGES.map((lang) => `state=${state}&lang=${lang}`));
  for (const name of all) {
    await show(`${name}&theme=light&width=full`, async (page) => {
      // Where the layout begins to show more, it has the least room for it.
      for (const width of [360, 380, 400, 420, 320]) {
        await page.setViewportSize({ width, height: 360 });
        assert.deepEqual(await cut(page), [], `${name} at ${width} px`);
      }
      const wide = await page.locator('cuecard-panel').evaluate((panel) => {
        const all = [...panel.shadowRoot.querySelectorAll('*')].filter((element) => element.checkVisibility() && !element.closest('.unseen, .report table'));
        const frame = panel.getBoundingClientRect();
        const isOutside = (element) => {
          const { left, right, width } = element.getBoundingClientRect();
          return width > 1 && (left < frame.left - 0.5 || right > frame.right + 0.5);
        };
        // A table of data may be moved within its own box (WCAG 1.4.10).
        const scrolls = (element) => !element.matches('.report .sheet') && element.scrollWidth > element.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
        return all.filter((element) => isOutside(element) || scrolls(element)).map((element) => element.className || element.localName);
      });
      assert.deepEqual(wide, [], name);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, name);
    }, NARROW);
  }
});

test('the keyboard reaches every control of every state, and sees where it is', async () => {
  for (const name of Object.keys(STATES)) {
    await show(`state=${name}&theme=light&width=full`, async (page) => {
      await page.locator('cuecard-panel').evaluate((panel) => {
        const isControl = (element) => element.checkVisibility() && !element.disabled;
        window.left = new Set([...panel.shadowRoot.querySelectorAll('button, input, textarea, a[href], article')].filter(isControl));
        panel.shadowRoot.activeElement?.blur();
      });
      const count = await page.evaluate(() => window.left.size);
      const hidden = [];
      const covered = [];
      for (let presses = 0; presses < count + 10; presses += 1) {
        await page.keyboard.press('Tab');
        const { unseen, under } = await page.evaluate(() => {
          const { shadowRoot } = document.querySelector('cuecard-panel');
          const focused = shadowRoot.activeElement;
          window.left.delete(focused);
          if (!focused || focused.matches('.body, .text, .feed')) return {};
          const { outlineStyle, outlineWidth } = getComputedStyle(focused);
          const { left, top, width, height } = focused.getBoundingClientRect();
          const isOnTop = [[0.5, 0.5], [0.1, 0.1], [0.9, 0.9]].some(([x, y]) => focused.contains(shadowRoot.elementFromPoint(left + x * width, top + y * height)));
          return {
            unseen: outlineStyle === 'none' || parseFloat(outlineWidth) < 1 ? focused.className : null,
            // The sheet of keys lies over the cards because the agent wants it there; Escape takes it away.
            under: isOnTop || shadowRoot.querySelector('.keys').checkVisibility() ? null : focused.className,
          };
        });
        if (unseen) hidden.push(unseen);
        if (under) covered.push(under);
      }
      // What waited behind the button for new cards came when the focus left the list, and the button went.
      const left = await page.evaluate(() => [...window.left].filter((element) => element.checkVisibility()).map((element) => element.className || element.localName));
      assert.deepEqual(left, [], name);
      assert.deepEqual(hidden, [], `${name}: the focus shows`);
      assert.deepEqual(covered, [], `${name}: nothing lies over the focus`);
    });
  }
});
