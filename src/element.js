// The class behind <cuecard-panel>. It exists because WebAssembly cannot extend HTMLElement; it decides nothing.

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

  customElements.define(name, class extends HTMLElement {
    static observedAttributes = ["agent", "broker"];
    #root = this.attachShadow({ mode: "open" });
    #panel;
    #assertionProvider;

    constructor() {
      super();
      this.#root.adoptedStyleSheets = [sheet];
    }

    /** A function that takes `{fresh: boolean}` and gives a promise of a signed assertion. */
    get assertionProvider() {
      return this.#assertionProvider;
    }

    set assertionProvider(provider) {
      this.#assertionProvider = provider;
      this.#rebuild();
    }

    connectedCallback() {
      // A property that the page set before this class was known hides the accessor.
      if (Object.hasOwn(this, "assertionProvider")) {
        const provider = this.assertionProvider;
        delete this.assertionProvider;
        this.#assertionProvider = provider;
      }
      this.#panel ??= connect(this, this.#root);
    }

    disconnectedCallback() {
      this.#panel?.free();
      this.#panel = undefined;
    }

    attributeChangedCallback(_name, before, after) {
      if (before !== after) this.#rebuild();
    }

    #rebuild() {
      if (!this.#panel) return;
      this.disconnectedCallback();
      this.connectedCallback();
    }
  });
}
