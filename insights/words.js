// The words of the view. English stands in the source and is the key of every other language, as in the panel.

/**
 * What says words in the language of a panel.
 * @param {object} language the panel's own, from `src/shell/words.js`
 * @returns {(words: string, ...parts: unknown[]) => string} puts parts into the places `{0}`, `{1}`; where the words have two
 * forms with `|` between them, the first part is the number that they depend on
 */
export function wordsOf(language) {
  return (words, ...parts) => {
    const form = words.includes("|") ? language.form(words, parts[0]) : language.say(words);
    return form.replace(/\{(\d)\}/g, (place, index) => (index in parts ? `\u2068${typeof parts[index] === "number" ? language.number(parts[index]) : parts[index]}\u2069` : place));
  };
}

/** What things are called, by the names that they have in `session.js` and `charts.js`. */
export const namesOf = (say) => ({
  kinds: { alert: say("Alerts"), suggestion: say("Suggestions"), prompt: say("Prompts"), task: say("Tasks") },
  outcomes: {
    accepted: say("Accepted"), snoozed: say("Snoozed"), dismissed: say("Dismissed"), expired: say("Ran out"), unseen: say("Never on screen"),
    other: say("Other"), open: say("Open"),
  },
  parts: { accepted: say("Accepted"), snoozed: say("Snoozed"), dismissed: say("Dismissed"), unanswered: say("Unanswered"), other: say("Other or open") },
  states: { connecting: say("Connecting"), connected: say("Connected"), reconnecting: say("Reconnecting"), stopped: say("Disconnected") },
});
