// From the lines that the panel keeps of its session to what is shown of it. Pure. `docs/insights.md` says what each number means.

import { percentiles } from "./percentiles.js";

export const KINDS = ["alert", "suggestion", "prompt", "task"];

/** What may become of a card; `accepted` also where a snippet was used, `other` where nobody decided and no time ran out. */
export const OUTCOMES = ["accepted", "snoozed", "dismissed", "expired", "unseen", "other", "open"];

const ENDS = { accepted: "accepted", snoozed: "snoozed", dismissed: "dismissed", expired: "expired", unseen: "unseen" };
const OTHER_ENDS = ["withdrawn", "superseded", "stale", "dropped", "gone", "refused"];

/** Lengths of the spans that latency is shown in, and how many there may be at most. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const SPANS = [10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE];
const MOST_SPANS = 14;

/** @param {string} lines as `Panel::insights` writes them */
export function readSession(lines) {
  const [summary, ...entries] = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  const { at: now, since, agent, left_out: leftOut, before, keystrokes, typing_calls: calls } = summary;
  const cards = foldCards(entries);
  return {
    now, since, agent, leftOut,
    kept: entries.length,
    cards,
    latency: latencyOf(cards, since, now),
    acceptance: acceptanceOf(cards),
    connection: connectionOf(entries, before, now),
    typing: { keystrokes, calls, saved: Math.max(0, keystrokes - calls) },
  };
}

/** One record for each card, in the order in which they came. */
function foldCards(entries) {
  const cards = [];
  const current = new Map();
  for (const { at, event, card: id, interaction, kind, published_at: published, waited } of entries) {
    if (id === undefined) continue;
    let card = current.get(id);
    // After its end the same id is a new card, such as a task that was put off; without a record its beginning is left out.
    if (!card || (event === "received" && card.outcome !== "open")) {
      // What was put off comes back when the agent wanted it, and not late.
      card = { id, interaction, kind, published, waited: waited || card?.end === "snoozed", outcome: "open" };
      current.set(id, card);
      cards.push(card);
    }
    if (event === "received") card.received ??= at;
    else if (event === "rendered") card.rendered ??= at;
    else if (event === "adopted") card.isUsed = true;
    else if (ENDS[event] || OTHER_ENDS.includes(event)) Object.assign(card, { outcome: ENDS[event] ?? "other", end: event, ended: at });
    if (card.isUsed) card.outcome = "accepted";
  }
  return cards;
}

/** Milliseconds from its publisher to a point in the panel. Clocks may differ by a little; less than nothing is nothing. */
export const delay = (card, point) => (card.waited || card[point] === undefined ? undefined : Math.max(0, card[point] - card.published));

function latencyOf(cards, since, now) {
  const delays = (point) => cards.map((card) => delay(card, point)).filter((ms) => ms !== undefined);
  const points = cards.filter((card) => delay(card, "rendered") !== undefined).map((card) => ({ at: card.rendered, ms: delay(card, "rendered"), kind: card.kind }));
  return { points, toScreen: percentiles(delays("rendered")), toPanel: percentiles(delays("received")), spans: spansOf(points, since, now) };
}

/** The percentiles by spans of time of a round length; those in which nothing came on screen are not there. */
function spansOf(points, since, now) {
  const first = Math.min(since, ...points.map(({ at }) => at));
  const length = SPANS.find((span) => (now - first) / span <= MOST_SPANS) ?? Math.ceil((now - first) / MOST_SPANS / MINUTE) * MINUTE;
  const byStart = new Map();
  for (const { at, ms } of points) {
    const from = Math.floor(at / length) * length;
    byStart.set(from, [...(byStart.get(from) ?? []), ms]);
  }
  return [...byStart].sort(([one], [two]) => one - two).map(([from, delays]) => ({ from, to: from + length, ...percentiles(delays) }));
}

/** Of how many cards of each kind what became. `share` is of those that somebody decided on or that ran out. */
function acceptanceOf(cards) {
  return KINDS.map((kind) => {
    const those = cards.filter((card) => card.kind === kind);
    const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, those.filter((card) => card.outcome === outcome).length]));
    return { kind, received: those.length, ...counts, share: kind === "alert" ? undefined : share([counts]) };
  }).filter(({ received }) => received > 0);
}

/** An alert can only be dismissed, so it has no part in this. */
export function share(rows) {
  const counted = rows.filter(({ kind }) => kind !== "alert");
  const sum = (outcomes) => counted.flatMap((row) => outcomes.map((outcome) => row[outcome])).reduce((one, two) => one + two, 0);
  const all = sum(["accepted", "dismissed", "expired", "unseen"]);
  return all ? sum(["accepted"]) / all : undefined;
}

/**
 * From the first connection on: before it there was none to lose.
 * @param {string} before how it was before the first entry; empty where that is the session's first
 */
function connectionOf(entries, before, now) {
  const changes = entries.filter(({ card }) => card === undefined);
  const first = before ? 0 : changes.findIndex(({ event }) => event === "connected");
  const spans = first < 0 ? [] : changes.slice(first).map(({ at, event }, index, all) => ({ from: at, to: all[index + 1]?.at ?? now, state: event }));
  const time = (those) => those.reduce((sum, { from, to }) => sum + to - from, 0);
  const down = time(spans.filter(({ state }) => state !== "connected"));
  const all = time(spans);
  return {
    spans,
    up: all ? (all - down) / all : undefined,
    interruptions: spans.filter(({ state }, index) => state !== "connected" && (spans[index - 1]?.state ?? before) === "connected").length,
    down,
  };
}
