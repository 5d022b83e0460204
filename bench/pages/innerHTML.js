// The floor: no cleaning at all.
import { feed } from "./vanilla.js";

feed((body, html) => {
  body.innerHTML = html;
});
