// The view of the session. It is a module of its own, with its charts, that is loaded when the agent wants to see it.

let loaded;

/** One for the whole page, however many panels it has. */
function load() {
  // Its own file beside the script, as the built page has it.
  loaded ??= import(new URL("../../../../insights.js", import.meta.url)).catch((error) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/** The view of one panel. */
export class Insights {
  #element;
  #language;
  #read;
  #view;
  #failure;
  #isWanted = false;

  /**
   * @param {HTMLElement} element the panel's
   * @param {object} language its own, from `words.js`
   * @param {() => string} read gives the lines of its session
   */
  constructor(element, language, read) {
    this.#element = element;
    this.#language = language;
    this.#read = read;
  }

  /** Opens or closes it. */
  async toggle() {
    this.#isWanted = !this.#isWanted;
    if (!this.#isWanted) return this.#view?.close();
    this.#failure?.remove();
    const root = this.#element.shadowRoot;
    const before = root.activeElement;
    try {
      const { open } = await load();
      // It may not be wanted any more, or wanted again meanwhile.
      if (this.#isWanted && !this.#view) this.#view = open(root, { language: this.#language, read: this.#read, before, closed: () => this.#closed() });
    } catch (error) {
      console.error("cuecard-panel: the view of the session cannot be shown.", error);
      if (this.#isWanted) this.#fail(root);
    }
  }

  /** The panel goes. */
  end() {
    this.#view?.end();
    this.#closed();
  }

  /** Says so, also to who does not see it. */
  #fail(root) {
    this.#closed();
    const notice = document.createElement("div");
    notice.className = "notice";
    notice.role = "alert";
    const words = document.createElement("p");
    words.textContent = this.#language.say("Insights cannot be loaded. Try again.");
    notice.append(words);
    root.querySelector(".head").after(notice);
    this.#failure = notice;
  }

  #closed() {
    this.#isWanted = false;
    this.#view = undefined;
  }
}
