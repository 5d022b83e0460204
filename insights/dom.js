// Elements, without any markup: the page's policy takes none.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** An element with attributes and children. */
export const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same in a drawing. */
export const shape = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A button that does this. */
export function button(text, attributes, pressed) {
  const made = element("button", { type: "button", part: "button", ...attributes }, text);
  made.addEventListener("click", pressed);
  return made;
}
