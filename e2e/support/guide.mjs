// The code in the embedding guide, so that the tests run what hosts are told to write.

import { readFile } from 'node:fs/promises';

const GUIDE = new URL('../../docs/embedding.md', import.meta.url);

/** The guide's code blocks by the name that stands in backticks on a line before each: `{name: text}`. */
export const guide = await blocks();

const SIGNER = module(guide['sign.mjs']);
/** Signs claims as the guide tells the desktop's backend to: `sign(claims, secret)`. */
export const { sign } = await import(SIGNER);
/** Where the guide tells the desktop's backend to send a browser: `cardsAddress({ agent, interaction }, secret)`. */
export const { cardsAddress } = await import(module(guide['link.mjs'].replace('./sign.mjs', SIGNER)));

function module(code) {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function blocks() {
  const text = await readFile(GUIDE, 'utf8');
  const found = text.matchAll(/^`([^`\n]+)`\n\n```\w*\n(.*?)^```$/gms);
  return Object.fromEntries([...found].map(([, name, code]) => [name, code]));
}
