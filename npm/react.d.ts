// <CuecardPanel>, and <cuecard-panel> in JSX.
import type { DetailedHTMLProps, ForwardRefExoticComponent, HTMLAttributes, RefAttributes, RefObject } from "react";
import type { AssertionProvider, Context, CuecardEventMap, CuecardPanelAttributes, CuecardPanelElement } from "./cuecard.js";

/** Hears an event of the panel. */
type Handler<Name extends keyof CuecardEventMap> = ((event: CuecardEventMap[Name]) => void) | undefined;

/** What is the panel's own, not every element's. */
interface OwnProps extends Omit<CuecardPanelAttributes, "interaction-url" | "composer"> {
  /** Where a task's conversation is shown: `https:`, with `{id}` for its id. */
  interactionUrl?: string | undefined;
  /** The panel brings a composer of its own. */
  composer?: boolean | undefined;
  /** Says who the agent is. It may be another function with each rendering; that alone does not sign in anew. */
  assertionProvider?: AssertionProvider | undefined;
  /** What is known of the conversation, for the variables of snippets. */
  context?: Context | undefined;
  /** The field that the agent writes in. */
  attachComposer?: RefObject<HTMLElement | null> | HTMLElement | null | undefined;
  onCard?: Handler<"cuecard:card">;
  onAccept?: Handler<"cuecard:accept">;
  onDismiss?: Handler<"cuecard:dismiss">;
  onSnooze?: Handler<"cuecard:snooze">;
  /** Cancelable: who takes the text calls `preventDefault()`. */
  onInsert?: Handler<"cuecard:insert">;
  /** Cancelable: who shows the conversation calls `preventDefault()`. */
  onTask?: Handler<"cuecard:task">;
  onSend?: Handler<"cuecard:send">;
  onStatus?: Handler<"cuecard:status">;
  onError?: Handler<"cuecard:error">;
}

export type CuecardPanelProps = OwnProps & Omit<HTMLAttributes<CuecardPanelElement>, keyof OwnProps | "children">;

/** The panel of a Cuecard server. Its `ref` is the element, with its methods once `ready` of "cuecard-panel" is done. */
export declare const CuecardPanel: ForwardRefExoticComponent<CuecardPanelProps & RefAttributes<CuecardPanelElement>>;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "cuecard-panel": DetailedHTMLProps<HTMLAttributes<CuecardPanelElement>, CuecardPanelElement> & CuecardPanelAttributes;
    }
  }
}
