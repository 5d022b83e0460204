// The browser's own sanitizer, with styles and link attributes kept as Cuecard keeps them.
import { feed } from "./vanilla.js";

const sanitizer = new Sanitizer();
sanitizer.allowAttribute("style");

feed((body, html) => body.setHTML(html, { sanitizer }));
