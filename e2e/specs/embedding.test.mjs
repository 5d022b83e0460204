// Desktops that embed the panel from the packed npm package, built from nothing but the code in the guide: a plain page, React, an iframe.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { client } from '../support/api.mjs';
import { launch, open } from '../support/browser.mjs';
import { guide } from '../support/guide.mjs';
import { install, startHost, tool, write } from '../support/host.mjs';
import { panel } from '../support/panel.mjs';
import { alertFrame, withStack } from '../support/stack.mjs';
import { until } from '../support/wait.mjs';

const RESULTS = fileURLToPath(new URL('../test-results', import.meta.url));
const TYPES = fileURLToPath(new URL('../support/types.tsx', import.meta.url));

/** Makes Vite take the React before. */
const OLDER = "resolve: { alias: [{ find: /^react(-dom)?(?=\\/|$)/, replacement: 'react$1-18' }] }";

let browser;
// Below e2e, so that a build finds vite and React, but never a panel other than the one that was packed.
let work;

before(async () => {
  await mkdir(RESULTS, { recursive: true });
  [browser, work] = await Promise.all([launch(), mkdtemp(join(RESULTS, 'hosts-'))]);
});
after(() => Promise.all([browser.close(), rm(work, { recursive: true, force: true })]));

/**
 * A live card, decided on by keyboard, heard of by the page; nothing on the console, nothing from anywhere else, policies that hold.
 * @param {{name: string, folder: string, path?: string, hasFrame?: boolean}} options where the page is, and whether it holds the server's frame
 */
async function embeds({ name, folder, path = '/', hasFrame = false }) {
  const host = await startHost({ folder, agent: 'AGT-7', hasFrame });
  try {
    await withStack(`embedding-${name}`, { settings: host.settings }, async ({ direct, platform }) => {
      host.of(direct);
      const api = client(direct);
      await platform.admin.interaction('INT-1', 'AGT-7');
      const opened = await open(browser, `${host.url}${path}`, { prepare: record });
      const { page, seen, context } = opened;
      await panel(opened).greeted();
      const inside = hasFrame ? page.frames().find((frame) => frame.url().startsWith(direct)) : page;
      const agent = panel({ page: inside, seen });
      const id = randomUUID();
      await api.post('suggestions', { id, agent_id: 'AGT-7', interaction_id: 'INT-1', content: 'Offer <b>a callback</b>', relevance: 0.9 });
      await agent.shows([id]);
      await (hasFrame ? takesSnippets : followsField)({ page, inside, api, platform });
      await agent.card(id).focus();
      await page.keyboard.press('Enter');
      await until('the card to be accepted', async () => (await api.card(id)).state === 'accepted');

      const heard = await page.evaluate(() => window.heard);
      const card = { card_id: id, interaction_id: 'INT-1', kind: 'suggestion' };
      const aboutIt = heard.filter(({ detail }) => detail.card_id === id);
      assert.deepEqual(aboutIt.map(({ type, detail }) => [type, detail]), [['cuecard:card', { ...card, priority: 'normal' }], ['cuecard:accept', card]]);
      const states = heard.filter(({ type }) => type === 'cuecard:status').map(({ detail }) => detail.status);
      assert.deepEqual(states.filter((state, at) => state !== states[at - 1]), ['connecting', 'connected']);
      assert.deepEqual([...new Set(heard.map(({ target }) => target))], [hasFrame ? 'IFRAME' : 'CUECARD-PANEL']);
      assert.deepEqual(seen.responses.filter((response) => response.status() >= 400).map((response) => response.url()), []);
      assert.deepEqual(seen.console, [`log: accepted ${id}`]);
      assert.equal(seen.sockets, 1, 'it has signed in once');
      const origins = new Set(seen.requests.map(({ url }) => new URL(url).origin.replace('ws:', 'http:')));
      assert.deepEqual([...origins].sort(), [direct, host.url].sort());
      for (const scope of new Set([page, inside])) await isStrict(scope, seen, [direct, host.url]);
      await context.close();
    });
  } finally {
    await host.close();
  }
}

