// Percentiles of what was measured. Pure.

/** The percentiles that are shown. */
export const SHOWN = [50, 95, 99];

/**
 * The nearest rank: the smallest value that so many per cent of all do not exceed, so it is one that was measured.
 * @param {number[]} sorted rising
 * @param {number} percent above 0, up to 100
 * @returns {number | undefined} undefined where nothing was measured
 */
export const percentile = (sorted, percent) => sorted[Math.ceil((percent / 100) * sorted.length) - 1];

/**
 * @param {number[]} values in any order
 * @returns {{count: number, p50?: number, p95?: number, p99?: number}}
 */
export function percentiles(values) {
  const sorted = values.toSorted((one, two) => one - two);
  return { count: sorted.length, ...Object.fromEntries(SHOWN.map((percent) => [`p${percent}`, percentile(sorted, percent)])) };
}
