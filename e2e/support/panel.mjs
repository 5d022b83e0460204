// The panel as an agent sees it. Playwright's selectors reach into the open shadow root.

import { until } from './wait.mjs';

export const CARD = 'article[data-card-id]';

/**
 * What tests do with a panel.
 * @param {Awaited<ReturnType<import('./browser.mjs').open>>} opened
 */
export function panel({ page, seen }) {
  const card = (id) => page.locator(`article[data-card-id="${id}"]`);
  const ids = () => page.locator(CARD).evaluateAll((cards) => cards.map((one) => one.dataset.cardId));
  return {
    card,
    /** The ids of all cards, from top to bottom. */
    ids,
    dismiss: (id) => card(id).locator('button[data-action="dismiss"]').click(),
    status: () => page.locator('cuecard-panel .state > span').allInnerTexts().then((texts) => texts.join(' ')),
    /** Waits until the broker has greeted the panel this often. */
    greeted: (times = 1, withinMs) => until(`welcome number ${times}`, () => welcomes(seen).length >= times, withinMs),
    /** Waits until exactly these cards are there, in any order; asks for those that wait while the list is read. */
    async shows(wanted, withinMs) {
      const sorted = [...wanted].sort();
      await until(`the cards ${sorted}`, async () => {
        await page.locator('.news:not([hidden]) .pill').evaluateAll((pills) => pills.forEach((pill) => pill.click()));
        const found = (await ids()).sort();
        if (found.join() !== sorted.join()) throw new Error(`there are ${found}`);
        return true;
      }, withinMs);
    },
  };
}

/** The greetings of the broker, one for each connection. */
export function welcomes(seen) {
  return seen.received.filter(({ type }) => type === 'welcome');
}

/** How often the broker sent each card, over all connections: `{id: times}`. */
export function deliveries(seen) {
  const times = {};
  for (const message of seen.received) {
    const cards = message.type === 'card' ? [message.card] : message.type === 'snapshot' ? message.cards.map(({ card }) => card) : [];
    for (const { id } of cards) times[id] = (times[id] ?? 0) + 1;
  }
  return times;
}
