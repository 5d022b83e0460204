// DOMPurify with its defaults.
import DOMPurify from "dompurify";
import { feed } from "./vanilla.js";

feed((body, html) => {
  body.innerHTML = DOMPurify.sanitize(html);
});
