// One part of the view: a heading, a drawing, what explains it, and the same as a table, out of sight until it is wanted.

import { button, element } from "./dom.js";
import { download } from "./download.js";
import { toCsv } from "./csv.js";

/** Stays in the view; what it shows is brought up to date. */
export class Section {
  #words;
  #place = element("div", { class: "place" });
  #legend = element("ul", { class: "legend" });
  #empty = element("p", { class: "none", hidden: true });
  #body = element("tbody");
  #table;
  #details;
  #rows = [];
  #shown = "";

  /**
   * @param {object} words
   * @param {string} words.heading
   * @param {string} words.about a sentence of what is measured
   * @param {string} words.empty instead of a drawing of nothing
   * @param {string[]} words.columns headings of the table
   * @param {string[]} words.header the same in the file, which is for programs
   * @param {() => string} words.file its name
   * @param {(words: string) => string} say
   */
  constructor(words, say) {
    this.#words = words;
    const head = element("thead", {}, element("tr", {}, ...words.columns.map((name) => element("th", { scope: "col" }, name))));
    this.#table = element("table", {}, element("caption", {}, words.heading), head, this.#body);
    this.#details = element("details", {},
      element("summary", {}, say("As a table")),
      // Wide tables are moved within, by keyboard too.
      element("div", { class: "sheet", tabindex: "0", role: "region", "aria-label": words.heading }, this.#table),
      button(say("Save as CSV"), { class: "button" }, () => download(words.file(), "text/csv", toCsv(words.header, this.#rows))));
    this.element = element("section", {}, element("h3", {}, words.heading), element("p", { class: "lead" }, words.about), this.#legend, this.#place, this.#empty, this.#details);
  }

  /**
   * @param {object} shown
   * @param {Element | undefined} shown.drawing none where there is nothing to draw
   * @param {(Node | string)[][]} [shown.legend]
   * @param {string[][]} shown.cells the table
   * @param {unknown[][]} shown.rows the same in the file
   */
  show({ drawing, legend = [], cells, rows }) {
    this.#rows = rows;
    this.#place.replaceChildren(...(drawing ? [drawing] : []));
    this.#legend.replaceChildren(...legend.map((parts) => element("li", {}, ...parts)));
    this.#empty.textContent = drawing ? "" : this.#words.empty;
    this.#empty.hidden = Boolean(drawing);
    this.#legend.hidden = !drawing;
    this.#details.hidden = rows.length === 0;
    // A table that somebody reads changes only where its contents do.
    const text = JSON.stringify(cells);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#body.replaceChildren(...cells.map(([first, ...rest]) =>
      element("tr", {}, element("th", { scope: "row" }, first), ...rest.map((cell) => element("td", {}, cell)))));
  }
}
