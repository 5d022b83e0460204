// The files of lang/ against each other, the sources and the browser's knowledge of languages; and on the wall of the
// gallery, in every state, that nothing the panel says by itself is left in English.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { serve } from '../../gallery/serve.mjs';
import { STATES } from '../../gallery/states.js';
import { visit } from '../../gallery/visit.mjs';
import { launch } from '../support/browser.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFile(join(ROOT, path), 'utf8');

const tags = (await readdir(join(ROOT, 'lang'))).map((file) => file.replace(/\.json$/, ''));
const languages = new Map(await Promise.all(tags.map(async (tag) => [tag, JSON.parse(await read(`lang/${tag}.json`))])));
const keys = [...new Set([...languages.values()].flatMap(Object.keys))];

/** Where texts for the agent stand. */
const SOURCES = ['src', 'crates/panel/src', 'insights'];
/** Begin as texts do, and are none: names of keys, of the web's interfaces, of headers, and what somebody else has written. */
const NO_TEXTS = new Set(['ArrowDown', 'ArrowUp', 'Backspace', 'Escape', 'Element', 'Sanitizer', 'Content-Type', 'Retry-After', 'Option::is_none', 'Agent Assist: ']);

async function sources() {
  const lists = await Promise.all(SOURCES.map(async (folder) => {
    const names = await readdir(join(ROOT, folder), { recursive: true });
    return names.filter((name) => /\.(rs|js)$/.test(name) && !/tests/.test(name)).map((name) => join(folder, name));
  }));
  return Promise.all(lists.flat().map(async (path) => [path, await read(path)]));
}

/** The literals of a source, without its comments and its own tests. */
function literals(text) {
  const [code] = text.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/\\\n\s*/g, '').split('#[cfg(test)]');
  return [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, literal]) => literal);
}

const isText = (literal) => (/^[A-Z]/.test(literal) && /[a-z]/.test(literal)) || /\{\d\}/.test(literal);
const placesOf = (text) => [...text.matchAll(/\{\d\}/g)].map(([place]) => place).sort();

/** Whether a plural form is for one number alone, which may then be said in a word. */
const isForOne = (rules, category) => {
  const numbers = Array.from({ length: 1000 }, (_, n) => n).filter((n) => rules.select(n) === category);
  return numbers.length === 1;
};

describe('the files', () => {
  for (const [tag, texts] of languages) {
    test(`${tag} has every text, with its places, in the forms that the language has`, () => {
      const rules = new Intl.PluralRules(tag);
      assert.equal(Intl.getCanonicalLocales(tag)[0], tag);
      for (const key of keys) {
        const text = texts[key];
        assert.notEqual(text, undefined, `no text for ${key}`);
        const isCounted = key.includes('|');
        const places = [...new Set(placesOf(key))];
        if (!isCounted) {
          assert.deepEqual(placesOf(text), places, key);
          continue;
        }
        assert.deepEqual(Object.keys(text).sort(), [...rules.resolvedOptions().pluralCategories].sort(), key);
        for (const [category, form] of Object.entries(text)) {
          const found = placesOf(form);
          const isSaid = isForOne(rules, category) && !found.includes('{0}');
          assert.deepEqual(isSaid ? ['{0}', ...found] : found, places, `${key}, ${category}`);
        }
      }
    });
  }

  test('a unit that ends in a full stop does not get another', () => {
    for (const [tag, texts] of languages) {
      for (const unit of ['second', 'minute', 'hour']) {
        const span = new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'short' }).format(5);
        for (const key of ['Next try in {0}.', '{0} left']) assert.doesNotMatch(texts[key].replace('{0}', span), /\.\./, `${tag}: ${key}`);
      }
    }
  });

  test('every text of the sources is a key, and every key is a text of the sources', async () => {
    const found = new Map();
    for (const [path, text] of await sources()) {
      for (const literal of literals(text)) found.set(literal, path);
    }
    const isRust = (path) => path.endsWith('.rs');
    const unknown = [...found].filter(([literal, path]) => isRust(path) && isText(literal) && !NO_TEXTS.has(literal) && !keys.includes(literal));
    assert.deepEqual(unknown, [], 'texts without a translation');
    const said = (await sources()).flatMap(([, text]) => [...text.matchAll(/\bsay\(\s*"((?:[^"\\]|\\.)*)"/g)].map(([, words]) => words));
    assert.ok(said.length > 20, 'sources are found');
    assert.deepEqual(said.filter((words) => !keys.includes(words)), [], 'texts without a translation');
    assert.deepEqual(keys.filter((key) => !found.has(key)), [], 'keys that nobody says');
  });
});