/** What the agent writes in the desktop's field is seen by the customer as typing. */
async function followsField({ page, platform }) {
  let keys = 0;
  await until('the customer to see the typing', async () => {
    await page.getByLabel('Reply').fill(`One moment ${keys += 1}`);
    return Object.values(await platform.admin.typing()).flat().some(({ typing }) => typing);
  });
}

/** A snippet comes into the desktop's field, filled from the signed context. */
async function takesSnippets({ page, inside, api }) {
  await inside.locator('cuecard-panel[interaction="INT-1"]').waitFor();
  const snippets = [{ snippet_id: 'KB-1', content: 'Hello {{customer_name}}', tags: [], source_system: 'KNOWLEDGE_BASE' }];
  await api.prompt({ agent_id: 'AGT-7', interaction_id: 'INT-1', snippets, topics: ['Billing'], level: 4, override: true });
  await inside.locator('[data-snippet-id="KB-1"] button[data-action="insert"]').click();
  await until('the snippet', async () => (await page.getByLabel('Reply').inputValue()) === 'Hello Ms Rossi');
}

/** The document of a page or frame has a policy that names no other origin and allows nothing inline, and its browser enforces it. */
async function isStrict(scope, seen, origins) {
  const url = scope.url();
  const policy = seen.responses.find((response) => response.url() === url).headers()['content-security-policy'];
  assert.doesNotMatch(policy, /'unsafe-(inline|eval|hashes)'|\*/);
  const named = policy.match(/(https?|wss?):\/\/[^\s;]+/g) ?? [];
  assert.deepEqual(named.filter((origin) => !origins.includes(origin.replace(/^ws/, 'http'))), [], policy);
  const before = seen.console.length;
  const caught = await scope.evaluate(() => {
    const run = (act) => {
      try {
        act();
        return 'nothing';
      } catch (error) {
        return error.name;
      }
    };
    const inline = document.createElement('script');
    inline.append('window.ran = true');
    return [run(() => { document.createElement('p').innerHTML = '<b>text</b>'; }), run(() => document.body.append(inline)), window.ran ?? null];
  });
  assert.equal(caught[0], 'TypeError', 'text for a sink must be trusted');
  assert.equal(caught[2], null, 'an inline script must not run');
  await until('the console to say what was refused', () => seen.console.length > before);
}

/** Shows a card where the browser has no sanitiser of its own, and the one in the package is loaded; so is a language. */
async function showsWithoutSetHtml(name, folder) {
  const host = await startHost({ folder, agent: 'AGT-7' });
  try {
    await withStack(`embedding-${name}-fallback`, { settings: host.settings }, async ({ direct, platform }) => {
      host.of(direct);
      const opened = await open(browser, host.url, { prepare: (page) => page.addInitScript(() => { delete Element.prototype.setHTML; }) });
      const agent = panel(opened);
      await agent.greeted();
      // Taken off and put back: the sanitiser is asked for again.
      await opened.page.evaluate(() => {
        const element = document.querySelector('cuecard-panel');
        element.replaceWith(element);
      });
      await agent.greeted(2);
      await platform.admin.push('AGT-7', alertFrame({ id: 'A-1', agent: 'AGT-7', html: '<p onclick="x()">An <b>alert</b></p>' }));
      await agent.shows(['A-1']);
      assert.equal(await agent.card('A-1').locator('b').innerText(), 'alert');
      await opened.page.evaluate(() => { document.querySelector('cuecard-panel').lang = 'de'; });
      await opened.page.locator('section.panel[lang="de"]').waitFor();
      assert.deepEqual(opened.seen.console, []);
      assert.ok(opened.seen.requests.some(({ url }) => url.startsWith(host.url) && url.includes('dompurify')), 'the sanitiser of the package was loaded');
      await opened.context.close();
    });
  } finally {
    await host.close();
  }
}

/** Hears the panel's events as a listener far outside of it would. */
async function record(page) {
  await page.addInitScript(() => {
    window.heard = [];
    for (const word of ['card', 'accept', 'dismiss', 'status', 'error']) {
      window.addEventListener(`cuecard:${word}`, ({ type, target, detail }) => window.heard.push({ type, target: target.nodeName, detail }));
    }
  });
}

