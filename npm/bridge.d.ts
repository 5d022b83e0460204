/**
 * What the page does itself when the agent asks for it. Without `insert` the panel inserts a snippet into its own composer or copies it;
 * without `task` the link of a task does nothing.
 */
export type Taken = "insert" | "task";

/** A page's end of the connection with a panel in a frame. */
export interface CuecardConnection {
  /**
   * Takes a context that your backend has signed: the conversation on the screen, and what is known of it. Done when the panel shows it;
   * rejects with `<code>: <words>` if the server does not accept it, and if a later one is given, the frame is loaded anew or the connection
   * has ended before.
   */
  setContext(token: string): Promise<void>;
  /** Puts the keyboard on the first card, or on the list. */
  focusPanel(): void;
  /** Tries to connect now, also after the panel has stopped. */
  reconnect(): void;
  /** Lets go of the frame. What waits for it rejects, and the other methods do nothing any more. */
  disconnect(): void;
}

/**
 * Connects a page with the panel in its frame. The panel's events come on the iframe under the names they have on `<cuecard-panel>`;
 * `cuecard:ready` once for each time the frame has loaded, or this connection was made with one that is there: it is to be given the context.
 * @param iframe its `src` is the server's /frame.html, its origin never changes
 */
export declare function connectCuecard(
  iframe: HTMLIFrameElement,
  options: { assertionProvider: (request: { fresh: boolean }) => string | Promise<string>; takes?: readonly Taken[] },
): CuecardConnection;

declare global {
  interface GlobalEventHandlersEventMap {
    /** A frame is there and is to be given the context. */
    "cuecard:ready": CustomEvent<null>;
  }
}
