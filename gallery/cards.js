// Cards to show, as the broker would send them; texts as long as they come.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const card = (id, body, { left = 10 * MINUTE, age = 20_000 } = {}) => {
  const now = Date.now();
  return { id, interaction_id: "INT-20418", published_at: now - age, received_at: now - age, expires_at: now + left, body };
};

export const high = () => card("alert-high", { alert: {
  level: "HIGH", title: "Churn risk on this conversation", score: 0.88,
  html: '<p>Competitor named twice; the contract ends in <b>12 days</b>. See <a href="https://kb.example/retention">the retention guide</a>.</p>',
} }, { age: 3 * MINUTE });

export const critical = () => card("alert-critical", { alert: {
  level: "CRITICAL", title: "Customer mentions legal action", score: 0.97,
  html: "<p>“If this is not solved today I will <b>call my lawyer</b>.”</p><ul><li>Third contact in ten days</li><li>Open complaint <b>#88213</b></li></ul>",
} });

/** What publishers send at their worst: no score, own colours, a table, words without a break. */
export const rich = () => card("alert-rich", { alert: {
  level: "HIGH", title: "Payment-dispute-escalation-without-any-space-in-its-title-INT-20418-0000000000000000", score: null,
  html: `<div data-style="padding:12px;background:#fff3cd;border-left:4px solid #ffc107"><strong>Risk score:</strong> 86%<ul data-style="margin-top:8px"><li>asks for a supervisor</li><li>invoice disputed twice</li></ul></div>
    <h4>Last invoices</h4><table><tr><th>Month</th><th>Amount</th><th>State</th></tr><tr><td>October</td><td>€ 149.00</td><td>disputed</td></tr><tr><td>November</td><td>€ 149.00</td><td>open</td></tr></table>
    <blockquote>I was promised a refund.</blockquote><pre>REF https://billing.example/invoices/2026/10/20418?view=full&amp;print=1</pre>`,
} });

export const suggestion = () => card("suggestion", { suggestion: {
  content: "Offer the annual plan: the customer has paid monthly for 14 months and asked about the price.",
  priority: "HIGH", relevance: 0.91, source: "Retention model",
} }, { left: 3 * MINUTE });

export const soon = () => card("suggestion-soon", { suggestion: {
  content: "Confirm the delivery address before you close.", priority: null, relevance: 0.78, source: null,
} }, { left: 41_000 });

const snippets = [
  { id: "KB-1", content: "I completely understand, and I am sorry for the trouble. Let me put this right for you now.", tags: ["empathy", "retention"], source: "CRM" },
  { id: "KB-2", content: "I can offer you two months at half price, or move you to the annual plan, which saves 18%.", tags: ["offer", "annual plan"], source: "KNOWLEDGE_BASE" },
  { id: "KB-3", content: "Before I cancel anything, may I ask what would have made you stay?", tags: [], source: "CRM" },
];

export const prompt = () => card("prompt", { prompt: { level: 3, is_pinned: false, relevance: 0.7, snippets: snippets.slice(0, 2) } }, { left: 88_000 });

export const pinned = () => card("pinned", { prompt: { level: 5, is_pinned: true, relevance: 0.8, snippets } }, { left: 4 * MINUTE });

export const withBlanks = () => card("blanks", { prompt: { level: 2, is_pinned: false, relevance: 0.7, snippets: [
  { id: "KB-7", content: "Thank you, {{customer_name}}. Your order {{order_number}} is on its way; we will call you back on {{callback_day}}.", tags: ["shipping"], source: "CRM" },
] } });

const task = (id, subject, priority, dueIn, score) => card(id, { task: { task_id: `T-${id}`, subject, priority, due_at: Date.now() + dueIn, score } }, { left: 14 * DAY, age: 2 * HOUR });

export const due = () => task("task-due", "Review interaction INT-20418", "High", DAY, 2);
export const overdue = () => task("task-overdue", "Call back about the disputed invoice", "Critical", -2 * DAY, null);
export const later = () => task("task-later", "Follow up: was the replacement delivered?", "Low", 4 * DAY, 3.5);

export const all = () => [pinned(), critical(), high(), suggestion(), soon(), prompt(), due(), overdue()];

/** What is written from right to left, with a number, an order and a name that are not. */
export const arabic = () => [
  card("arabic-alert", { alert: {
    level: "CRITICAL", title: "العميل يهدد باللجوء إلى القضاء", score: 0.97,
    html: "<p>«إذا لم تُحل المشكلة اليوم <b>فسأتصل بالمحامي</b>».</p><ul><li>ثالث تواصل خلال 10 أيام</li><li>شكوى مفتوحة رقم <b>#88213-A</b></li></ul>",
  } }),
  card("arabic-suggestion", { suggestion: {
    content: "اعرض الاشتراك السنوي Premium Plus: يدفع العميل شهريًا منذ 14 شهرًا وسأل عن السعر.", priority: "HIGH", relevance: 0.91, source: "Retention model",
  } }, { left: 3 * MINUTE }),
  card("arabic-prompt", { prompt: { level: 3, is_pinned: false, relevance: 0.7, snippets: [
    { id: "KB-1", content: "أتفهم ذلك تمامًا، وأعتذر عن الإزعاج. سأحل الأمر الآن.", tags: ["اعتذار"], source: "CRM" },
    { id: "KB-2", content: "يمكنني أن أقدم لك شهرين بنصف السعر، أي 74.50 يورو بدلًا من 149.", tags: ["عرض"], source: "KNOWLEDGE_BASE" },
  ] } }, { left: 88_000 }),
  task("task-arabic", "الاتصال بالعميل بشأن الفاتورة INV-2026/10 المتنازع عليها", "High", DAY, 2),
];
