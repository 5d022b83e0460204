// The frames every page gets: alerts of about 1.2 kB, a fifth of them with an attack in the body.
// The same number gives the same frames. `styled` says how the body carries its styles: Cuecard's server sends the
// declarations as data (`data-style`), the peers get the plain attribute, so that all pages show the same card.
import { readFileSync } from "node:fs";

const corpus = JSON.parse(readFileSync(new URL("../../e2e/corpora/owasp-xss-filter-evasion.json", import.meta.url)));
const attacks = corpus.vectors.map((vector) => vector.input).filter((input) => input.length < 300 && input.includes("<"));

const factors = [
  "threatens to cancel", "third call this week", "asks for a supervisor", "raised voice for two minutes",
  "mentions a lawyer", "long silence after the offer", "repeats the same question", "invoice disputed twice",
];

export function frame(n, styled) {
  const style = (declarations) => (styled === "data" ? `data-style="${declarations}"` : `style="${declarations}"`);
  const interaction = `INT-${100000 + n}`;
  const items = Array.from({ length: 12 }, (_, i) => `<li>${factors[(n + i) % factors.length]} (signal ${n + i})</li>`).join("");
  const attack = n % 5 === 0 ? attacks[(n / 5) % attacks.length] : "<em>Seen by the model in the last two minutes of the conversation.</em>";
  const html = `
<div ${style("padding:12px;background:#fff3cd;border-left:4px solid #ffc107")}>
<strong>Interaction:</strong> ${interaction}<br>
<strong>Risk Score:</strong> ${(85 + (n % 10)).toFixed(1)}%<br>
<strong>Contributing Factors:</strong>
<ul ${style("margin-top:8px")}>${items}</ul>
<p>See <a href="https://kb.example/articles/${n}">the retention guide</a> before you answer.</p>${attack}
</div>
`;
  const at = 1_795_164_610_000 + n;
  return JSON.stringify({
    type: "card",
    seq: n + 1,
    card: {
      id: `risk-alert-${interaction}-${at}`,
      interaction_id: interaction,
      published_at: at,
      received_at: at,
      expires_at: at + 600_000,
      body: { alert: { level: "HIGH", title: "HIGH Risk Alert Detected", score: (85 + (n % 10)) / 100, html } },
    },
  });
}

export const cardId = (n) => `risk-alert-INT-${100000 + n}-${1_795_164_610_000 + n}`;

export const frames = (from, count, styled) => Array.from({ length: count }, (_, i) => frame(from + i, styled));
