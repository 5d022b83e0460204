// Numbers, times and spans as the language writes them, by the browser's Intl.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What stands where there is no number. */
const NONE = "–";

/** @param {string} language a BCP 47 tag */
export function formatsOf(language) {
  const numbers = new Intl.NumberFormat(language);
  const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
  const unit = (name, digits) => new Intl.NumberFormat(language, { style: "unit", unit: name, maximumFractionDigits: digits });
  const [millis, seconds, minutes, hours] = [unit("millisecond", 0), unit("second", 1), unit("minute", 1), unit("hour", 1)];
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const exactClock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const known = (format) => (value) => (value === undefined ? NONE : format(value));
  return {
    number: known((value) => numbers.format(value)),
    // "100 %" is said of all, and of nothing less.
    share: known((value) => shares.format(value < 1 ? Math.min(value, 0.999) : 1)),
    span: known((ms) => {
      if (ms < SECOND) return millis.format(ms);
      if (ms < MINUTE) return seconds.format(ms / SECOND);
      return ms < HOUR ? minutes.format(ms / MINUTE) : hours.format(ms / HOUR);
    }),
    /** @param {boolean} isExact with seconds */
    time: (ms, isExact = false) => (isExact ? exactClock : clock).format(ms),
  };
}
