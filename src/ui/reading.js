// Hears whether the agent's pointer or focus is in the list, or on the button that lies over it.

const LIST = ":is(.feed, .news)";
const STAYING = ["pointermove", "pointerdown", "wheel", "focusin", "keydown"];
const LEAVING = ["pointerout", "focusout"];
// No need to say more often that somebody is still there, in milliseconds.
const TOLD_EVERY = 1000;

/**
 * @param {ShadowRoot} root holds the list
 * @param {(reads: boolean) => void} tell is called with `true` again and again while something is moved or pressed there
 * @returns {AbortController} ends it
 */
export function watch(root, tell) {
  const end = new AbortController();
  const options = { passive: true, signal: end.signal };
  // When it was told last that somebody reads; never while nobody does.
  let toldAt = -Infinity;
  const isInList = (node) => root.contains(node) && !!node.closest?.(LIST);
  let pointerAt;
  // Browsers tell of a pointer at rest, too, when a row moves under it.
  const isAtRest = ({ type, screenX, screenY }) => {
    if (type !== "pointermove") return false;
    const before = pointerAt;
    pointerAt = `${screenX},${screenY}`;
    return pointerAt === before;
  };
  const stay = (event) => {
    const { target, timeStamp } = event;
    if (isAtRest(event) || !isInList(target) || timeStamp - toldAt < TOLD_EVERY) return;
    toldAt = timeStamp;
    tell(true);
  };
  const leave = ({ relatedTarget }) => {
    if (toldAt < 0 || isInList(relatedTarget)) return;
    // A row that goes while it has the focus gives it to another row at once.
    queueMicrotask(() => {
      if (end.signal.aborted || root.querySelector(`${LIST}:is(:hover, :focus-within)`)) return;
      toldAt = -Infinity;
      tell(false);
    });
  };
  for (const type of STAYING) root.addEventListener(type, stay, options);
  for (const type of LEAVING) root.addEventListener(type, leave, options);
  return end;
}
