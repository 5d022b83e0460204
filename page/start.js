// Starts the standalone page: loads the module whose hashed names the build has put into the head, then the panel: whose it is, for which
// conversation, and in which language.
const asked = new URLSearchParams(location.search);
const { content: script, dataset: { wasm } } = document.querySelector('meta[name="cuecard-module"]');
const { default: init, spoken } = await import(script);
await init({ module_or_path: wasm });

// The first that the address or the browser wants and the panel speaks, in whatever form it is spoken.
const wanted = [asked.get("lang") ?? "", ...navigator.languages];
document.documentElement.lang = wanted.find((tag) => spoken(tag)) ?? "en";

const panel = document.createElement("cuecard-panel");
for (const name of ["agent", "interaction"]) if (asked.has(name)) panel.setAttribute(name, asked.get(name));
// Without a conversation there is nobody to write to.
panel.toggleAttribute("composer", asked.has("interaction"));
document.querySelector("main").append(panel);
