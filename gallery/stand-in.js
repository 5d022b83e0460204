// The broker, and the clock, of a page without a network: replaces what the panel uses of the window. A state that would
// be over in a second stays, because the clock can be stopped.

const START = Date.parse("2026-11-20T10:00:00Z");
let stoppedAt;
/** Time that has passed at once. */
let ahead = 0;
const meetings = new Map();

/** Sockets by the agent that their panel belongs to. */
const sockets = new Map();
/** How often each agent's panel has said what. */
const said = new Map();
let behaviour = {};

Date.now = () => START + ahead + Math.round(stoppedAt ?? performance.now());

/** From now on it is always now: nothing expires, no offer ends, nothing moves below these roots. */
export function stopClock(roots) {
  stoppedAt = performance.now();
  for (const animation of roots.flatMap((root) => root.getAnimations())) {
    const isEndless = animation.effect.getComputedTiming().iterations === Infinity;
    if (!isEndless && animation.animationName !== "leave") {
      animation.finish();
    } else {
      animation.pause();
      animation.currentTime = 0;
    }
  }
}

/** It is so many milliseconds later than at the start, once all panels have got there. */
export function advance(ms) {
  const meeting = meetings.get(ms) ?? { ...Promise.withResolvers(), missing: sockets.size };
  meetings.set(ms, meeting);
  meeting.missing -= 1;
  if (meeting.missing === 0) {
    ahead = ms;
    meeting.resolve();
  }
  return meeting.promise;
}

/** Sends this agent a card now. */
export function come(agent, card) {
  sockets.get(agent).come(card);
}

/** Whether this agent's panel has said this so often: `hello`, or an action and its card. */
export const acted = (agent, words, times = 1) => (said.get(`${agent} ${words}`) ?? 0) >= times;

/** The broker gives tickets again, and the browsers say so. */
export function regain() {
  behaviour.silent = false;
  window.dispatchEvent(new Event("online"));
}

/** Closes the socket of this agent, and opens none again before `regain`. */
export function lose(agent, code) {
  behaviour.silent = true;
  sockets.get(agent).end(code);
}

const RECORDED = { outcome: "recorded" };

/**
 * @param {object} wanted how the broker behaves
 * @param {() => object[]} wanted.cards what a panel gets
 * @param {object | null} [wanted.answer] to decisions, as an acknowledgement has it: recorded unless told, null stays silent
 * @param {string} [wanted.version] of the server
 * @param {boolean} [wanted.silent] gives no tickets
 * @param {string} [wanted.notices] the browser's permission
 */
export function standIn(wanted) {
  behaviour = { version: "0.1.0", answer: RECORDED, notices: "denied", ...wanted };
  // What an earlier page has left undone is not this page's.
  sessionStorage.clear();
  localStorage.clear();
  window.fetch = answer;
  window.WebSocket = Socket;
  // Each panel has a broker of its own here, and shares nothing with the states beside it.
  window.BroadcastChannel = undefined;
  window.Notification = class { static permission = behaviour.notices; };
}

const realFetch = window.fetch;

async function answer(input, init) {
  const url = input.url ?? String(input);
  const found = /(?:\/brokers\/([^/]+)|^\w+:\/\/[^/]+)\/api\/(\w+)$/.exec(url);
  if (!found) return realFetch.call(window, input, init);
  const [, agent = "served", what] = found;
  const json = (body) => new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
  if (what === "session") return json({ agent_id: "AGT-1007", version: behaviour.version, locale: "en", expires_at: Date.now() + 8 * 3_600_000, image_origins: [] });
  if (what === "ticket") return behaviour.silent ? new Promise(() => {}) : json({ ticket: "t", url: `ws://stand-in/${agent}`, expires_in: 30 });
  return new Response(null, { status: 204 });
}

class Socket extends EventTarget {
  static OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  protocol = "cuecard.v1";

  #agent;
  #head = 0;

  constructor(url) {
    super();
    this.#agent = new URL(url).pathname.slice(1);
    sockets.set(this.#agent, this);
    setTimeout(() => {
      this.readyState = 1;
      this.#fire(new Event("open"));
    });
  }

  send(text) {
    const { type, kind, id, card_id, last_seq } = JSON.parse(text);
    const words = `${this.#agent} ${type === "action" ? `${kind} ${card_id}` : type}`;
    said.set(words, (said.get(words) ?? 0) + 1);
    if (type === "hello" && last_seq > 0) {
      this.#head = last_seq;
      this.#say({ type: "welcome", version: behaviour.version, log: "gallery", head: last_seq, resume: "resumed", now: Date.now() });
    } else if (type === "hello") {
      const cards = behaviour.cards().map((card, index) => ({ seq: index + 1, card }));
      this.#head = cards.length;
      this.#say({ type: "welcome", version: behaviour.version, log: "gallery", head: cards.length, resume: "gap", now: Date.now() });
      this.#say({ type: "snapshot", cards, last: true });
    } else if (type === "ping") {
      // Before anything else happens: the time may be another one then.
      queueMicrotask(() => this.#fire(new MessageEvent("message", { data: '{"type":"pong"}' })));
    } else if (type === "action") {
      const answer = kind === "rendered" ? RECORDED : behaviour.answer;
      if (answer) this.#say({ type: "ack", id, ...answer });
    }
  }

  close() {}

  come(card) {
    this.#head += 1;
    this.#say({ type: "card", seq: this.#head, card });
  }

  end(code) {
    this.readyState = 3;
    this.#fire(new CloseEvent("close", { code }));
  }

  #say(message) {
    setTimeout(() => this.readyState === 1 && this.#fire(new MessageEvent("message", { data: JSON.stringify(message) })));
  }

  #fire(event) {
    this[`on${event.type}`]?.(event);
  }
}
