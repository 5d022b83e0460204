// The panel in a frame of another page. It speaks to the window around it only, and only if that window's origin is one that the server
// names; `page/bridge.js` is the other end. What the page says of the conversation counts when the server has verified its signature.

/** In every message, either way. */
const PROTOCOL = 1;
/** The panel's events that go to the page around. */
const EVENTS = ["card", "accept", "dismiss", "snooze", "insert", "task", "send", "status", "error"];
/** The panel's methods that the page around may call: what they do harms nobody, so nothing is signed. */
const METHODS = ["focusPanel", "reconnect"];
/** What the frame's address may say of the panel besides its language: its looks. Whose it is and what it shows are never in an address. */
const LOOKS = ["theme", "density", "composer"];
/** How often the page around is greeted until it answers, in milliseconds. */
const GREET_EVERY = 500;
/** How long the page around may take for an assertion, in milliseconds. */
const ASSERTION_WITHIN = 30_000;
/** How long a context waits for the panel's first session, in milliseconds: no token is good for longer. */
const SESSION_WITHIN = 60_000;
/** Waits before a context is tried again because the session is just being renewed, in milliseconds. */
const SESSION_WAITS = [250, 500, 1_000, 2_000, 4_000];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = document.querySelector("p");

// The module comes while the two sides get to know each other.
const { content: script, dataset: { wasm } } = document.querySelector('meta[name="cuecard-module"]');
const module = import(script).then(({ default: init }) => init({ module_or_path: wasm }));
module.catch((error) => console.error("cuecard-panel: the panel cannot be loaded.", error));

const host = await hostOrigin();
if (host) meet();

/** The origin of the page around, if the server names it. */
async function hostOrigin() {
  if (parent === window) {
    note.textContent = "This page is a part of other pages: put it into an iframe.";
    return undefined;
  }
  let origins;
  try {
    const answer = await fetch("/api/embed", { headers: { "x-cuecard": "1" } });
    ({ origins } = await answer.json());
  } catch {
    note.textContent = "The server cannot be reached: reload the page.";
    return undefined;
  }
  const origin = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  if (origins.includes(origin)) return origin;
  note.textContent = origin
    ? `${origin} may not hold this panel: it is not in server.embed_origins.`
    : 'The page around does not say where it is from: give its iframe referrerpolicy="origin".';
  return undefined;
}

/** Greets the page around until it says `init`, and listens to it from then on. */
function meet() {
  const panel = document.createElement("cuecard-panel");
  const asked = new Map();
  let nonce;
  let takes = [];
  let lastId = 0;
  let latestContext = 0;
  const connected = new Promise((resolve) => {
    panel.addEventListener("cuecard:status", ({ detail }) => detail.status === "connected" && resolve());
  });

  const say = (type, fields) => parent.postMessage({ cuecard: PROTOCOL, nonce, type, ...fields }, host);
  note.textContent = "Waiting for the page around this panel.";
  say("ready");
  const greeting = setInterval(say, GREET_EVERY, "ready");

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== host || data?.cuecard !== PROTOCOL) return;
    if (data.type === "init") init(data);
    else if (nonce === undefined || data.nonce !== nonce) return;
    else if (data.type === "assertion") asked.get(data.id)?.settle(data);
    else if (data.type === "context") context(data);
    else if (data.type === "call") call(data);
  });

  function init(message) {
    if (typeof message.nonce !== "string" || message.nonce === "") return;
    takes = Array.isArray(message.takes) ? message.takes : [];
    if (message.nonce === nonce) return;
    nonce = message.nonce;
    say("event", { name: "ready", detail: null });
    if (panel.isConnected) {
      // Another end of the bridge: the earlier one does not answer any more.
      for (const [id, { fresh }] of asked) say("assertion", { id, fresh });
      return;
    }
    clearInterval(greeting);
    note.textContent = "";
    module.catch(() => { note.textContent = "The panel cannot be loaded: reload the page."; });
    panel.assertionProvider = assertion;
    const looks = new URLSearchParams(location.search);
    // The panel takes the language of the page.
    if (looks.has("lang")) document.documentElement.lang = looks.get("lang");
    for (const name of LOOKS) if (looks.has(name)) panel.setAttribute(name, looks.get(name));
    for (const name of EVENTS) {
      panel.addEventListener(`cuecard:${name}`, (event) => {
        // The page around cannot answer in time, so it has said beforehand what it takes.
        if (takes.includes(name)) event.preventDefault();
        say("event", { name, detail: event.detail });
      });
    }
    document.body.append(panel);
  }

  function assertion({ fresh }) {
    lastId += 1;
    const id = lastId;
    const answered = new Promise((resolve, reject) => {
      const settle = ({ assertion: token, error }) => {
        if (typeof token === "string") resolve(token);
        else reject(new Error(String(error ?? "the page around gave no text")));
      };
      asked.set(id, { fresh, settle });
    });
    const late = setTimeout(() => asked.get(id)?.settle({ error: "the page around did not answer" }), ASSERTION_WITHIN);
    say("assertion", { id, fresh });
    return answered.finally(() => {
      clearTimeout(late);
      asked.delete(id);
    });
  }

  const isLoaded = () => module.then(() => true, () => false);

  async function call({ method }) {
    if (METHODS.includes(method) && await isLoaded()) panel[method]();
  }

  async function context({ id, nonce: asker, context: token }) {
    // Ids are the asker's own; who has let go of the frame hears nothing.
    const tell = (fields) => asker === nonce && say("context", { id, ...fields });
    latestContext += 1;
    const mine = latestContext;
    if (!await isLoaded()) {
      tell({ error: "the panel cannot be loaded" });
      return;
    }
    // Without a session the server would refuse it, and the browser would say so on the console.
    await Promise.race([connected, sleep(SESSION_WITHIN)]);
    const answer = mine !== latestContext ? undefined : await verified(token, () => mine === latestContext)
      .catch((error) => ({ error: error.message }));
    // A later one is on its way or there; this one would turn it back.
    if (mine !== latestContext) {
      tell({ error: "replaced by a later context" });
      return;
    }
    if (answer.error) {
      tell({ error: answer.error });
      return;
    }
    // The panel forgets what it knew of the conversation before.
    if (answer.interaction === null) panel.removeAttribute("interaction");
    else panel.setAttribute("interaction", answer.interaction);
    panel.setContext(answer.context);
    tell();
  }
}

/** What the server says that the token says; `error` if it is not good. */
async function verified(token, isWanted) {
  for (const wait of [...SESSION_WAITS, undefined]) {
    const response = await fetch("/api/context", {
      method: "POST",
      headers: { "content-type": "application/json", "x-cuecard": "1" },
      body: JSON.stringify({ context: String(token) }),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    if (answer.code !== "no_session" || wait === undefined || !isWanted()) return { error: `${answer.code}: ${answer.detail}` };
    await sleep(wait);
  }
}
