// A real Chromium, and the stand-in for the broker that every page talks to: fetch and WebSocket of the page's own
// window, so that no network is in the figures.
import { chromium } from "playwright-core";

const flags = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic", "--js-flags=--expose-gc"];

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid?.() === 0 ? [...flags, "--no-sandbox"] : flags,
  });

/** Runs in the page before its own scripts. */
export function standIn() {
  const json = (body) => Promise.resolve(new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }));
  const realFetch = window.fetch;
  window.fetch = (input, init) => {
    const url = typeof input === "string" ? input : (input.url ?? String(input));
    if (url.includes("/api/session")) {
      return json({ agent_id: "AGT-1", version: "0.1.0", locale: "en", expires_at: 4102444800000, image_origins: [] });
    }
    if (url.includes("/api/ticket")) return json({ ticket: "t", url: "ws://127.0.0.1/api/ws", expires_in: 30 });
    return realFetch.call(window, input, init);
  };
  // Animation frames, and the tasks of React's scheduler, which prefers setImmediate where there is one: kept until the
  // driver asks for them once it has taken over.
  const kept = [];
  let handle = 0;
  const realFrame = window.requestAnimationFrame;
  window.requestAnimationFrame = (callback) => {
    if (!window.bench) return realFrame.call(window, callback);
    kept.push(() => callback(performance.now()));
    return ++handle;
  };
  window.setImmediate = (callback) => (window.bench ? kept.push(callback) : setTimeout(callback));
  window.benchKept = kept;
  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 0;
    bufferedAmount = 0;
    binaryType = "blob";
    protocol = "cuecard.v1";
    constructor() {
      super();
      window.benchSocket = this;
      setTimeout(() => {
        this.readyState = 1;
        this.fire(new Event("open"));
      });
    }
    fire(event) {
      this[`on${event.type}`]?.(event);
      this.dispatchEvent(event);
    }
    deliver(text) {
      this.fire(new MessageEvent("message", { data: text }));
    }
    send(text) {
      if (JSON.parse(text).type === "hello") {
        this.deliver(JSON.stringify({ type: "welcome", version: "0.1.0", log: "bench", head: 0, resume: "gap", now: 1795164610000 }));
        this.deliver(JSON.stringify({ type: "snapshot", cards: [], last: true }));
        window.benchReady = true;
      }
    }
    close() {}
  };
}

/** Runs in the page: takes over its frames, finds cards wherever the page keeps them, forces layout. */
export function takeOver() {
  const panel = document.querySelector("cuecard-panel");
  const root = panel ? panel.shadowRoot : document;
  window.bench = {
    find: (id) => root.querySelector(`[data-card-id="${id}"]`),
    count: () => root.querySelectorAll("[data-card-id]").length,
    /** One frame of the display, or more until `isDone`, without giving the browser a chance to paint. */
    async draw(isDone = () => true) {
      for (let turns = 0; turns === 0 || !isDone(); turns++) {
        if (turns > 100) throw new Error("the card never came");
        for (const callback of window.benchKept.splice(0)) callback();
        for (let i = 0; i < 10; i++) await null;
      }
      return (panel ?? document.body).offsetHeight + (root.querySelector("[data-card-id]")?.offsetHeight ?? 0);
    },
  };
}
