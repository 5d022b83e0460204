// One WebSocket for all panels of an agent in this browser. Each panel that has a ticket waits for one lock; the one that
// gets it opens the WebSocket and leads. The others follow: they catch up by HTTP, hear from then on what the leader
// passes on, and send by it. They go on waiting for the lock, so they notice whatever way the leader goes: then all come
// back, and one of them gets the lock.
//
// Where there are no locks or no channels (insecure pages, sandboxed frames) each panel has a WebSocket of its own.

/** A leader that answers nobody for so long is passed by, until it answers. The core gives up on a socket only later. */
const PATIENCE = 4000;

/** What a browser says of a connection that broke (RFC 6455, section 7.1.5). */
const GONE = 1006;

/** Refusals that the close of a WebSocket can say too, as a code that is 4000 higher. */
const TOLD_BY_CLOSE = [401, 403, 429, 503];

/** Addresses that answer no `hello`: an older broker, or a proxy before it. Who would ask there shares nothing. */
const unable = new Set();

// On the channel are messages between panel and broker, and these words.
/** Of one that would follow: is anybody there? */
const ASK = "ask";
/** The leader's answer. */
const OPEN = "open";
/** Of a new leader: come. */
const HERE = "here";

/** What the broker says to the leader about the leader's own place in the log. */
const OWN = ["welcome", "snapshot"];
/** What followers say to the broker. */
const TOLD = ["hello", "action", "ping"];

