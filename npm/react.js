// <CuecardPanel>: <cuecard-panel> as a React component, for React 18 and 19. It hands over what React itself would not: functions, events,
// and methods that exist once the element is registered.
"use client";
import { createElement, forwardRef, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from "react";
import { ready } from "./cuecard.js";

/** The properties that hear an event. */
const HANDLERS = {
  "cuecard:card": "onCard",
  "cuecard:accept": "onAccept",
  "cuecard:dismiss": "onDismiss",
  "cuecard:snooze": "onSnooze",
  "cuecard:insert": "onInsert",
  "cuecard:task": "onTask",
  "cuecard:send": "onSend",
  "cuecard:status": "onStatus",
  "cuecard:error": "onError",
};
/** The properties that are attributes under other names. React 18 knows no `className` on a custom element. */
const ATTRIBUTES = { className: "class", interactionUrl: "interaction-url" };
/** Attributes whose properties are texts always: React 19 would write "undefined" where there is none any more. */
const TEXTS = ["dir", "id", "lang", "slot", "title"];
/** The properties that are no attributes. */
const OWN = new Set(["assertionProvider", "context", "attachComposer", "composer", ...Object.keys(ATTRIBUTES), ...Object.values(HANDLERS)]);

// A server that renders pages has no layout, and React 18 warns of it.
const useLayout = typeof document === "undefined" ? useEffect : useLayoutEffect;

export const CuecardPanel = forwardRef(function CuecardPanel(props, outer) {
  const element = useRef(null);
  const latest = useRef(props);
  const composer = useRef({});
  // React writes what texts are at first, and sees no change of them later.
  const [first] = useState(props);
  // One function for the panel's life: a new one would make it sign in anew.
  const provider = useRef((options) => latest.current.assertionProvider(options));
  // As the panel takes it: another object with the same values is no other context.
  const context = JSON.stringify(Object.entries(props.context ?? {}).map(([name, value]) => [name, String(value ?? "")]));
  useImperativeHandle(outer, () => element.current, []);

  useLayout(() => {
    latest.current = props;
    for (const name of TEXTS) {
      if (props[name] == null) element.current.removeAttribute(name);
      else element.current.setAttribute(name, props[name]);
    }
  });

  useLayout(() => {
    const panel = element.current;
    const hear = (event) => latest.current[HANDLERS[event.type]]?.(event);
    const types = Object.keys(HANDLERS);
    for (const type of types) panel.addEventListener(type, hear);
    return () => {
      for (const type of types) panel.removeEventListener(type, hear);
    };
  }, []);

  const signsIn = props.assertionProvider !== undefined;
  useLayout(() => {
    element.current.assertionProvider = signsIn ? provider.current : undefined;
  }, [signsIn]);

  useEffect(() => whenReady(() => element.current.setContext(Object.fromEntries(JSON.parse(context)))), [context, props.interaction]);

  // The element of a ref comes, goes and changes without the ref being another.
  useEffect(() => {
    const { attachComposer } = latest.current;
    const field = attachComposer && "current" in attachComposer ? attachComposer.current : attachComposer;
    if (field === composer.current.field) return;
    composer.current.detach?.();
    composer.current = { field, detach: field ? whenReady(() => element.current.attachComposer(field)) : undefined };
  });
  useEffect(() => () => {
    composer.current.detach?.();
    composer.current = {};
  }, []);

  const attributes = { ref: element };
  for (const name of TEXTS) attributes[name] = first[name];
  for (const [name, value] of Object.entries(props)) {
    if (TEXTS.includes(name)) continue;
    if (name in ATTRIBUTES) attributes[ATTRIBUTES[name]] = value;
    else if (!OWN.has(name)) attributes[name] = value;
  }
  if (props.composer) attributes.composer = "";
  return createElement("cuecard-panel", attributes);
});

/** Begins when the element is registered, unless it has been ended before; returns what ends it. */
function whenReady(begin) {
  let isOver = false;
  let end;
  // What keeps the module from loading is the host's to see: it has `ready`, too.
  ready.then(() => {
    if (!isOver) end = begin();
  }, () => {});
  return () => {
    isOver = true;
    end?.();
  };
}
