// Tables as comma-separated values (RFC 4180), to be opened by spreadsheets too. Pure.

/**
 * Where a spreadsheet could take what follows for a formula: at the beginning, and, because not every one splits at commas and
 * heeds our quotes, after what another splits at. Wide forms of the signs count, too.
 */
const FORMULA = /^(?=[\t\r])|(^|[;\t\r\n])(?=["\s]*[=+\-@＝＋－＠])/g;

/** A quote before it makes it text; numbers are none of those and stay as they are. */
function cell(value) {
  if (typeof value === "number") return String(value);
  const harmless = String(value ?? "").replace(FORMULA, (found) => `${found}'`);
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/**
 * @param {string[]} header
 * @param {unknown[][]} rows
 */
export const toCsv = (header, rows) => [header, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** A time as spreadsheets and programs read it; empty where there is none. */
export const timestamp = (ms) => (ms === undefined ? "" : new Date(ms).toISOString());