/** Writes files of the guide, and the package as the guide says, into a folder that a web server could serve. */
async function publish(folder, names) {
  await write(folder, Object.fromEntries(names.map((name) => [name, guide[name]])));
  await cp(await install(folder), join(folder, 'public/cuecard'), { recursive: true });
  return join(folder, 'public');
}

test('a plain page without a bundler', async () => {
  const folder = await publish(join(work, 'plain'), ['public/index.html', 'public/desktop.css', 'public/desktop.js']);
  await embeds({ name: 'plain', folder });
  await showsWithoutSetHtml('plain', folder);
});

test('a page that holds the frame', async () => {
  const names = ['public/conversation.html', 'public/conversation.css', 'public/conversation.js'];
  await embeds({ name: 'frame', folder: await publish(join(work, 'frame'), names), path: '/conversation.html', hasFrame: true });
});

test('a React application built by Vite, its types checked', async () => {
  const folder = await application('react', '');
  await write(folder, { 'src/types.tsx': await readFile(TYPES, 'utf8') });
  await tool('tsc', ['--project', folder], folder);
  await tool('vite', ['build', '--logLevel', 'error'], folder);
  await embeds({ name: 'react', folder: join(folder, 'dist') });
  await showsWithoutSetHtml('react', join(folder, 'dist'));
});

/** Renders the component with each of several properties in turn, and notes what it asks of the element. */
const TURNS = `
import { useRef } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { CuecardPanel } from "cuecard-panel/react";
import { ready } from "cuecard-panel";

window.asked = [];
const root = createRoot(document.getElementById("root"));
function Host({ field, ...props }) {
  const reply = useRef(null);
  return <><CuecardPanel attachComposer={reply} {...props} />{field && <textarea key={field} id={field} ref={reply} />}</>;
}
ready.then(() => {
  const panel = customElements.get("cuecard-panel").prototype;
  const { attachComposer, setContext } = panel;
  panel.attachComposer = function (field) {
    window.asked.push("attach " + field.id);
    const detach = attachComposer.call(this, field);
    return () => {
      window.asked.push("detach " + field.id);
      detach();
    };
  };
  panel.setContext = function (context) {
    window.asked.push(JSON.stringify(context));
    setContext.call(this, context);
  };
  window.render = async (props) => {
    flushSync(() => root.render(props && <Host {...props} />));
    await new Promise((resolve) => setTimeout(resolve));
    const asked = window.asked.splice(0);
    const attributes = document.querySelector("cuecard-panel")?.attributes ?? [];
    return { asked, attributes: Object.fromEntries([...attributes].map(({ name, value }) => [name, value])) };
  };
});
`;

for (const [version, settings] of Object.entries({ 18: OLDER, 19: '' })) {
  test(`what React ${version} takes back is gone, and only what is otherwise is said anew`, async () => {
    const folder = await application(`turns-${version}`, settings);
    await write(folder, { 'src/main.tsx': TURNS });
    await tool('vite', ['build', '--logLevel', 'error'], folder);
    const host = await startHost({ folder: join(folder, 'dist'), agent: 'AGT-7' });
    try {
      const { page, context } = await open(browser, host.url);
      await page.waitForFunction(() => window.render);
      const render = (props) => page.evaluate((it) => window.render(it), props);
      const values = { name: 'Ms Rossi' };
      assert.deepEqual(await render({ lang: 'de', id: 'cards', title: 'Cards', theme: 'dark', context: values }), {
        asked: ['{"name":"Ms Rossi"}'], attributes: { lang: 'de', id: 'cards', title: 'Cards', theme: 'dark' },
      });
      assert.deepEqual(await render({ lang: 'fr', context: { ...values }, field: 'first' }), { asked: ['attach first'], attributes: { lang: 'fr' } });
      assert.deepEqual(await render({ id: 'other', context: { ...values }, field: 'first' }), { asked: [], attributes: { id: 'other' } });
      assert.deepEqual(await render({ lang: 'de', field: 'second' }), { asked: ['detach first', '{}', 'attach second'], attributes: { lang: 'de' } });
      assert.deepEqual(await render({}), { asked: ['detach second'], attributes: {} });
      assert.deepEqual((await render({ field: 'third' })).asked, ['attach third']);
      assert.deepEqual((await render(null)).asked, ['detach third']);
      await context.close();
    } finally {
      await host.close();
    }
  });
}

