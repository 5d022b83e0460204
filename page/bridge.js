// The other end of the panel in a frame: for the page around. Copy it, or import it from the server: `import { connectCuecard } from
// "https://cards.example.com/bridge.js"`. It knows nothing but messages; the panel and its session stay in the frame.

/** In every message, either way. */
const PROTOCOL = 1;
const DISCONNECTED = "the page has disconnected from the frame";

/**
 * Connects a page with the panel in its frame. The panel's events come on the iframe under the names they have on <cuecard-panel>:
 * `iframe.addEventListener("cuecard:accept", ({ detail }) => …)`; they bubble. `cuecard:ready` comes once for each time the frame has
 * loaded, or this connection was made with one that is there: it is to be given the context.
 * @param {HTMLIFrameElement} iframe its `src` is the server's /frame.html, its origin never changes
 * @param {object} options
 * @param {(request: {fresh: boolean}) => Promise<string>} options.assertionProvider gives an assertion that the page's backend has signed
 * @param {("insert" | "task")[]} [options.takes] what the page does itself. Without "insert" the panel
 * inserts a snippet into its own composer or copies it; without "task" the link of a task does nothing
 * @returns {{setContext(token: string): Promise<void>, focusPanel(): void, reconnect(): void, disconnect(): void}} `setContext` takes a signed
 * context and is done when the panel shows it; it rejects if the server does not accept it, and when the frame is loaded anew or
 * disconnected. `focusPanel` and `reconnect` are those of <cuecard-panel>. `disconnect` lets go of the frame.
 */
export function connectCuecard(iframe, { assertionProvider, takes = [] }) {
  const origin = new URL(iframe.src, document.baseURI).origin;
  const nonce = crypto.randomUUID();
  const waiting = new Map();
  let lastId = 0;
  let isOver = false;
  let frame;
  // What is said before the frame is there waits for it.
  const answered = new Promise((resolve, reject) => { frame = { resolve, reject }; });
  // Nobody may be waiting.
  answered.catch(() => {});

  const say = (type, fields) => iframe.contentWindow?.postMessage({ cuecard: PROTOCOL, nonce, type, ...fields }, origin);

  /** No answer comes any more to what was asked. */
  function breakOff(why) {
    for (const { reject } of waiting.values()) reject(new Error(why));
    waiting.clear();
  }

  async function isThere() {
    await answered;
    if (isOver) throw new Error(DISCONNECTED);
  }

  // Who has let go of the frame wants nothing of it.
  const call = (method) => isThere().then(() => say("call", { method }), () => {});

  async function answer({ id, fresh }) {
    try {
      say("assertion", { id, assertion: await assertionProvider({ fresh: fresh === true }) });
    } catch (error) {
      say("assertion", { id, error: String(error?.message ?? error) });
    }
  }

  function hear({ source, origin: from, data }) {
    if (source !== iframe.contentWindow || from !== origin || data?.cuecard !== PROTOCOL) return;
    if (data.type === "ready") say("init", { takes });
    if (data.nonce !== nonce) return;
    if (data.type === "assertion") answer(data);
    else if (data.type === "context") settle(data);
    else if (data.type === "event") {
      if (data.name === "ready") {
        breakOff("the frame has been loaded anew, and knows no context");
        frame.resolve();
      }
      iframe.dispatchEvent(new CustomEvent(`cuecard:${data.name}`, { detail: data.detail, bubbles: true, composed: true }));
    }
  }

  function settle({ id, error }) {
    if (error === undefined) waiting.get(id)?.resolve();
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  }

  addEventListener("message", hear);
  // A frame that is there does not greet any more. Before it has come from its origin, nothing can be sent to it.
  if (iframe.contentDocument?.URL !== "about:blank") say("init", { takes });
  return {
    async setContext(token) {
      await isThere();
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        say("context", { id, context: token });
      });
    },
    focusPanel() {
      // A frame cannot take the keyboard by itself.
      if (!isOver) iframe.focus();
      call("focusPanel");
    },
    reconnect() {
      call("reconnect");
    },
    disconnect() {
      isOver = true;
      removeEventListener("message", hear);
      frame.reject(new Error(DISCONNECTED));
      breakOff(DISCONNECTED);
    },
  };
}
