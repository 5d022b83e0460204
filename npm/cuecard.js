// The package's door: importing it registers <cuecard-panel>. The build puts the widget's own script in for "widget".
import init from "widget";

// A server that renders pages may import this, too: it has no elements, and nothing is loaded there.
export const ready = "customElements" in globalThis ? init().then(() => undefined) : Promise.resolve();