describe('on screen', async () => {
  let browser;
  let gallery;
  before(async () => { [browser, gallery] = await Promise.all([launch(), serve()]); });
  after(async () => { await browser.close(); gallery.close(); });

  /** All texts that the panel shows or names things with. */
  const texts = (page) => page.locator('cuecard-panel').evaluate(({ shadowRoot }) => {
    const NAMES = ['aria-label', 'title', 'placeholder', 'data-full', 'data-short', 'data-used', 'data-handed'];
    const walker = document.createTreeWalker(shadowRoot, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode.data);
    for (const element of shadowRoot.querySelectorAll('*')) found.push(...NAMES.map((name) => element.getAttribute(name) ?? ''));
    return found;
  });

  // What is said by a language of ours is between these, so what is not has not been looked up.
  const [OPEN, CLOSE] = ['⟦', '⟧'];
  const marked = (text) => (typeof text === 'string' ? `${OPEN}${text}${CLOSE}` : Object.fromEntries(Object.entries(text).map(([category, form]) => [category, marked(form)])));

  // What Intl writes by itself; and what the cards of a working day say, apart from those of a state.
  const UNITS = ['ms', 'sek', 'min', 'std'];
  const shift = await read('gallery/shift.js');

  /** What is left of a text without that. */
  function unmarked(text) {
    let depth = 0;
    return [...text].filter((letter) => {
      if (letter === OPEN) depth += 1;
      const isOutside = depth === 0;
      if (letter === CLOSE) depth -= 1;
      return isOutside;
    }).join('');
  }

  for (const [what, query, settings, spoken] of [
    ['the address asks for', '?lang=ar', { locale: 'de-DE' }, ['ar', 'ar', 'rtl']],
    ['the address asks for in its own way', '?lang=DE-latn-at', { locale: 'fr-FR' }, ['DE-latn-at', 'de', 'ltr']],
    ['the browser prefers', '', { locale: 'de-AT' }, ['de-AT', 'de', 'ltr']],
    ['everybody has', '?lang=xx', { locale: 'sv-SE' }, ['en', 'en', 'ltr']],
  ]) {
    test(`the standalone page speaks what ${what}`, async () => {
      const context = await browser.newContext(settings);
      try {
        const page = await context.newPage();
        await page.goto(new URL(`/${query}`, gallery.url).href);
        const panel = page.locator('section.panel');
        await panel.waitFor();
        assert.deepEqual([await page.locator('html').getAttribute('lang'), await panel.getAttribute('lang'), await panel.getAttribute('dir')], spoken);
      } finally {
        await context.close();
      }
    });
  }

  test('without its file a language is English, and says so', async () => {
    const page = await browser.newPage();
    try {
      const said = [];
      page.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
      await page.route('**/lang/ar.json', (route) => route.fulfill({ status: 500 }));
      await page.goto(`${gallery.url}?state=empty&lang=ar&theme=light&width=full`);
      await page.locator('html[data-ready="yes"]').waitFor({ state: 'attached' });
      const panel = page.locator('section.panel');
      assert.deepEqual([await panel.getAttribute('dir'), await panel.locator('.name').innerText()], ['ltr', 'Assist']);
      assert.equal(said.length, 1);
      assert.match(said[0], /no texts in "ar"/);
    } finally {
      await page.close();
    }
  });

  test('a language whose file never comes is English after a while', async () => {
    const page = await browser.newPage();
    try {
      // The test does not wait as long as the panel would.
      await page.addInitScript(() => {
        const timeout = AbortSignal.timeout.bind(AbortSignal);
        AbortSignal.timeout = (patience) => {
          document.documentElement.dataset.patience = patience;
          return timeout(200);
        };
      });
      await page.route('**/lang/de.json', () => {});
      await page.goto(`${gallery.url}?state=empty&lang=de&theme=light&width=full`);
      await page.locator('html[data-ready="yes"]').waitFor({ state: 'attached' });
      assert.equal(await page.locator('section.panel .name').innerText(), 'Assist');
      assert.equal(await page.locator('html').getAttribute('data-patience'), '5000');
    } finally {
      await page.close();
    }
  });

  test('what a file has in a wrong shape is English', async () => {
    const page = await browser.newPage();
    try {
      const wrong = { ...languages.get('de'), Assist: { one: 'Assistenz' }, '{0} card|{0} cards': 'Karten' };
      await page.route('**/lang/de.json', (route) => route.fulfill({ json: wrong }));
      await visit(page, `${gallery.url}?state=prompt&lang=de&theme=light&width=full`);
      const panel = page.locator('section.panel');
      assert.deepEqual([await panel.getAttribute('lang'), await panel.locator('.name').innerText()], ['de', 'Assist']);
      assert.equal(await panel.locator('.count').getAttribute('aria-label'), '1 card');
    } finally {
      await page.close();
    }
  });

  for (const [tag, direction] of [['ps', 'rtl'], ['dv', 'rtl'], ['az-Arab', 'rtl'], ['az', 'ltr'], ['zh-Hant', 'ltr']]) {
    test(`${tag} is written ${direction}`, async () => {
      const page = await browser.newPage();
      try {
        const body = await read('src/shell/words.js');
        await page.route('**/words.js', (route) => route.fulfill({ body, contentType: 'text/javascript' }));
        await page.goto(gallery.url);
        const found = await page.evaluate(async ([path, language]) => {
          const { Language, spoken } = await import(path);
          const element = Object.assign(document.createElement('p'), { lang: `${language.toLowerCase()}-AQ` });
          return [spoken(element.lang, `ar ${language}`), new Language(element, `ar ${language}`).isRightToLeft];
        }, ['/words.js', tag]);
        assert.deepEqual(found, [tag, direction === 'rtl']);
      } finally {
        await page.close();
      }
    });
  }

  for (const [name, state] of Object.entries(STATES)) {
    test(`nothing is left in English: ${state.title}`, async () => {
      const page = await browser.newPage();
      try {
        await page.route('**/lang/de.json', (route) => {
          const all = Object.entries(languages.get('de')).map(([key, text]) => [key, marked(text)]);
          return route.fulfill({ json: Object.fromEntries(all) });
        });
        await visit(page, `${gallery.url}?state=${name}&lang=de&theme=light&width=full`);
        assert.equal(await page.locator('html').getAttribute('data-ready'), 'yes');
        const all = await texts(page);
        assert.ok(all.some((text) => text.includes(OPEN)), 'German is spoken');
        const given = `${JSON.stringify(state.cards())} ${shift} AGT-1007 annual zebra ${state.broker?.answer ?? ''}`.toLowerCase();
        const left = all.map(unmarked).filter((text) => {
          const words = text.toLowerCase().match(/\p{L}{2,}/gu) ?? [];
          return words.some((word) => !given.includes(word) && !UNITS.includes(word));
        });
        assert.deepEqual(left, []);
        // An abbreviation brings its own full stop.
        const bare = all.map((text) => text.replaceAll(/[⟦⟧]/g, ''));
        assert.deepEqual(bare.filter((text) => text.includes('..')), []);
      } finally {
        await page.close();
      }
    });
  }
});
