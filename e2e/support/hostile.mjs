// The vectors of corpora/ and what "inert" means, as corpora/README.md says it.

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../corpora/', import.meta.url);

/** All vectors, each with an id that is unique and valid as a contentId. */
export function vectors() {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json')).sort();
  return files.flatMap((file) => {
    const { vectors: list } = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
    return list.map(({ title, input }, index) => ({ id: `${file.replace(/\W.*$/, '')}-${index}`, title, input }));
  });
}

/**
 * Runs in the page before anything else: notes every script that runs, in ways that hostile HTML tries.
 * The real functions stay away, so that a hundred alerts do not block the page.
 */
export function watchScripts() {
  const ran = [];
  Object.defineProperty(window, '__ran', { value: ran });
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
    window[name] = (...given) => { ran.push(`${name}(${given.join()})`); };
  }
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective: directive, blockedURI, sample }) => {
    // Chromium reports event handler attributes while setHTML parses, before its sanitizer has dropped them; it does not run them,
    // under any policy. Those that are left in the document are found by `inspect`.
    if (directive === 'script-src-attr') return;
    if (/^(script-src|form-action|frame-src|child-src|object-src|base-uri)/.test(directive)) ran.push(`tried ${directive} ${blockedURI} ${sample}`);
  });
}

/**
 * Runs in the page: everything about the content of the given frames that is not inert.
 * @param {{frames: string, body: string, id: string}} where selectors of the frames and of the body within each, and the attribute with
 * the frame's id. Frames are looked for in the document and in the panel's shadow root.
 * @returns {{found: string[], problems: string[]}} the ids of the frames found, and the problems, each with its id
 */
export function inspect({ frames, body, id }) {
  const forbidden = new Set(['script', 'style', 'link', 'meta', 'base', 'iframe', 'frame', 'frameset', 'object', 'embed', 'applet', 'svg', 'math', 'template',
    'form', 'input', 'button', 'select', 'textarea', 'option', 'optgroup', 'datalist', 'output', 'fieldset', 'label', 'keygen', 'isindex',
    'img', 'image', 'picture', 'source', 'video', 'audio', 'track', 'dialog', 'slot', 'portal', 'marquee']);
  const addresses = new Set(['href', 'src', 'srcset', 'action', 'formaction', 'background', 'poster', 'data', 'cite', 'longdesc', 'ping', 'xlink:href']);
  const root = document.querySelector('cuecard-panel')?.shadowRoot ?? document;
  const found = [];
  const problems = [];
  for (const frame of root.querySelectorAll(frames)) {
    const name = frame.getAttribute(id);
    found.push(name);
    const content = frame.querySelector(body);
    if (!content) {
      problems.push(`${name}: has no ${body}`);
      continue;
    }
    const report = (problem) => problems.push(`${name}: ${problem}`);
    const style = getComputedStyle(content);
    const framed = getComputedStyle(frame);
    if (!/content|strict|paint/.test(`${style.contain} ${framed.contain}`)) report(`body is not contained: ${style.contain}`);
    for (const element of content.querySelectorAll('*')) {
      const tag = element.localName;
      if (forbidden.has(tag)) report(`element <${tag}>`);
      if (element.namespaceURI !== 'http://www.w3.org/1999/xhtml') report(`<${tag}> of another namespace`);
      for (const { name: attribute, value } of element.attributes) {
        if (/^on/i.test(attribute)) report(`attribute ${attribute}`);
        if (['id', 'name', 'form', 'is', 'slot', 'srcdoc', 'http-equiv', 'autofocus'].includes(attribute)) report(`attribute ${attribute}="${value}"`);
        // Browsers drop white space and control characters inside a scheme.
        const squeezed = value.replace(/[\u0000-\u0020\u007f]/g, '').toLowerCase();
        if (/^(javascript|vbscript|livescript|data):/.test(squeezed)) report(`${attribute}="${value}"`);
        if (addresses.has(attribute) && !/^(https|mailto):/.test(squeezed)) report(`address ${attribute}="${value}"`);
        if (attribute === 'style' && /url\(|expression|position|z-index|behavior|@import/i.test(value)) report(`style="${value}"`);
      }
      const drawn = getComputedStyle(element);
      if (!['static', ''].includes(drawn.position)) report(`<${tag}> is position: ${drawn.position}`);
      if (drawn.backgroundImage !== 'none' && drawn.backgroundImage !== '') report(`<${tag}> has an image: ${drawn.backgroundImage}`);
      if (drawn.animationName !== 'none' && drawn.animationName !== '') report(`<${tag}> is animated`);
    }
  }
  return { found, problems };
}

/** Splits a list into parts of at most `size`. */
export function chunks(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size));
}
