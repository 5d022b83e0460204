// The drawings. Time runs in the reading direction, so all of them are mirrored where that is from right to left. What
// differs in colour differs in form, too: nobody has to tell colours apart.

import { scaleLinear, scaleLog, scaleTime } from "d3-scale";
import { line, stack } from "d3-shape";

import { shape } from "./dom.js";
import { SHOWN } from "./percentiles.js";
import { labelsOf } from "./ticks.js";

const AXIS_HEIGHT = 18;
const LATENCY_HEIGHT = 128;
/** What stands at the lines of the latency needs about this much for each sign, and space beside it. */
const SIGN = 6;
const GAP = 14;
const STRIP_HEIGHT = 16;
const ROW_HEIGHT = 38;
const BAR_HEIGHT = 12;
const BAR_AT = 21;

/** What the bars of the cards are made of, in their order, out of the outcomes of `session.js`. */
export const PARTS = {
  accepted: ["accepted"],
  snoozed: ["snoozed"],
  dismissed: ["dismissed"],
  unanswered: ["expired", "unseen"],
  other: ["other", "open"],
};

/** @param {{width: number, isRtl: boolean}} place */
function drawing({ width }, height, label, ...children) {
  return shape("svg", { class: "drawing", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);
}

const inReadingDirection = ({ width, isRtl }, from = 0) => (isRtl ? [width - from, 0] : [from, width]);

/** A box between two points that may be in either order. */
function box(one, other, y, height, attributes) {
  return shape("rect", { x: Math.min(one, other), width: Math.max(1, Math.abs(other - one)), y, height, ...attributes });
}

function timeAxis(time, y, { width }, formats) {
  const { labels, isExact } = labelsOf(time, width);
  return labels.map(({ at, x }) =>
    shape("g", { class: "tick", transform: `translate(0 ${y})` },
      shape("line", { x1: time(at), x2: time(at), y2: 4 }),
      shape("text", { x, y: 15, "text-anchor": "middle" }, formats.time(at, isExact))));
}

/** Every card's way to the screen, and the percentiles of each span of time, on a scale of powers of ten. */
export function drawLatency({ latency, since, now }, place, formats, label) {
  const values = latency.points.map(({ ms }) => Math.max(1, ms));
  const bottom = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const top = Math.max(bottom * 10, 10 ** Math.ceil(Math.log10(Math.max(...values))));
  const height = scaleLog([bottom, top], [LATENCY_HEIGHT - 2, 10]).clamp(true);
  const powers = height.ticks().filter((ms) => Number.isInteger(Math.round(Math.log10(ms) * 1e6) / 1e6));
  const gutter = GAP + SIGN * Math.max(...powers.map((ms) => formats.span(ms).length));
  const time = scaleTime([new Date(Math.min(since, ...latency.spans.map(({ from }) => from))), new Date(Math.max(now, ...latency.spans.map(({ to }) => to)))], inReadingDirection(place, gutter));
  const [start, end] = time.range();
  const grid = powers.map((ms) => shape("g", { class: "tick", transform: `translate(0 ${height(ms)})` },
    shape("line", { class: "grid", x1: start, x2: end }),
    shape("text", { x: place.isRtl ? place.width : 0, y: 4, "text-anchor": "start" }, formats.span(ms))));
  const dots = latency.points.map(({ at, ms }) => shape("circle", { class: "dot", cx: time(at), cy: height(Math.max(1, ms)), r: 2 }));
  const path = line().defined(Boolean).x(([at]) => time(at)).y(([, ms]) => height(Math.max(1, ms)));
  const steps = (name) => latency.spans.flatMap((span, index) => {
    const isApart = index > 0 && latency.spans[index - 1].to !== span.from;
    return [...(isApart ? [undefined] : []), [span.from, span[name]], [span.to, span[name]]];
  });
  const lines = SHOWN.map((percent) => shape("path", { class: `line p${percent}`, d: path(steps(`p${percent}`)) }));
  return drawing(place, LATENCY_HEIGHT + AXIS_HEIGHT, label, ...grid, ...timeAxis(time, LATENCY_HEIGHT, place, formats), ...dots, ...lines.toReversed());
}

/** A line as in the drawing, for what explains it. */
export const lineSample = (name) => shape("svg", { class: "sample", width: 18, height: 8, "aria-hidden": "true" }, shape("path", { class: `line ${name}`, d: "M0 4H18" }));

/** A part of a bar. */
function part(name, one, other, y) {
  const inner = { snoozed: [4, 4], dismissed: [3, 6], other: [5, 2] }[name] ?? [0, BAR_HEIGHT];
  // A hollow one has its line inside.
  const inset = name === "unanswered" ? 0.75 : 0;
  const [low, high] = [Math.min(one, other) + inset, Math.max(one, other) - inset];
  const bar = box(low, high, y + inner[0] + inset, inner[1] - 2 * inset, { class: `part ${name}` });
  if (name !== "snoozed") return bar;
  return shape("g", {}, box(low, high, y, 4, { class: "part snoozed" }), box(low, high, y + 8, 4, { class: "part snoozed" }));
}

export const partSample = (name) => shape("svg", { class: "sample", width: 14, height: BAR_HEIGHT, "aria-hidden": "true" }, part(name, 0, 14, 0));

/** A row of words above a bar. */
function row(index, place, [words, value], ...bar) {
  const [start, end] = inReadingDirection(place);
  return shape("g", { transform: `translate(0 ${index * ROW_HEIGHT})` },
    shape("text", { class: "term", x: start, y: 14, "text-anchor": "start" }, words),
    shape("text", { class: "value", x: end, y: 14, "text-anchor": "end" }, value),
    ...bar);
}

/**
 * For each kind a bar as long as its cards are many, in parts.
 * @param {(row: object) => [string, string]} wordsOf what stands above the bar of a kind
 */
export function drawAcceptance({ acceptance }, place, wordsOf, label) {
  const length = scaleLinear([0, Math.max(...acceptance.map(({ received }) => received))], inReadingDirection(place));
  const series = stack().keys(Object.keys(PARTS)).value((kind, name) => PARTS[name].reduce((sum, outcome) => sum + kind[outcome], 0))(acceptance);
  const rows = acceptance.map((kind, index) => {
    const parts = series.filter((one) => one[index][1] > one[index][0]);
    // A pixel between neighbours.
    const gap = place.isRtl ? 1 : -1;
    return row(index, place, wordsOf(kind), ...parts.map((one) => part(one.key, length(one[index][0]), length(one[index][1]) + gap, BAR_AT)));
  });
  return drawing(place, acceptance.length * ROW_HEIGHT, label, ...rows);
}

/** When the panel was connected, as a strip. */
export function drawConnection({ connection, now }, place, formats, label) {
  const time = scaleTime([new Date(connection.spans[0].from), new Date(now)], inReadingDirection(place));
  const spans = connection.spans.map(({ from, to, state }) => {
    const [y, height] = state === "connected" ? [0, STRIP_HEIGHT] : [STRIP_HEIGHT / 2 - 3, 6];
    return box(time(from), time(to), y, height, { class: `span ${state}` });
  });
  return drawing(place, STRIP_HEIGHT + AXIS_HEIGHT + 2, label, ...spans, ...timeAxis(time, STRIP_HEIGHT + 2, place, formats));
}

/** @param {[string, string, number, string][]} bars words, value in words, value, class */
export function drawBars(bars, place, label) {
  const length = scaleLinear([0, Math.max(1, ...bars.map(([, , value]) => value))], inReadingDirection(place));
  return drawing(place, bars.length * ROW_HEIGHT, label, ...bars.map(([words, told, value, name], index) =>
    row(index, place, [words, told], ...(value > 0 ? [part(name, length(0), length(value), BAR_AT)] : []))));
}
