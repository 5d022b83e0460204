// The language of one panel. Its texts come from a file for each language, which is loaded where it is used; numbers,
// units, days, dates and plural forms from the browser's Intl, which has the CLDR's data for every language.

/** The scripts (ISO 15924) that people write a language of today in, from right to left. */
const RIGHT_TO_LEFT = ["Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"];
const ENGLISH = "en";
/** How long a file of texts may take, in milliseconds: the panel is not there before. */
const PATIENCE = 5_000;

/** What was loaded, by language: all panels of a page share it. */
const loaded = new Map();

/** The `lang` of the element or of the nearest one around it, also around the shadow trees that it is in. */
function asked(element) {
  const near = element.closest("[lang]");
  if (near) return near.getAttribute("lang");
  const { host } = element.getRootNode();
  return host ? asked(host) : ENGLISH;
}

/**
 * The language whose texts these are in: that of the tag, else that of the tag without its last subtag, and so on.
 * @param {string} tag of BCP 47, in whatever case
 * @param {string} known languages that there are files of, with spaces between them
 * @returns {string | undefined}
 */
export function spoken(tag, known) {
  const languages = [ENGLISH, ...known.split(" ")];
  let subtags;
  try {
    subtags = new Intl.Locale(tag).baseName.split("-");
  } catch {
    return undefined;
  }
  while (subtags.length > 0 && !languages.includes(subtags.join("-"))) subtags.pop();
  return subtags.join("-") || undefined;
}

const isText = (value) => typeof value === "string";

async function load(language) {
  // Beside the script, as the built page and the package have it.
  const response = await fetch(new URL(`../../../../lang/${language}.json`, import.meta.url), { signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}, expected 200`);
  return response.json();
}

export class Language {
  #language = ENGLISH;
  /** The language with its region, as Intl takes it. */
  #locale = ENGLISH;
  #texts;
  #formats = {};

  /**
   * @param {Element} element the panel's
   * @param {string} known languages that there are files of, with spaces between them
   */
  constructor(element, known) {
    const tag = asked(element);
    const language = spoken(tag, known);
    if (!language) return;
    this.#language = language;
    this.#locale = new Intl.Locale(tag).baseName;
  }

  get isEnglish() {
    return this.#language === ENGLISH;
  }

  get isRightToLeft() {
    return RIGHT_TO_LEFT.includes(new Intl.Locale(this.#language).maximize().script);
  }

  /** With its region, as Intl takes it. */
  get locale() {
    return this.#locale;
  }

  /** The language of the texts. */
  get tag() {
    return this.#language;
  }

  /** Loads the texts; without them the panel speaks English. Done is done: it never rejects. */
  async load() {
    if (this.isEnglish) return;
    const language = this.#language;
    try {
      if (!loaded.has(language)) loaded.set(language, load(language));
      this.#texts = await loaded.get(language);
    } catch (error) {
      loaded.delete(language);
      this.#language = this.#locale = ENGLISH;
      console.warn(`cuecard-panel: no texts in "${language}", so they are in English.`, error);
    }
  }

  /** The text of these English words. */
  say(words) {
    return [this.#texts?.[words], words].find(isText);
  }

  /** The one of several forms that the language has for this number; `words` are "one|many" in English. */
  form(words, count) {
    const [one, other] = words.split("|");
    const forms = this.#texts?.[words];
    return [forms?.[this.#intl("PluralRules").select(count)], forms?.other, count === 1 ? one : other].find(isText);
  }

  number(value) {
    return this.#intl("NumberFormat").format(value);
  }

  /** 0 to 1 as percent. */
  percent(share) {
    return this.#intl("NumberFormat", "percent", { style: "percent" }).format(share);
  }

  /** "5 min"; `unit` is one of Intl's. */
  unit(value, unit) {
    return this.#intl("NumberFormat", unit, { style: "unit", unit, unitDisplay: "short" }).format(value);
  }

  /** "tomorrow", "in 3 days" */
  day(ahead) {
    return this.#intl("RelativeTimeFormat", "day", { numeric: "auto" }).format(ahead, "day");
  }

  /** The hour and minute of a time of Date. */
  hour(at) {
    return this.#intl("DateTimeFormat", "hour", { timeStyle: "short" }).format(at);
  }

  /** Date and hour of a time of Date. */
  date(at) {
    return this.#intl("DateTimeFormat", "date", { dateStyle: "medium", timeStyle: "short" }).format(at);
  }

  /** Formats are dear to make and cheap to use. */
  #intl(type, name = type, options) {
    return (this.#formats[name] ??= new Intl[type](this.#locale, options));
  }
}
