// What a desktop in TypeScript may write, and what it must not: tsc complains of each `@ts-expect-error` that expects in vain.
// Never run; the embedding tests compile it against the packed package.

import { useRef } from "react";
import { ready, type CardKind, type CuecardPanelElement } from "cuecard-panel";
import { connectCuecard, type CuecardConnection } from "cuecard-panel/bridge";
import { CuecardPanel } from "cuecard-panel/react";

export async function plain(): Promise<void> {
  await ready;
  const panel: CuecardPanelElement = document.createElement("cuecard-panel");
  panel.theme = "high-contrast";
  panel.density = null;
  panel.interactionUrl = "https://desktop.example.com/{id}";
  panel.composer = "";
  const hasComposer: boolean = panel.composer;
  panel.assertionProvider = async ({ fresh }) => `${fresh}${hasComposer}`;
  const detach: () => void = panel.attachComposer(document.createElement("textarea"));
  panel.setContext({ customer_name: "Ms Rossi", calls: 3 });
  panel.focusPanel();
  panel.reconnect();
  detach();

  panel.addEventListener("cuecard:card", ({ detail }) => {
    const kind: CardKind = detail.kind;
    const isUrgent = detail.priority === "critical" || detail.priority === "pinned";
    console.log(kind, isUrgent, detail.card_id, detail.interaction_id);
    // @ts-expect-error no such priority
    console.log(detail.priority === "urgent");
  });
  document.addEventListener("cuecard:dismiss", ({ detail }) => console.log(detail.reason?.length));
  window.addEventListener("cuecard:insert", (event) => {
    event.preventDefault();
    console.log(event.detail.text.length, event.detail.snippet_id);
  });
  panel.addEventListener("cuecard:status", ({ detail }) => {
    if (detail.status === "stopped") console.log(detail.reason.length);
    // @ts-expect-error only a stop has a reason
    else console.log(detail.reason.length);
  });
  panel.addEventListener("cuecard:error", ({ detail }) => {
    switch (detail.code) {
      case "sign_in":
      case "forbidden":
      case "replaced":
      case "refused":
      case "not_recorded":
        return;
      default:
        // All codes were named.
        detail.code satisfies never;
    }
  });

  // @ts-expect-error no such theme
  panel.theme = "sepia";
  panel.assertionProvider = () => null;
  // @ts-expect-error an assertion is a text
  panel.assertionProvider = () => 1;
  // @ts-expect-error a field is an element
  panel.attachComposer("#reply");
  // @ts-expect-error a card's event has no text
  panel.addEventListener("cuecard:card", ({ detail }) => detail.text);
}

export function frame(iframe: HTMLIFrameElement): CuecardConnection {
  const connection = connectCuecard(iframe, { assertionProvider: () => "token", takes: ["insert", "task"] });
  iframe.addEventListener("cuecard:ready", () => void connection.setContext("token").catch(console.error));
  iframe.addEventListener("cuecard:task", ({ detail }) => console.log(detail.task_id, detail.interaction_id));
  connection.focusPanel();
  connection.reconnect();
  // @ts-expect-error the frame takes what is signed, which is a text
  void connection.setContext({ customer_name: "Ms Rossi" });
  // @ts-expect-error nobody can take an accepted card
  connectCuecard(iframe, { assertionProvider: () => "token", takes: ["accept"] });
  // @ts-expect-error a frame signs in by assertion
  connectCuecard(iframe, { assertionProvider: () => null });
  return connection;
}

export function Desk() {
  const panel = useRef<CuecardPanelElement>(null);
  return (
    <>
      <CuecardPanel
        ref={panel}
        className="cards"
        id="main"
        theme="dark"
        density="compact"
        interactionUrl="https://desktop.example.com/{id}"
        composer
        attachComposer={document.body}
        context={undefined}
        onCard={({ detail }) => console.log(detail.kind)}
        onStatus={({ detail }) => console.log(detail.status)}
        onError={({ detail }) => console.log(detail.code)}
        onClick={() => panel.current?.focusPanel()}
      />
      <cuecard-panel broker="https://assist.example.com" theme="light" composer="" interaction-url="https://desktop.example.com/{id}" />
      {/* @ts-expect-error no such density */}
      <CuecardPanel density="dense" />
      {/* @ts-expect-error the panel fills itself */}
      <CuecardPanel>text</CuecardPanel>
      {/* @ts-expect-error a status is no card */}
      <CuecardPanel onStatus={({ detail }) => console.log(detail.card_id)} />
    </>
  );
}
