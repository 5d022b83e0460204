// Notifications of the browser: one across the tabs of an agent, and none while any of them is visible. A visible tab
// holds a lock together with all other visible ones; a hidden tab that gets the lock for itself is the one to speak.

const REFUSED = "cuecard:notices";
// So long the tab that speaks keeps the lock: the other tabs hear of the same card within it.
const SPOKEN_FOR = 2000;

let wasAsked = false;

const refused = () => {
  try {
    return localStorage.getItem(REFUSED) !== null;
  } catch {
    return false;
  }
};

export class Notices {
  #clicked;
  #agent = "";
  #isVisible = document.visibilityState === "visible";
  /** Lets go of the lock of the visible tabs, and of that of the tab that speaks. */
  #hide = () => {};
  #hush = () => {};
  #shown = new Set();

  /** Whether it is of use to ask: nobody has answered yet, and notices can be shown. */
  static canAsk() {
    return !wasAsked && !!navigator.locks && window.Notification?.permission === "default" && !refused();
  }

  /** Asks; to be called from a click. */
  static async ask() {
    wasAsked = true;
    if ((await Notification.requestPermission()) !== "granted") Notices.decline();
  }

  /** The agent does not want notices; they are never asked again. */
  static decline() {
    wasAsked = true;
    try {
      localStorage.setItem(REFUSED, "no");
    } catch {
      // Where nothing can be kept the answer holds for the life of the page.
    }
  }

  /** @param {(card: string) => void} clicked is called with the card of a notice that was clicked */
  constructor(clicked) {
    this.#clicked = clicked;
  }

  /** Whose notices these are. */
  belongTo(agent) {
    if (agent === this.#agent) return;
    this.#agent = agent;
    this.#hold();
  }

  visible(isVisible) {
    this.#isVisible = isVisible;
    if (isVisible) this.#clear();
    this.#hold();
  }

  show(agent, tag, title, body, card) {
    this.belongTo(agent);
    if (this.#isVisible || !navigator.locks || window.Notification?.permission !== "granted") return;
    const speak = (lock) => {
      // Another tab is visible or speaks; or this one is visible meanwhile, or gone.
      if (!lock || this.#isVisible || agent !== this.#agent) return undefined;
      this.#speak(tag, title, body, card);
      return new Promise((done) => {
        const timer = setTimeout(done, SPOKEN_FOR);
        this.#hush = () => {
          clearTimeout(timer);
          done();
        };
      });
    };
    // Phones have no notifications without a service worker: they throw there.
    navigator.locks.request(this.#name(), { ifAvailable: true }, speak).catch(() => {});
  }

  close() {
    this.#agent = "";
    this.#hold();
    this.#clear();
  }

  #speak(tag, title, body, card) {
    const notice = new Notification(title, { tag, body });
    this.#shown.add(notice);
    notice.onclose = () => this.#shown.delete(notice);
    notice.onclick = () => {
      window.focus();
      this.#clicked(card);
      notice.close();
    };
  }

  #hold() {
    this.#hide();
    if (!this.#isVisible || !this.#agent || !navigator.locks) return;
    const hidden = new Promise((hide) => {
      this.#hide = hide;
    });
    navigator.locks.request(this.#name(), { mode: "shared" }, () => hidden).catch(() => {});
  }

  /** What was told is seen, or of no use any more. */
  #clear() {
    this.#hush();
    for (const notice of this.#shown) {
      notice.onclick = null;
      notice.close();
    }
    this.#shown.clear();
  }

  #name() {
    return `cuecard-visible:${this.#agent}`;
  }
}
