// Where the axis of time has its labels.

/** Below this, times are told with their seconds. */
const SHORT = 10 * 60_000;
/** The widest label needs about this much, with the space beside it: with seconds, and without. */
const WIDTHS = { true: 72, false: 60 };

/**
 * The times to label, so that no label sticks out of the drawing, touches another, or says the same as another.
 * @param {import("d3-scale").ScaleTime} time
 * @param {number} space width of the drawing
 * @returns {{isExact: boolean, width: number, labels: {at: Date, x: number}[]}} `isExact` if they are told with their seconds; `x` is the
 *   middle of a label, which is not below its time where that is near an end
 */
export function labelsOf(time, space) {
  const [from, to] = time.domain();
  const isExact = to - from < SHORT;
  const [width, told] = [WIDTHS[isExact], isExact ? 1000 : 60_000];
  const labelsAt = (times) => times.map((at) => ({ at, x: Math.min(Math.max(time(at), width / 2), space - width / 2) }));
  const areApart = (labels) => labels.every(({ x }, index) => index === 0 || Math.abs(x - labels[index - 1].x) >= width);
  for (let count = Math.floor(space / width); count > 0; count -= 1) {
    const labels = labelsAt(time.ticks(count).filter((at) => at % told === 0));
    if (areApart(labels)) return { isExact, width, labels };
  }
  return { isExact, width, labels: [] };
}
