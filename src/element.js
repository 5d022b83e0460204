// The class behind <cuecard-panel>. It exists because WebAssembly cannot extend HTMLElement; it decides nothing.

/** Attributes that are properties, too: text, or null where there is none. `lang` is every element's. */
const REFLECTED = { agent: "agent", broker: "broker", density: "density", interaction: "interaction", interactionUrl: "interaction-url", theme: "theme" };
/** Where the keyboard goes, the first of these that can take it. */
const FOCUSED = [".report h2", "article[data-card-id]", ".feed", "button"];

/**
 * @param {string} name the tag
 * @param {(element: HTMLElement, root: ShadowRoot) => {free(): void}} connect builds a panel; `free` tears it down
 * @param {string} css the panel's style sheet
 */
export function define(name, connect, css) {
  // A page that loads the module twice keeps the first.
  if (customElements.get(name)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);

  class CuecardPanel extends HTMLElement {
    static observedAttributes = ["agent", "broker", "composer", "interaction", "lang"];
    #root = this.attachShadow({ mode: "open" });
    #panel;
    #assertionProvider;
    #composers = new Set();
    #context = [];

    constructor() {
      super();
      this.#root.adoptedStyleSheets = [sheet];
    }

    /** A function that takes `{fresh: boolean}` and gives a promise of a signed assertion. */
    get assertionProvider() {
      return this.#assertionProvider;
    }

    set assertionProvider(provider) {
      if (provider === this.#assertionProvider) return;
      this.#assertionProvider = provider;
      this.#rebuild();
    }

    /**
     * Follows a field that the agent writes in: tells the customer that somebody is typing, takes snippets.
     * @param {HTMLElement} field a text area, an input, or anything contenteditable
     * @returns {() => void} lets go of the field
     */
    attachComposer(field) {
      if (!(field instanceof HTMLElement)) throw new TypeError("attachComposer expects an element");
      this.#composers.add(field);
      this.#panel?.attach(field);
      return () => {
        if (this.#composers.delete(field)) this.#panel?.detach(field);
      };
    }

    /** What was being written has been sent. */
    sent() {
      this.#panel?.left();
    }

    /** What is known of the conversation, by name, for the variables of snippets; replaces what was known before. Another `interaction` ends it. */
    setContext(context) {
      this.#context = Object.entries(context ?? {}).flatMap(([name, value]) => [name, String(value ?? "")]);
      this.#panel?.context(this.#context);
    }

    /** Whether the panel brings a composer of its own. The empty text is what markup says for yes. */
    get composer() {
      return this.hasAttribute("composer");
    }

    set composer(value) {
      this.toggleAttribute("composer", value === "" || Boolean(value));
    }

    /** Puts the keyboard on the first card, or on the list. */
    focusPanel() {
      for (const selector of FOCUSED) {
        const found = this.#root.querySelector(selector);
        found?.focus();
        if (found && this.#root.activeElement === found) return;
      }
    }

    /** Tries to connect now, also after a stop. */
    reconnect() {
      this.#panel?.reconnect();
    }

    connectedCallback() {
      // A property that the page set before this class was known hides the accessor.
      for (const property of ["assertionProvider", "composer", ...Object.keys(REFLECTED)]) {
        if (!Object.hasOwn(this, property)) continue;
        const value = this[property];
        delete this[property];
        this[property] = value;
      }
      if (this.#panel) return;
      this.#panel = connect(this, this.#root);
      this.#panel.context(this.#context);
      for (const field of this.#composers) this.#panel.attach(field);
    }

    disconnectedCallback() {
      const panel = this.#panel;
      this.#panel = undefined;
      panel?.free();
    }

    attributeChangedCallback(name, before, after) {
      if (before === after) return;
      if (name === "interaction") {
        // As the panel forgets it.
        if (before) this.#context = [];
        this.#panel?.shows(after ?? "");
      } else this.#rebuild();
    }

    #rebuild() {
      if (!this.#panel) return;
      this.disconnectedCallback();
      this.connectedCallback();
    }
  }

  for (const [property, attribute] of Object.entries(REFLECTED)) {
    Object.defineProperty(CuecardPanel.prototype, property, {
      configurable: true,
      enumerable: true,
      get() {
        return this.getAttribute(attribute);
      },
      set(value) {
        if (value == null) this.removeAttribute(attribute);
        else this.setAttribute(attribute, value);
      },
    });
  }
  customElements.define(name, CuecardPanel);
}
