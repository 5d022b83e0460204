// DOMPurify for browsers without Element.setHTML; loaded only there.

let loaded;

/**
 * One for the whole page, however many panels it has: a second instance may not make a Trusted Types policy of the same name.
 * @param {{elements: string[], withContent: string[], global: string[], own: Record<string, string[]>}} lists always the same
 * @returns {Promise<(html: string, images: boolean) => DocumentFragment>}
 */
export function load(lists) {
  loaded ??= begin(lists).catch((error) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function begin(lists) {
  // Its own file beside the page, so that whoever has setHTML never loads it.
  const { default: createPurify } = await import(new URL("../../../../../vendor/dompurify-3.4.18.js", import.meta.url));
  // An instance of our own: hooks and settings of a host that uses DOMPurify too stay apart.
  const purify = createPurify(window);
  if (!purify.isSupported) throw new Error("DOMPurify does not support this browser");
  purify.addHook("uponSanitizeAttribute", (node, attribute) => {
    const element = node.localName;
    attribute.keepAttr = lists.global.includes(attribute.attrName) || (Object.hasOwn(lists.own, element) && lists.own[element].includes(attribute.attrName));
  });
  const options = {
    ALLOWED_ATTR: [...lists.global, ...Object.values(lists.own).flat()],
    FORBID_CONTENTS: lists.withContent,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https:\/\/|mailto:)/i,
    // The pattern above is for addresses; without this it would be asked about every other attribute too.
    ADD_URI_SAFE_ATTR: [...lists.global, ...Object.values(lists.own).flat().filter((name) => name !== "href" && name !== "src")],
    RETURN_DOM_FRAGMENT: true,
  };
  const clean = (html, images) => purify.sanitize(html, { ...options, ALLOWED_TAGS: images ? [...lists.elements, "img"] : lists.elements });
  // Where a policy forbids it to parse (Trusted Types without its policy "dompurify"), it is better to know now.
  if (clean("<b>text</b>", false)?.firstElementChild?.localName !== "b") throw new Error("DOMPurify may not parse on this page");
  return clean;
}
