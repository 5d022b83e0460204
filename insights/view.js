// The view of a session, in place of the cards until the agent closes it. What it shows is read anew while it is there, and
// drawn anew when something has happened. Start at `open`.

import { drawAcceptance, drawBars, drawConnection, drawLatency, lineSample, PARTS, partSample } from "./charts.js";
import { timestamp, toCsv } from "./csv.js";
import { button, element } from "./dom.js";
import { download } from "./download.js";
import { formatsOf } from "./formats.js";
import css from "./insights.css";
import { SHOWN } from "./percentiles.js";
import { Section } from "./section.js";
import { delay, KINDS, OUTCOMES, readSession, share } from "./session.js";
import { namesOf, wordsOf } from "./words.js";

const READ_EVERY = 1000;
/** The axis of time moves on at least this often. */
const DRAW_EVERY = 10_000;

const MINUTE = 60_000;

const PERCENTILES = SHOWN.map((percent) => `p${percent}`);

let sheet;

/**
 * Opens the view, with the keyboard in it if the panel has the keyboard.
 * @param {ShadowRoot} root of the panel
 * @param {object} session
 * @param {() => string} session.read its lines
 * @param {object} session.language that of the panel
 * @param {Element | null} session.before what had the keyboard when the agent asked for it
 * @param {() => void} session.closed the view is gone
 * @returns {{close(): void, end(): void}} `close` gives the keyboard back, `end` leaves it where it is
 */
export function open(root, { read, language, before, closed }) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  const panel = root.querySelector(".panel");
  const tool = panel.querySelector(".icon.insights");
  const end = () => {
    view.end();
    tool.setAttribute("aria-expanded", "false");
    closed();
  };
  const close = () => {
    end();
    (before?.isConnected ? before : tool).focus();
  };
  const view = new View({ read, language, close, isRtl: getComputedStyle(panel).direction === "rtl" });
  panel.querySelector(".head").after(view.element);
  tool.setAttribute("aria-expanded", "true");
  view.begin();
  // The agent may have gone on elsewhere while this was loaded.
  if (root.activeElement) view.focus();
  return { close, end };
}

class View {
  #read;
  #say;
  #names;
  #formats;
  #isRtl;
  #lines = "";
  #drawnAt = -Infinity;
  #session;
  #timer;
  #resized;
  #since = element("p", { class: "since" });
  #figures = element("dl", { class: "figures" });
  #sections = element("div", { class: "sections" });
  #latency;
  #acceptance;
  #connection;
  #typing;

