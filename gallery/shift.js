// Two hours of an agent's work in a second, for the view of a session: cards of all kinds come and are decided on, the
// connection is lost for a while, and something is written. The same each time.

import { acted, advance, come, lose, regain } from "./stand-in.js";

const MINUTE = 60_000;
const STEPS = 40;
/** Milliseconds from publisher to screen, over and over; the panel adds what it needs itself. */
const DELAYS = [38, 61, 44, 95, 52, 180, 47, 240, 58, 1250, 66, 41, 120, 4600];
const CUT_AT = 24;

const ALERT = { alert: { level: "HIGH", title: "Churn risk on this conversation", score: 0.9, html: "<p>Competitor named twice.</p>" } };
const SUGGESTION = { suggestion: { content: "Offer the annual plan.", priority: "HIGH", relevance: 0.9, source: "Retention model" } };
const PROMPT = { prompt: { level: 2, is_pinned: false, relevance: 0.7, snippets: [{ id: "KB-1", content: "I am sorry for the trouble.", tags: ["empathy"], source: "CRM" }] } };
const TASK = { task: { task_id: "T-1", subject: "Call back about the invoice", priority: "High", due_at: 0, score: 2 } };

/** What comes, for how long, and the button that the agent then presses; without one, its time runs out. */
const WORK = [
  [ALERT, 10, ".dismiss"], [SUGGESTION, 5, ".accept"], [SUGGESTION, 5, ".accept"], [PROMPT, 1, ".insert"], [ALERT, 2], [SUGGESTION, 5, ".dismiss"],
  [SUGGESTION, 5, ".accept"], [TASK, 900, ".accept"], [PROMPT, 1], [ALERT, 10, ".dismiss"], [SUGGESTION, 1], [SUGGESTION, 5, ".accept"], [PROMPT, 1, ".insert"],
];

/** What the agent of this panel does; panels go on together. */
export async function shift({ agent, root, until }) {
  const { host } = root;
  const field = document.createElement("textarea");
  field.value = "Written";
  const release = host.attachComposer(field);
  for (let step = 1; step <= STEPS; step += 1) {
    await advance(step * 3 * MINUTE);
    if (step === CUT_AT) {
      lose(agent, 1006);
      await advance((step * 3 + 1) * MINUTE);
      // The first ends the try that got no answer, the second begins another at once.
      regain();
      regain();
      await until(() => acted(agent, "hello", 2) && root.querySelector('.state[data-state="connected"]'));
    }
    const [body, minutes, button] = WORK[step % WORK.length];
    const id = `shift-${step}`;
    const now = Date.now();
    come(agent, { id, interaction_id: "INT-20418", published_at: now - DELAYS[step % DELAYS.length], received_at: now, expires_at: now + minutes * MINUTE, body });
    await until(() => acted(agent, `rendered ${id}`));
    if (button) root.querySelector(`[data-card-id="${id}"] ${button}`).click();
    for (let key = 0; key < 20; key += 1) field.dispatchEvent(new InputEvent("input"));
  }
  await advance((STEPS + 1) * 3 * MINUTE);
  release();
}
