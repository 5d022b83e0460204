// A broker that lives in the page, and a count of everything that the panel holds of the browser.

const listeners = new Map();
const count = (target, change) => {
  for (const held of [window, document]) if (target === held) listeners.set(held, (listeners.get(held) ?? 0) + change);
};
for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const original = EventTarget.prototype[name];
  EventTarget.prototype[name] = function (...args) {
    count(this ?? window, change);
    if (change > 0) args[2]?.signal?.addEventListener("abort", () => count(this ?? window, -1));
    return original.apply(this ?? window, args);
  };
}

const timers = new Set();
for (const [set, clear, isOnce] of [["setTimeout", "clearTimeout", true], ["setInterval", "clearInterval", false]]) {
  const [originalSet, originalClear] = [window[set], window[clear]];
  window[set] = (callback, ...rest) => {
    const id = originalSet((...args) => {
      if (isOnce) timers.delete(id);
      callback(...args);
    }, ...rest);
    timers.add(id);
    return id;
  };
  window[clear] = (id) => {
    timers.delete(id);
    originalClear(id);
  };
}

let observers = 0;
window.IntersectionObserver = class extends window.IntersectionObserver {
  constructor(...args) {
    super(...args);
    observers += 1;
  }
  disconnect() {
    observers -= 1;
    super.disconnect();
  }
};

const sockets = [];
const sent = [];
const requests = [];
window.WebSocket = class {
  readyState = 0;
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    sockets.push(this);
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      this.onopen?.(new Event("open"));
    });
  }
  send(text) {
    const message = JSON.parse(text);
    sent.push(message);
    if (message.type !== "hello") return;
    this.seq = 0;
    this.say({ type: "welcome", version: message.version, log: "a", head: 0, resume: "gap", now: Date.now() });
    this.say({ type: "snapshot", cards: [], last: true });
  }
  say(message) {
    const data = typeof message === "string" ? message : JSON.stringify(message);
    this.onmessage?.(new MessageEvent("message", { data }));
  }
  close() {
    this.readyState = 3;
  }
};

const { random } = Math;
/** What is drawn from now on; by chance again without it. */
export const luck = (drawn) => {
  Math.random = drawn === undefined ? random : () => drawn;
};

