// Hangs the panels. Without a query: all states, each in a frame. `?state=` shows one state, in every theme and width that
// is asked for (`theme`, `width`; one after the other, with commas), in a language (`lang`) and a `density`. `width=full`
// is one panel alone, as large as the window. When the state is there the page says `data-ready="yes"`.

import { STATES } from "./states.js";
import { lose, standIn, stopClock } from "./stand-in.js";

/** What can be chosen, the usual choice first. */
const CHOICES = {
  theme: ["light,dark", "light,dark,high-contrast,high-contrast-dark", "light", "dark", "high-contrast", "high-contrast-dark"],
  width: ["narrow,wide", "narrow", "wide", "full"],
  lang: ["en", "de", "es", "fr", "ar"],
  density: ["comfortable", "compact"],
};

/** How long a state may take to be there, in milliseconds. */
const PATIENCE = 60_000;

const asked = new URLSearchParams(location.search);
const chosen = Object.fromEntries(Object.entries(CHOICES).map(([name, [usual]]) => [name, asked.get(name) ?? usual]));
const state = STATES[asked.get("state")];
const isAlone = chosen.width === "full";
const wall = document.querySelector("main");

const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const say = (outcome) => { document.documentElement.dataset.ready = outcome; };

try {
  if (!isAlone && window === parent) controls();
  if (state) await hang();
  else frames();
  say("yes");
} catch (error) {
  say("no");
  throw error;
}

/** The choices, each a list; choosing shows the page anew. */
function controls() {
  const form = element("form");
  const lists = { state: ["", ...Object.keys(STATES)], ...CHOICES };
  for (const [name, values] of Object.entries(lists)) {
    const list = element("select", "", { name });
    list.append(...values.map((value) => element("option", value === "" ? "all" : value.replaceAll(",", ", "), { value })));
    list.value = name === "state" ? asked.get("state") ?? "" : chosen[name];
    const label = element("label", name);
    label.append(list);
    form.append(label);
  }
  form.addEventListener("change", () => form.requestSubmit());
  wall.before(form);
}

function frames() {
  for (const [name, { title }] of Object.entries(STATES)) {
    const query = new URLSearchParams({ ...chosen, state: name });
    wall.append(element("iframe", "", { src: `?${query}`, title, loading: "lazy" }));
  }
}

async function hang() {
  standIn({ cards: state.cards, ...state.broker });
  document.title = state.title;
  if (!isAlone) wall.before(element("h1", state.title));
  wall.className = isAlone ? "alone" : "wall";
  const panels = [];
  for (const theme of chosen.theme.split(",")) {
    for (const width of chosen.width.split(",")) {
      const agent = `${theme}-${width}`;
      const panel = element("cuecard-panel", "", { class: width, agent, lang: chosen.lang, density: chosen.density });
      if (!state.isServed) panel.setAttribute("broker", `${location.origin}/brokers/${agent}`);
      // The panel's own light or dark, and the page's, come together for a high contrast of either.
      panel.setAttribute("theme", theme.replace("-dark", ""));
      panel.classList.toggle("dark", theme === "high-contrast-dark");
      if (state.hasComposer) panel.toggleAttribute("composer", true);
      panel.setAttribute("interaction", "INT-20418");
      // As a desktop does that has a composer.
      panel.addEventListener("cuecard:insert", (event) => event.preventDefault());
      const place = element("section");
      place.append(element("h2", `${theme}, ${width}`), panel);
      wall.append(place);
      panels.push({ agent, element: panel });
    }
  }
  await load();
  const isUsual = !state.broker?.silent;
  const ready = await Promise.all(panels.map(async (panel) => {
    const about = { agent: panel.agent, root: panel.element.shadowRoot, lose: (code) => lose(panel.agent, code), until };
    if (isUsual) await until(() => about.root.querySelector('.state[data-state="connected"]'));
    await until(() => about.root.querySelectorAll("article").length === (isUsual ? state.cards().length : 0));
    return about;
  }));
  // Only then: when one loses its connection, the broker is away for all.
  await Promise.all(ready.map((about) => state.act?.(about)));
  // What is drawn with the next frame is drawn.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  stopClock(panels.map((panel) => panel.element.shadowRoot));
}

/** Starts the module whose hashed names are in the head of the page that was built. */
async function load() {
  const built = await (await fetch("/index.html")).text();
  const [module] = /<meta [^>]*name="?cuecard-module[^>]*>/.exec(built);
  const [, script] = /content="?([^" >]+)/.exec(module);
  const [, wasm] = /data-wasm="?([^" >]+)/.exec(module);
  const { default: init } = await import(script);
  await init({ module_or_path: wasm });
}

async function until(condition) {
  const end = performance.now() + PATIENCE;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`the state was not there within ${PATIENCE} ms: ${condition}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}
