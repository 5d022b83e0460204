// Every state that a panel can be in: what the broker sends, and what the agent then does. Add a state here and it is on
// the wall, in the screenshots, and under the accessibility tests.

import * as cards from "./cards.js";

const shown = (panel, selector) => panel.until(() => [...panel.root.querySelectorAll(selector)].some((element) => element.checkVisibility()));
const click = async (panel, selector) => {
  await shown(panel, selector);
  panel.root.querySelector(selector).click();
};
const dismissed = (id) => async (panel) => {
  await click(panel, `[data-card-id="${id}"] .dismiss`);
  await shown(panel, ".undoable");
};
const accepted = (state) => async (panel) => {
  await click(panel, ".accept");
  await shown(panel, `.decided[data-state="${state}"]`);
};
const write = (field, text) => {
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
};
/** Reads the list while these cards come. */
const reading = (...news) => async (panel) => {
  const { come } = await import("./stand-in.js");
  panel.root.querySelector("article").dispatchEvent(new PointerEvent("pointermove", { bubbles: true }));
  for (const card of news) come(panel.agent, card());
  await shown(panel, ".pill");
};
const connection = (state) => (panel) => shown(panel, `.state[data-state="${state}"]`);
const searched = (words, wanted) => async (panel) => {
  await click(panel, ".icon.search");
  write(panel.root.querySelector(".query"), words);
  await shown(panel, wanted);
};

const TOO_LATE = { outcome: "refused", message: "the card is no longer live (expired); expected a live card", left_by: "expired" };

/** `cards` gives what is sent; `broker` how it behaves; `act` what the agent does, until the state is there. */
export const STATES = {
  "alert-high": { title: "Alert, high", cards: () => [cards.high()] },
  "alert-critical": { title: "Alert, critical", cards: () => [cards.critical()] },
  "alert-rich": { title: "Alert with the publisher's own styles", cards: () => [cards.rich()] },
  suggestion: { title: "Suggestions, one about to leave", cards: () => [cards.suggestion(), cards.soon()] },
  prompt: { title: "Prompt", cards: () => [cards.prompt()] },
  "prompt-pinned": { title: "Prompt, pinned", cards: () => [cards.pinned()] },
  "prompt-used": {
    title: "Snippet inserted", cards: () => [cards.pinned()],
    act: async (panel) => { await click(panel, ".insert"); await shown(panel, ".snippet[data-handed]"); },
  },
  blanks: {
    title: "Snippet that asks for values", cards: () => [cards.withBlanks()],
    act: async (panel) => { await click(panel, ".insert"); await shown(panel, ".blanks"); },
  },
  task: { title: "Tasks, due and overdue", cards: () => [cards.due(), cards.overdue()] },
  "task-snooze": {
    title: "Task, choosing when", cards: () => [cards.due()],
    act: async (panel) => { await click(panel, ".snooze"); await shown(panel, ".later .chip"); },
  },
  "tasks-view": {
    title: "Tasks alone", cards: () => [...cards.all(), cards.later()],
    act: async (panel) => { await click(panel, ".tab.tasks"); await shown(panel, '.tab.tasks[aria-pressed="true"]'); },
  },
  "notice-offer": {
    title: "Offer of notices", cards: () => [cards.due()], broker: { notices: "default" },
    act: async (panel) => { await click(panel, ".tab.tasks"); await shown(panel, ".offer"); },
  },
  feed: { title: "All kinds", cards: cards.all },
  arabic: { title: "Cards in Arabic", cards: cards.arabic },
  news: { title: "Cards wait while the list is read", cards: () => [cards.high(), cards.prompt()], act: reading(cards.suggestion, cards.soon, cards.due) },
  "news-critical": { title: "A critical alert waits", cards: () => [cards.high(), cards.prompt()], act: reading(cards.critical, cards.suggestion) },
  undo: { title: "Dismissed, can be taken back", cards: () => [cards.critical(), cards.high()], act: dismissed("alert-critical") },
  "undo-reasons": {
    title: "Dismissed suggestion, reason given", cards: () => [cards.suggestion(), cards.soon()],
    act: async (panel) => {
      await dismissed("suggestion")(panel);
      await click(panel, ".chip.reason");
      await shown(panel, '.chip.reason[aria-pressed="true"]');
    },
  },
  deciding: { title: "Accepted, being saved", cards: () => [cards.suggestion()], broker: { answer: null }, act: accepted("deciding") },
  decided: { title: "Accepted", cards: () => [cards.suggestion()], act: accepted("decided") },
  refused: { title: "Accepted too late", cards: () => [cards.suggestion()], broker: { answer: TOO_LATE }, act: accepted("refused") },
  waiting: {
    title: "Accepted without a connection", cards: () => [cards.suggestion(), cards.high()], broker: { answer: null },
    act: async (panel) => { await accepted("deciding")(panel); panel.lose(1006); await connection("reconnecting")(panel); },
  },
  empty: { title: "No cards", cards: () => [] },
  connecting: { title: "Connecting", cards: () => [], broker: { silent: true }, act: connection("connecting") },
  reconnecting: {
    title: "Reconnecting", cards: () => [cards.high()],
    act: async (panel) => { panel.lose(1006); await connection("reconnecting")(panel); },
  },
  stopped: {
    title: "Stopped", cards: () => [],
    act: async (panel) => { panel.lose(4409); await connection("stopped")(panel); },
  },
  // Offered where the page is the broker's own.
  outdated: { title: "Newer version ready", isServed: true, cards: () => [cards.high()], broker: { version: "9.9.9" }, act: (panel) => shown(panel, '.notice[data-state="outdated"]') },
  search: { title: "Search", cards: cards.all, act: searched("annual", ".filtered") },
  "search-nothing": { title: "Search without a match", cards: cards.all, act: searched("zebra", ".empty") },
  keys: {
    title: "Keys", cards: cards.all,
    act: async (panel) => { await click(panel, ".icon.keyboard"); await shown(panel, ".keys"); },
  },
  "insights-empty": {
    title: "Insights, at the start", cards: () => [],
    act: async (panel) => { await click(panel, ".icon.insights"); await shown(panel, ".report"); },
  },
  insights: {
    title: "Insights, after two hours", cards: () => [],
    act: async (panel) => { await (await import("./shift.js")).shift(panel); await click(panel, ".icon.insights"); await shown(panel, ".report .drawing"); },
  },
  "insights-tables": {
    title: "Insights, as tables", cards: () => [],
    act: async (panel) => {
      await STATES.insights.act(panel);
      for (const details of panel.root.querySelectorAll(".report details")) details.open = true;
    },
  },
  composer: { title: "Composer", cards: () => [cards.prompt()], hasComposer: true },
  "composer-typing": {
    title: "Composer, the customer sees it", cards: () => [cards.prompt()], hasComposer: true,
    act: async (panel) => {
      write(panel.root.querySelector(".message"), "One moment, please. I am looking into your last two invoices and will be back with an answer.");
      await shown(panel, ".typing:not([data-off])");
    },
  },
};