const kindOf = (text) => /^\{"type":"(\w+)"/.exec(text)?.[1];

export class SharedSocket {
  #url;
  #protocols;
  #opened;
  #message;
  #closed;
  #hurry;
  #replay;
  #channel;
  /** "asking", "following", "own" (a WebSocket of its own) or "over". */
  #state = "asking";
  #socket;
  #leads = false;
  /** The broker has said welcome. */
  #isGreeted = false;
  /** Somebody follows. */
  #isHeard = false;
  /** What came while the answer to `hello` was on its way. */
  #early;
  #timer;
  #stop = new AbortController();
  #release = () => {};

  /**
   * @param {string} url of the WebSocket
   * @param {string[]} protocols with the ticket
   * @param {(isShared: boolean) => void} opened
   * @param {(text: string) => void} message
   * @param {(code: number) => void} closed
   */
  constructor(url, protocols, opened, message, closed) {
    this.#url = url;
    this.#protocols = protocols;
    this.#opened = opened;
    this.#message = message;
    this.#closed = closed;
  }

  /**
   * @param {string} name what all panels call it that can share it
   * @param {string} replay where the answer to `hello` comes from
   * @param {() => void} hurry is called, after the end too, when somebody has got through to the broker or may
   */
  open(name, replay, hurry) {
    this.#replay = replay;
    this.#hurry = hurry;
    const { signal } = this.#stop;
    try {
      if (unable.has(replay)) throw new Error(`${replay} answers no hello`);
      this.#channel = new BroadcastChannel(name);
      const lock = navigator.locks.request(name, { signal }, () => this.#granted());
      lock.catch((error) => {
        if (this.#state === "asking") this.#connect();
        else if (error.name !== "AbortError") throw error;
      });
    } catch {
      this.#connect();
      return;
    }
    // A page that is kept for the way back would keep the lock, or get it, and do nothing.
    addEventListener("pagehide", ({ persisted }) => persisted && this.#end(GONE), { signal });
    this.#channel.onmessage = ({ data }) => typeof data === "string" && this.#hear(data);
    this.#timer = setTimeout(() => this.#connect(), PATIENCE);
    this.#post(ASK);
  }

  send(text) {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
    else if (this.#state === "following" && kindOf(text) === "hello") this.#catchUp(text);
    else if (this.#state === "following") this.#post(text);
  }

  /** Ends the connection without a word, but tells still when it is time to come back. */
  close() {
    this.#state = "over";
    this.#leads = false;
    clearTimeout(this.#timer);
    this.#stop.abort();
    if (this.#socket) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
    }
    this.#release();
  }

  /** Ends it for good. */
  leave() {
    this.#hurry = () => {};
    this.close();
    this.#channel?.close();
  }

  #end(code) {
    if (this.#state === "over") return;
    this.close();
    this.#closed(code);
  }

  #post(text) {
    this.#channel.postMessage(text);
  }

  #granted() {
    if (this.#state === "over") return undefined;
    if (this.#state === "following") {
      this.#end(GONE);
      this.#hurry();
      return undefined;
    }
    return new Promise((release) => {
      this.#release = release;
      this.#leads = true;
      if (this.#isGreeted) this.#post(HERE);
      this.#connect();
    });
  }

  #connect() {
    if (this.#state !== "asking") return;
    this.#state = "own";
    clearTimeout(this.#timer);
    try {
      this.#socket = new WebSocket(this.#url, this.#protocols);
    } catch {
      this.#end(GONE);
      return;
    }
    this.#socket.onopen = () => this.#opened(false);
    this.#socket.onmessage = ({ data }) => typeof data === "string" && this.#received(data);
    this.#socket.onclose = ({ code }) => this.#end(code);
  }

  #received(text) {
    const kind = kindOf(text);
    if (kind === "welcome") {
      this.#isGreeted = true;
      // Who has passed a leader by asks once more: it may only have been slow.
      this.#channel?.postMessage(this.#leads ? HERE : ASK);
    }
    if (this.#leads && this.#isHeard && !OWN.includes(kind)) this.#post(text);
    this.#message(text);
  }

  #hear(text) {
    const kind = kindOf(text);
    if (this.#leads) {
      if (this.#isGreeted) this.#serve(text, kind);
    } else if (this.#state === "asking") {
      if (text === HERE) this.#post(ASK);
      else if (text === OPEN) this.#follow();
    } else if (this.#state === "own") {
      if (!this.#isGreeted) return;
      if (text === HERE) this.#post(ASK);
      else if (text === OPEN) {
        this.#end(GONE);
        this.#hurry();
      }
    } else if (text === HERE) {
      // Whoever followed did not follow this one.
      if (this.#state === "following") this.#end(GONE);
      if (this.#state === "over") this.#hurry();
    } else if (this.#state === "following" && kind && !TOLD.includes(kind)) {
      if (this.#early) this.#early.push(text);
      else this.#message(text);
    }
  }

  #serve(text, kind) {
    if (text === ASK) {
      this.#isHeard = true;
      this.#post(OPEN);
    } else if (kind === "ping" || kind === "action") this.#socket.send(text);
  }

  #follow() {
    this.#state = "following";
    clearTimeout(this.#timer);
    this.#early = [];
    this.#opened(true);
  }

  async #catchUp(hello) {
    let answer, text;
    try {
      const request = new Request(this.#replay, {
        method: "POST",
        headers: { "X-Cuecard": "1", "Content-Type": "application/json" },
        credentials: "include",
        body: hello,
        signal: this.#stop.signal,
      });
      answer = await fetch(request);
      text = await answer.text();
    } catch {
      this.#end(GONE);
      return;
    }
    if (!answer.ok) {
      this.#refused(answer);
      return;
    }
    // Each message may end it.
    for (const line of [...text.split("\n"), ...this.#early]) if (line && this.#state === "following") this.#message(line);
    this.#early = undefined;
  }

  #refused({ status, headers }) {
    if (this.#state !== "following") return;
    if (status === 404 || status === 405) {
      unable.add(this.#replay);
      this.#end(GONE);
      this.#hurry();
      return;
    }
    if (status === 429 || status === 503) {
      const seconds = Math.max(1, headers.get("Retry-After") | 0);
      this.#message(`{"type":"bye","reason":"","retry_after_ms":${seconds}000}`);
    }
    this.#end(TOLD_BY_CLOSE.includes(status) ? 4000 + status : GONE);
  }
}

/**
 * Has the request that opens a session answered when no other tab's is under way, so that all get the same session. Does
 * not wait long for a tab that hangs.
 * @param {Request} request
 */
export async function signIn(request) {
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      const answer = await navigator.locks.request(`cuecard ${request.url}`, { ifAvailable: true }, (lock) => lock && fetch(request));
      if (answer) return answer;
    } catch (error) {
      if (request.bodyUsed) throw error;
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return fetch(request);
}
