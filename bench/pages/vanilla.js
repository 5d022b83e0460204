// A feed by hand: newest first, 200 kept. What differs between the vanilla pages is how a body's HTML gets in.
const KEPT = 200;

export function feed(setBody) {
  const list = document.getElementById("feed");
  const socket = new WebSocket("ws://127.0.0.1/api/ws");
  socket.onopen = () => socket.send(JSON.stringify({ type: "hello", last_seq: 0, version: "0.1.0" }));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type !== "card") return;
    const { card } = message;
    const { alert } = card.body;
    const article = document.createElement("article");
    article.dataset.cardId = card.id;
    article.dataset.level = alert.level;
    const head = document.createElement("header");
    const badge = document.createElement("span");
    badge.textContent = alert.level;
    const title = document.createElement("h3");
    title.textContent = alert.title;
    const age = document.createElement("time");
    age.textContent = "just now";
    const dismiss = document.createElement("button");
    dismiss.textContent = "Dismiss";
    dismiss.onclick = () => article.remove();
    head.append(badge, title, age, dismiss);
    const body = document.createElement("div");
    setBody(body, alert.html);
    const foot = document.createElement("footer");
    foot.textContent = `${card.interaction_id} · ${Math.round(alert.score * 100)} %`;
    article.append(head, body, foot);
    list.prepend(article);
    if (list.childElementCount > KEPT) list.lastElementChild.remove();
  };
}
