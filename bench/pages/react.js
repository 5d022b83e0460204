// The same feed in React: a list in state, a memoised card, bodies through DOMPurify.
import DOMPurify from "dompurify";
import { createElement as h, memo, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";

const KEPT = 200;

const Card = memo(({ card, onDismiss }) => {
  const { alert } = card.body;
  const html = useMemo(() => ({ __html: DOMPurify.sanitize(alert.html) }), [alert.html]);
  return h("article", { "data-card-id": card.id, "data-level": alert.level },
    h("header", null, h("span", null, alert.level), h("h3", null, alert.title), h("time", null, "just now"),
      h("button", { onClick: () => onDismiss(card.id) }, "Dismiss")),
    h("div", { dangerouslySetInnerHTML: html }),
    h("footer", null, `${card.interaction_id} · ${Math.round(alert.score * 100)} %`));
});

function Feed() {
  const [cards, setCards] = useState([]);
  useEffect(() => {
    const socket = new WebSocket("ws://127.0.0.1/api/ws");
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", last_seq: 0, version: "0.1.0" }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "card") setCards((cards) => [message.card, ...cards].slice(0, KEPT));
    };
  }, []);
  const [dismiss] = useState(() => (id) => setCards((cards) => cards.filter((card) => card.id !== id)));
  return cards.map((card) => h(Card, { key: card.id, card, onDismiss: dismiss }));
}

createRoot(document.getElementById("feed")).render(h(Feed));