test('the same application with React 18', async () => {
  const folder = await application('react-18', OLDER);
  await tool('vite', ['build', '--logLevel', 'error'], folder);
  await embeds({ name: 'react-18', folder: join(folder, 'dist') });
});

/** The React application of the guide, around it what `npm create vite` writes, with these settings more. */
async function application(name, settings) {
  const folder = join(work, name);
  await install(folder);
  await write(folder, {
    ...Object.fromEntries(['src/Assist.tsx', 'src/main.tsx', 'src/desktop.css'].map((file) => [file, guide[file]])),
    'vite.config.ts': `import { defineConfig } from 'vite';\nimport react from '@vitejs/plugin-react';\n\nexport default defineConfig({ plugins: [react()], ${settings} });\n`,
    'index.html': '<!doctype html><html lang="en"><head><title>Desktop</title></head><body><div id="root"></div><script type="module" src="/src/main.tsx"></script></body></html>',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        target: 'ES2023', lib: ['ES2023', 'DOM', 'DOM.Iterable'], module: 'ESNext', moduleResolution: 'bundler', jsx: 'react-jsx', types: ['vite/client'],
        strict: true, exactOptionalPropertyTypes: true, verbatimModuleSyntax: true, noUnusedLocals: true, noEmit: true,
      },
      include: ['src'],
    }),
  });
  return folder;
}

test('the manifest names the attributes and methods that the element has', async () => {
  const folder = join(work, 'manifest');
  const installed = await install(folder);
  const { modules: [{ declarations }] } = JSON.parse(await readFile(join(installed, 'custom-elements.json'), 'utf8'));
  const { attributes, members } = declarations.find(({ tagName }) => tagName === 'cuecard-panel');
  await write(installed, { 'index.html': '<!doctype html>' });
  const host = await startHost({ folder: installed, agent: 'AGT-7' });
  try {
    const { page, context } = await open(browser, host.url);
    const element = await page.evaluate(async () => {
      const { ready } = await import('/cuecard.js');
      await ready;
      const known = customElements.get('cuecard-panel');
      const ours = Object.getOwnPropertyNames(known.prototype);
      return { observed: known.observedAttributes, members: ours.filter((name) => name !== 'constructor' && !name.endsWith('Callback')) };
    });
    assert.deepEqual(element.observed.filter((name) => !attributes.some((attribute) => attribute.name === name)), []);
    assert.deepEqual(element.members.sort(), members.map(({ name }) => name).sort());
    await context.close();
  } finally {
    await host.close();
  }
});

test('the guide, the manifest and the types name the same attributes, methods and events', async () => {
  const installed = await install(join(work, 'names'));
  const [text, types, manifest] = await Promise.all(['README.md', 'cuecard.d.ts', 'custom-elements.json'].map((name) => readFile(join(installed, name), 'utf8')));
  const { attributes, members, events } = JSON.parse(manifest).modules[0].declarations.find(({ tagName }) => tagName === 'cuecard-panel');
  const rows = (head) => {
    const table = text.slice(text.indexOf(`| ${head} |`)).split('\n\n')[0];
    return [...table.matchAll(/^\| `([\w:-]+)/gm)].map(([, name]) => name).sort();
  };
  const names = (list) => list.map(({ name }) => name).sort();
  // Every element has an `id`; ours says what it is for.
  assert.deepEqual(rows('Attribute').filter((name) => name !== 'id'), names(attributes));
  assert.deepEqual(rows('Property, method'), names(members.filter(({ attribute }) => attribute === undefined)));
  assert.deepEqual(rows('Event'), names(events));
  assert.deepEqual([...types.matchAll(/^ {2}"(cuecard:\w+)":/gm)].map(([, name]) => name).sort(), names(events));
});

test('a server that renders pages can import it', async () => {
  const installed = await install(join(work, 'rendering'));
  const { ready } = await import(join(installed, 'cuecard.js'));
  assert.equal(await ready, undefined);
});
