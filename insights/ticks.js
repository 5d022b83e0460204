// Where the axis of time has its labels.

/** The widest label needs about this much. */
export const LABEL_WIDTH = 72;
/** Below this, times are told with their seconds. */
const SHORT = 10 * 60_000;

const apart = (one, other) => Math.abs(one - other) >= LABEL_WIDTH;

/**
 * The times to label, so that no label sticks out of the drawing, touches another, or says the same as another.
 * @param {import("d3-scale").ScaleTime} time
 * @returns {{times: Date[], isExact: boolean}} `isExact` if they are told with their seconds
 */
export function labels(time) {
  const [from, to] = time.domain();
  const [first, last] = time.range().toSorted((one, two) => one - two);
  const isExact = to - from < SHORT;
  const told = isExact ? 1000 : 60_000;
  const times = [];
  for (const at of time.ticks(Math.max(2, Math.floor((last - first) / LABEL_WIDTH / 1.2)))) {
    const isInside = time(at) >= first + LABEL_WIDTH / 2 && time(at) <= last - LABEL_WIDTH / 2;
    const isFree = times.length === 0 || apart(time(at), time(times.at(-1)));
    if (at % told === 0 && isInside && isFree) times.push(at);
  }
  return { times, isExact };
}