const dateNow = Date.now;
const timeStamp = Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp");
/** Stops the clock that a panel reads, also on its events. Timers go on. */
export class Clock {
  #date = dateNow();
  #event = performance.now();
  constructor() {
    Date.now = () => this.#date;
    Object.defineProperty(Event.prototype, "timeStamp", { ...timeStamp, get: () => this.#event });
  }
  pass(ms) {
    this.#date += ms;
    this.#event += ms;
  }
  start() {
    Date.now = dateNow;
    Object.defineProperty(Event.prototype, "timeStamp", timeStamp);
  }
}

const typing = [];
let typingStatus = 204;
/** What was told of typing since the last call. */
export const allTyping = () => JSON.stringify(typing.splice(0));
export const answerTyping = (status) => {
  typingStatus = status;
};
export const attachComposer = (panel, field) => panel.attachComposer(field);
export const setContext = (panel, json) => panel.setContext(JSON.parse(json));
export const tellSent = (panel) => panel.sent();
export const undo = () => document.execCommand("undo");
/** Puts the cursor behind so many letters. */
export const putCursor = (field, at) => {
  field.focus();
  if ("selectionStart" in field) field.setSelectionRange(at, at);
  else getSelection().collapse(field.firstChild, at);
};

let replayed = "";
let refused = 0;
/** What a panel without a socket of its own is answered: lines of JSON. Without any it has no session. */
export const answerReplay = (lines) => {
  replayed = lines;
  refused = 0;
};
/** With which status it is refused instead. */
export const refuseReplay = (status) => {
  refused = status;
};
const { BroadcastChannel } = window;
export const allowChannels = (yes) => {
  window.BroadcastChannel = yes ? BroadcastChannel : undefined;
};
let letGo;
/** Holds a lock as a tab does that answers nobody any more, or lets go of it. */
export const hang = (name) => {
  letGo?.();
  if (name) navigator.locks.request(name, () => new Promise((resolve) => { letGo = resolve; }));
};
/** How many hold and how many await a lock. */
export const locks = async (name) => {
  const { held, pending } = await navigator.locks.query();
  return [held, pending].map((all) => all.filter((lock) => lock.name === name).length).join();
};
let channel;
let overheard = [];
/** Is another tab on this channel. */
export const tuneIn = (name) => {
  channel?.close();
  channel = new BroadcastChannel(name);
  overheard = [];
  channel.onmessage = ({ data }) => overheard.push(data);
};
export const sayOnChannel = (text) => channel.postMessage(text);
export const allOverheard = () => JSON.stringify(overheard);
/** What the browser tells a page, with this flag. */
export const turnPage = (type, persisted) => window.dispatchEvent(new PageTransitionEvent(type, { persisted }));
export const comeOnline = () => window.dispatchEvent(new Event("online"));
const unhandled = [];
addEventListener("unhandledrejection", (event) => {
  unhandled.push(event.reason.message);
  if (event.reason.message === "on purpose") event.preventDefault();
});
export const allUnhandled = () => JSON.stringify(unhandled);
export const fail = () => {
  throw new Error("on purpose");
};

const realFetch = window.fetch.bind(window);
window.fetch = async (request, ...rest) => {
  const { pathname } = new URL(request.url ?? request, location.href);
  if (!pathname.startsWith("/api/")) return realFetch(request, ...rest);
  requests.push({ pathname, header: request.headers.get("X-Cuecard"), credentials: request.credentials, body: await request.text() });
  if (pathname === "/api/session") {
    // With an assertion, the tests' agent is signed in.
    const { agent_id = "A-1" } = JSON.parse(requests.at(-1).body);
    return Response.json({ agent_id, version: "0.1.0", locale: "en", expires_at: Date.now() + 3_600_000, image_origins: [] });
  }
  if (pathname === "/api/typing") {
    const { life, ...call } = JSON.parse(requests.at(-1).body);
    typing.push({ ...call, keepalive: request.keepalive, life: life.length > 0 });
    return new Response(null, { status: typingStatus, headers: { "Retry-After": "2" } });
  }
  if (pathname === "/api/replay") return new Response(replayed, { status: refused || (replayed ? 200 : 401), headers: { "Retry-After": "2" } });
  return Response.json({ ticket: "secret", url: "ws://127.0.0.1/api/ws", expires_in: 30, session: "s-1" });
};

/** What is held right now. */
export const held = () =>
  JSON.stringify({
    listeners: [...listeners.values()].reduce((sum, n) => sum + n, 0),
    timers: timers.size,
    observers,
    sockets: sockets.filter((socket) => socket.readyState < 2).length,
    handlers: sockets.filter((socket) => socket.onopen || socket.onmessage || socket.onclose).length,
  });

export const allSent = () => JSON.stringify(sent);
export const allRequests = () => JSON.stringify(requests);
export const lastProtocols = () => JSON.stringify(sockets.at(-1)?.protocols ?? null);

/** Signs in as a host does. */
export const giveAssertions = (panel) => {
  panel.assertionProvider = async ({ fresh }) => `signed-${fresh}`;
};

/** Closes the newest socket from the broker's side. */
export const hangUp = (code) => {
  sockets.at(-1).readyState = 3;
  sockets.at(-1).onclose?.(new CloseEvent("close", { code }));
};

/** An element as a page has it before it knows what it is, with these properties. */
export const unknown = (json) => {
  const element = document.implementation.createHTMLDocument("").createElement("cuecard-panel");
  return Object.assign(element, JSON.parse(json));
};
/** A property as JSON. */
export const property = (element, name) => JSON.stringify(element[name]);
export const setProperty = (element, name, json) => {
  element[name] = JSON.parse(json);
};
export const call = (element, method) => element[method]();

/** Says this on the newest socket. */
export const say = (text) => sockets.at(-1).say(text);

/** Forbids what the page of the panel forbids; cannot be taken back. */
export const forbid = (policy) => {
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = policy;
  document.head.append(meta);
};

const violations = [];
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
export const allViolations = () => JSON.stringify(violations);

/** What the corpora would do if they ran. */
window.__ran = 0;
window.alert = () => {
  window.__ran += 1;
};
export const ran = () => window.__ran;

let heardEvents = [];
let takes = false;
/** Listens to what the agent does as a host does; forgets what was heard before. */
export const listenTo = (panel) => listen(panel, ["accept", "dismiss", "snooze", "insert", "send", "task"]);
/** The same with what the panel tells by itself. */
export const listenToNews = (panel) => listen(panel, ["card", "status", "error"]);
const listen = (panel, words) => {
  heardEvents = [];
  for (const word of words) {
    panel.addEventListener(`cuecard:${word}`, (event) => {
      const { type, bubbles, composed, cancelable, detail } = event;
      heardEvents.push({ type, bubbles, composed, cancelable, detail });
      if (takes && cancelable) event.preventDefault();
    });
  }
};
/** Whether the host takes the snippets that it is offered. */
export const takeInserts = (yes) => {
  takes = yes;
};
export const heard = () => JSON.stringify(heardEvents);

let permission = "denied";
let notices = [];
let asked = 0;
window.Notification = class {
  static get permission() {
    return permission;
  }
  static async requestPermission() {
    asked += 1;
    permission = "denied";
    return permission;
  }
  constructor(title, { tag, body }) {
    Object.assign(this, { title, tag, body, isOpen: true });
    notices.push(this);
  }
  close() {
    this.isOpen = false;
    this.onclose?.();
  }
};
export const permit = (word) => {
  permission = word;
  notices = [];
  asked = 0;
};
export const allNotices = () => JSON.stringify(notices.map(({ title, tag, body, isOpen }) => ({ title, tag, body, isOpen })));
export const clickNotice = () => notices.at(-1).onclick();
export const timesAsked = () => asked;
export const setVisible = (yes) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (yes ? "visible" : "hidden") });
  document.dispatchEvent(new Event("visibilitychange"));
};
let leave = () => {};
/** Another tab of this agent, visible or not; a hidden one holds nothing. */
export const otherTab = (agent, isVisible) => {
  leave();
  const left = new Promise((resolve) => {
    leave = resolve;
  });
  if (isVisible) navigator.locks.request(`cuecard-visible:${agent}`, { mode: "shared" }, () => left);
};

const opened = [];
window.open = (...args) => opened.push(args) && null;
export const allOpened = () => JSON.stringify(opened.splice(0));

/** A mouse that is this far from the left, as the browser tells of it. */
export const point = (element, type, screenX) => element.dispatchEvent(new PointerEvent(type, { bubbles: true, screenX }));