  constructor({ read, language, close, isRtl }) {
    this.#read = read;
    this.#say = wordsOf(language);
    this.#names = namesOf(this.#say);
    this.#formats = formatsOf(language.locale);
    this.#isRtl = isRtl;
    const say = this.#say;
    this.#makeSections();
    const title = element("h2", { id: "report-title", tabindex: "-1" }, say("Insights"));
    this.element = element("section", { class: "report", part: "insights", "aria-labelledby": "report-title" },
      element("header", {}, title, this.#since, button(say("Close"), { class: "button" }, close)),
      this.#figures,
      this.#sections,
      element("footer", {},
        button(say("Save cards as CSV"), { class: "button" }, () => this.#saveCards()),
        button(say("Save audit as JSON lines"), { class: "button" }, () => download(this.#file("audit", "jsonl"), "application/jsonl", this.#read()))));
  }

  begin() {
    this.#update();
    this.#timer = setInterval(() => this.#update(), READ_EVERY);
    this.#resized = new ResizeObserver(() => this.#draw());
    this.#resized.observe(this.#sections);
  }

  focus() {
    this.element.querySelector("h2").focus();
  }

  end() {
    clearInterval(this.#timer);
    this.#resized.disconnect();
    this.element.remove();
  }

  #makeSections() {
    const say = this.#say;
    const section = (name, words, ...header) => {
      const made = new Section({ ...words, header, file: () => this.#file(name, "csv") }, say);
      this.#sections.append(made.element);
      return made;
    };
    this.#latency = section("latency", {
      heading: say("Latency"), about: say("From its publisher to the screen, for each card"), empty: say("No card has come on screen yet."),
      columns: [say("Time"), say("Cards"), ...PERCENTILES],
    }, "measure", "from", "to", "cards", ...PERCENTILES.map((name) => `${name}_ms`));
    this.#acceptance = section("acceptance", {
      heading: say("Acceptance"), about: say("What became of the cards of each kind"), empty: say("No cards yet."),
      columns: [say("Outcome"), ...KINDS.map((kind) => this.#names.kinds[kind])],
    }, "kind", "cards", ...OUTCOMES, "accepted_share");
    this.#connection = section("connection", {
      heading: say("Connection"), about: say("When this panel was connected"), empty: say("Not connected yet."),
      columns: [say("From"), say("State"), say("Duration")],
    }, "from", "to", "state", "duration_ms");
    this.#typing = section("typing", {
      heading: say("Typing"), about: say("Calls to the server that a burst of keystrokes did not need"), empty: say("Nothing has been typed yet."),
      columns: [say("Typing"), say("Number")],
    }, "count", "number");
  }

  #file(name, ending) {
    const agent = this.#session.agent.replace(/[^\w.-]+/g, "_");
    const at = new Date(this.#session.now).toISOString().slice(0, 16).replaceAll(":", "");
    return `cuecard-${name}-${agent}-${at}.${ending}`;
  }

  #update() {
    const lines = this.#read();
    // The first line tells of now, so it is another one each time.
    const events = lines.slice(lines.indexOf("\n"));
    const isNews = events !== this.#lines;
    if (!isNews && performance.now() - this.#drawnAt < DRAW_EVERY) return;
    this.#lines = events;
    this.#session = readSession(lines);
    this.#drawnAt = performance.now();
    this.#tell();
    this.#draw();
  }

  /** What stands above the drawings. */
  #tell() {
    const { since, leftOut, kept, latency, acceptance, connection, typing } = this.#session;
    const [say, formats] = [this.#say, this.#formats];
    this.#since.textContent = leftOut ? say("Since {0}, the latest {1} events", formats.time(since), kept) : say("Since {0}", formats.time(since));
    const figures = [
      [say("Median latency"), formats.span(latency.toScreen.p50)],
      [say("Accepted"), formats.share(share(acceptance))],
      [say("Connected"), formats.share(connection.up)],
      [say("Typing calls saved"), formats.number(typing.saved)],
    ];
    this.#figures.replaceChildren(...figures.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  }

  #draw() {
    const width = this.#sections.clientWidth;
    if (!width) return;
    const place = { width, isRtl: this.#isRtl };
    this.#latency.show(this.#showLatency(place));
    this.#acceptance.show(this.#showAcceptance(place));
    this.#connection.show(this.#showConnection(place));
    this.#typing.show(this.#showTyping(place));
  }

  #showLatency(place) {
    const { latency } = this.#session;
    const [say, formats] = [this.#say, this.#formats];
    const { toScreen, toPanel, spans } = latency;
    const label = PERCENTILES.map((name) => `${name} ${formats.span(toScreen[name])}`).join(", ");
    const all = [["to_screen", say("All, to the screen"), toScreen], ["to_panel", say("All, to the panel"), toPanel]].filter(([, , { count }]) => count);
    const line = (name, { count, ...values }) => [name, formats.number(count), ...PERCENTILES.map((key) => formats.span(values[key]))];
    const { since, now } = this.#session;
    const data = (measure, from, to, { count, ...values }) => [measure, timestamp(from), timestamp(to), count, ...PERCENTILES.map((key) => values[key])];
    return {
      drawing: toScreen.count ? drawLatency(this.#session, place, formats, label) : undefined,
      legend: PERCENTILES.map((name) => [lineSample(name), name, element("strong", {}, formats.span(toScreen[name]))]),
      cells: [...all.map(([, name, values]) => line(name, values)), ...spans.map((span) => line(formats.time(span.from, span.to - span.from < MINUTE), span))],
      rows: [...all.map(([measure, , values]) => data(measure, since, now, values)), ...spans.map((span) => data("to_screen", span.from, span.to, span))],
    };
  }

  #showAcceptance(place) {
    const { acceptance } = this.#session;
    const formats = this.#formats;
    const wordsOfKind = ({ kind, received, share: part }) => [this.#names.kinds[kind], part === undefined ? formats.number(received) : `${formats.number(received)} · ${formats.share(part)}`];
    const label = acceptance.map((row) => wordsOfKind(row).join(" ")).join(", ");
    // The table has the kinds side by side, because they are fewer.
    const line = (name, key, format) => [name, ...KINDS.map((kind) => format(acceptance.find((row) => row.kind === kind)?.[key]))];
    const parts = Object.keys(PARTS).filter((part) => acceptance.some((row) => PARTS[part].some((outcome) => row[outcome])));
    return {
      drawing: acceptance.length ? drawAcceptance(this.#session, place, wordsOfKind, label) : undefined,
      legend: parts.map((part) => [partSample(part), this.#names.parts[part]]),
      cells: [
        line(this.#say("All"), "received", formats.number),
        ...OUTCOMES.map((outcome) => line(this.#names.outcomes[outcome], outcome, formats.number)),
        line(this.#say("Accepted share"), "share", formats.share),
      ],
      rows: acceptance.map((row) => [row.kind, row.received, ...OUTCOMES.map((outcome) => row[outcome]), row.share]),
    };
  }

  #showConnection(place) {
    const { connection } = this.#session;
    const formats = this.#formats;
    const { spans, interruptions, down } = connection;
    const words = interruptions
      ? this.#say("{0} interruption, {1} in all|{0} interruptions, {1} in all", interruptions, formats.span(down))
      : this.#say("No interruptions");
    return {
      drawing: spans.length ? drawConnection(this.#session, place, formats, words) : undefined,
      legend: [[words]],
      cells: spans.map(({ from, to, state }) => [formats.time(from, true), this.#names.states[state], formats.span(to - from)]),
      rows: spans.map(({ from, to, state }) => [timestamp(from), timestamp(to), state, to - from]),
    };
  }

  #showTyping(place) {
    const { keystrokes, calls, saved } = this.#session.typing;
    const [say, formats] = [this.#say, this.#formats];
    const counts = [["keystrokes", say("Keystrokes"), keystrokes], ["calls", say("Calls made"), calls], ["saved", say("Calls saved"), saved]];
    const bars = counts.slice(0, 2).map(([name, words, count]) => [words, formats.number(count), count, name]);
    return {
      drawing: keystrokes ? drawBars(bars, place, bars.map(([words, told]) => `${words} ${told}`).join(", ")) : undefined,
      cells: counts.map(([, words, count]) => [words, formats.number(count)]),
      rows: keystrokes ? counts.map(([name, , count]) => [name, count]) : [],
    };
  }

  #saveCards() {
    const header = ["card", "kind", "interaction", "published", "received", "on_screen", "latency_ms", "waited", "outcome", "event", "ended"];
    const rows = this.#session.cards.map((card) => [
      card.id, card.kind, card.interaction, timestamp(card.published), timestamp(card.received), timestamp(card.rendered),
      delay(card, "rendered"), card.waited, card.outcome, card.end, timestamp(card.ended),
    ]);
    download(this.#file("cards", "csv"), "text/csv", toCsv(header, rows));
  }
}
