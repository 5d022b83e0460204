/** Done when `<cuecard-panel>` is registered; from then on its methods can be called. Rejects if the module cannot be loaded. */
export declare const ready: Promise<void>;

/**
 * Gives an assertion that your backend has signed (JWT, good for at most 60 s, each one once).
 * `fresh`: one that was given before is of no use any more. An error's message is shown to the agent.
 * Null: the session that this browser already has will do. Not where agents share a browser: it may be the one before's.
 */
export type AssertionProvider = (options: { fresh: boolean }) => string | null | Promise<string | null>;

/** Absent for the system's. */
export type Theme = "light" | "dark" | "high-contrast";

/** Absent for comfortable. */
export type Density = "compact" | "comfortable";

/**
 * `<cuecard-panel>`. The properties that are attributes ({@link CuecardPanelAttributes} says what they mean) are null where there is none,
 * and may be set before the element is registered; `lang` is every element's.
 */
export interface CuecardPanelElement extends HTMLElement {
  broker: string | null;
  interaction: string | null;
  interactionUrl: string | null;
  theme: Theme | null;
  density: Density | null;
  agent: string | null;
  get composer(): boolean;
  set composer(value: boolean | "");

  /** Says who the agent is. May be set before the element is registered. */
  assertionProvider: AssertionProvider | undefined;

  /**
   * Follows a field that the agent writes in: it shows the customer that somebody is typing, and takes snippets at its cursor.
   * @param field a text area, an input, or anything contenteditable
   * @returns lets go of the field
   */
  attachComposer(field: HTMLElement): () => void;

  /** What was written in an attached field has been sent. Not needed where the field becomes empty then. */
  sent(): void;

  /** What is known of the conversation, by name, for the variables of snippets. Replaces what was known before; another `interaction` ends it, so set it after that. */
  setContext(context: Context | null): void;

  /** Puts the keyboard on the first card, or on the list. */
  focusPanel(): void;

  /** Tries to connect now, also after the panel has stopped. */
  reconnect(): void;
}

/** What is known of a conversation, by the names of the variables in snippets; each value counts as text. */
export type Context = Readonly<Record<string, unknown>>;

/** What the markup may say. */
export interface CuecardPanelAttributes {
  /** Address of the Cuecard server; absent for the page's own origin. */
  broker?: string | undefined;
  /** The conversation that the page shows: what is written is for its customer. */
  interaction?: string | undefined;
  /** Where a task's conversation is shown: `https:`, with `{id}` for its id. */
  "interaction-url"?: string | undefined;
  /** `en`, `es`, `de`, `fr`, `ar`; absent for that of the page around. */
  lang?: string | undefined;
  theme?: Theme | undefined;
  density?: Density | undefined;
  /** Present (the empty text): the panel brings a composer of its own. */
  composer?: "" | undefined;
  /** Development only: a plain agent id, where there is no `assertionProvider`. */
  agent?: string | undefined;
}

/** The card that an event is about. */
export interface CardDetail {
  readonly card_id: string;
  readonly interaction_id: string;
}

export type CardKind = "alert" | "suggestion" | "prompt" | "task";

/** A card that has come on the list. */
export interface ArrivalDetail extends CardDetail {
  readonly kind: CardKind;
  /** Where it stands in the list, from the top: a prompt that overrides the rest, the two levels of alerts, everything else. */
  readonly priority: "pinned" | "critical" | "high" | "normal";
}

/** What the agent has taken up. */
export interface AcceptDetail extends CardDetail {
  readonly kind: CardKind;
}

/** What the agent has put off. */
export interface SnoozeDetail extends CardDetail {
  readonly kind: CardKind;
}

/** What the agent has dismissed, and the agent's words for it, if any. */
export interface DismissDetail extends AcceptDetail {
  readonly reason: string | null;
}

/** A snippet on its way into a text field. */
export interface InsertDetail extends CardDetail {
  readonly snippet_id: string;
  readonly text: string;
}

/** A task whose conversation the agent wants to see. */
export interface TaskDetail extends CardDetail {
  /** None if the platform has not said one. */
  readonly task_id: string | null;
}

/** What the agent sent from the panel's own composer. */
export interface SendDetail {
  readonly text: string;
}

/** What the panel's status line says. It stays `connected` for the first two seconds of an outage. */
export type StatusDetail =
  | { readonly status: "connecting" | "connected" | "reconnecting"; readonly reason: null }
  | {
      /** Until `reconnect()`, another `assertionProvider` or the agent's "Reconnect". */
      readonly status: "stopped";
      /** Why, in English; the panel itself tells the agent. */
      readonly reason: string;
    };

/** What has stopped the panel, or does not count. */
export interface ErrorDetail {
  /**
   * `sign_in`: nobody is signed in, or the server does not take the assertion or the session. `forbidden`: this page may not show this agent's
   * cards. `replaced`: another window has them. `refused`: the server has refused something else. These four stop the panel.
   * `not_recorded`: a decision of the agent does not count, and the card says so.
   */
  readonly code: "sign_in" | "forbidden" | "replaced" | "refused" | "not_recorded";
  /** In English, for logs; the panel itself tells the agent. */
  readonly message: string;
  /** The card of a decision that does not count. */
  readonly card_id: string | null;
}

/** All events bubble and cross shadow roots. */
export interface CuecardEventMap {
  /** A card has come on the list: once for each, also for those that were there when the panel connected, and again when it is built anew. */
  "cuecard:card": CustomEvent<ArrivalDetail>;
  /** A task has left, and comes back. */
  "cuecard:snooze": CustomEvent<SnoozeDetail>;
  "cuecard:status": CustomEvent<StatusDetail>;
  "cuecard:error": CustomEvent<ErrorDetail>;
  /** The agent took a suggestion up, or has done a task. */
  "cuecard:accept": CustomEvent<AcceptDetail>;
  /** Final. */
  "cuecard:dismiss": CustomEvent<DismissDetail>;
  /** Cancelable: who takes the text calls `preventDefault()`; else it goes into the attached field. */
  "cuecard:insert": CustomEvent<InsertDetail>;
  /** Cancelable: who shows the conversation calls `preventDefault()`; else the panel opens `interaction-url`. */
  "cuecard:task": CustomEvent<TaskDetail>;
  "cuecard:send": CustomEvent<SendDetail>;
}

declare global {
  interface HTMLElementTagNameMap {
    "cuecard-panel": CuecardPanelElement;
  }

  // What the event maps of elements, documents and windows have in common.
  interface GlobalEventHandlersEventMap extends CuecardEventMap {}
}
