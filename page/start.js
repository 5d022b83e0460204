// Starts the standalone page: loads the module whose hashed names the build has put into the head, then the panel: whose it is, for which
// conversation, and in which language.
const asked = new URLSearchParams(location.search);
let assertion = takeAssertion();
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
if (!asked.has("agent")) signIn();
document.querySelector("main").append(panel);
addEventListener("hashchange", () => {
  // The desktop's link was followed again: it leads to the page that is here.
  assertion = takeAssertion() ?? assertion;
  if (assertion) signIn();
});

/** What the desktop's link says of the agent: `#assertion=<JWT>`. It leaves the address at once; a fragment is sent to nobody. */
function takeAssertion() {
  const given = new URLSearchParams(location.hash.slice(1)).get("assertion");
  if (given) history.replaceState(history.state, "", location.pathname + location.search);
  return given;
}

/** With the link's assertion once, and from then on, as after a reload, with the session that this browser has. */
function signIn() {
  panel.assertionProvider = async ({ fresh }) => {
    if (fresh) assertion = null;
    return assertion;
  };
}
panel.addEventListener("cuecard:status", ({ detail }) => {
  if (detail.status === "connected") assertion = null;
});
