// A broker that lives in the page, and a count of everything that the panel holds of the browser.

const listeners = new Map();
const count = (target, change) => {
  for (const held of [window, document]) if (target === held) listeners.set(held, (listeners.get(held) ?? 0) + change);
};
for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const original = EventTarget.prototype[name];
  EventTarget.prototype[name] = function (...args) {
    count(this ?? window, change);
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

const realFetch = window.fetch.bind(window);
window.fetch = async (request, ...rest) => {
  const { pathname } = new URL(request.url ?? request, location.href);
  if (!pathname.startsWith("/api/")) return realFetch(request, ...rest);
  requests.push({ pathname, header: request.headers.get("X-Cuecard"), credentials: request.credentials, body: await request.text() });
  if (pathname === "/api/session") {
    return Response.json({ agent_id: "A-1", version: "0.1.0", locale: "en", expires_at: Date.now() + 3_600_000, image_origins: [] });
  }
  return Response.json({ ticket: "secret", url: "ws://127.0.0.1/api/ws", expires_in: 30 });
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
