//! Snippets to paste, each with the key that inserts it.

use cuecard_panel::{Handed, Handover, in_words};
use cuecard_protocol::{Card, CardId, Prompt, Snippet};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{name_dismiss, name_interaction, times};
use crate::shell::{Words, elements};
use crate::ui::screen::Shared;
use crate::ui::skeleton::{self, Parts, next};

/// [`fill`] goes through them in this order.
pub const PARTS: Parts = &[
    ("span", "badge"),
    ("span", "fact"),
    ("time", "left"),
    ("button", "dismiss"),
    ("ol", "snippets"),
    ("p", "about"),
];

/// A snippet has these; [`fill_snippet`] goes through them in this order.
const SNIPPET: Parts = &[("li", "snippet")];
const SNIPPET_PARTS: Parts = &[
    ("kbd", "key"),
    ("p", "text"),
    ("p", "tags"),
    ("button", "copy"),
    ("button", "insert"),
];

/// Names the snippet of an element.
pub const SNIPPET_ID: &str = "data-snippet-id";

/// Returns how the card is called, by what kind it is.
pub fn fill(
    shared: &Shared,
    words: &Words,
    article: &Element,
    card: &Card,
    prompt: &Prompt,
    adopted: &[String],
) -> Result<&'static str, JsValue> {
    let (kind, label) = if prompt.is_pinned {
        ("Pinned prompt", "Pinned prompt: {0}")
    } else {
        ("Prompt", "Prompt: {0}")
    };
    let badge = article.first_element_child().ok_or("no badge")?;
    badge.set_text_content(Some(&words.say(kind)));
    let level = next(&badge)?;
    let number = words.number(prompt.level.into());
    level.set_text_content(Some(&words.fill("Level {0}", &[&number])));
    let left = next(&level)?;
    times::show_left(shared, &left, card)?;
    let dismiss = next(&left)?;
    name_dismiss(&dismiss, words, card)?;
    let list = next(&dismiss)?;
    for (index, snippet) in prompt.snippets.iter().enumerate() {
        list.append_child(&skeleton::copy(SNIPPET)?)?;
        let row = list.last_element_child().ok_or("no snippet")?;
        row.append_child(&skeleton::copy(SNIPPET_PARTS)?)?;
        fill_snippet(&row, words, index + 1, snippet)?;
        if adopted.contains(&snippet.id) {
            show_used(&row, words)?;
        }
    }
    let interaction = name_interaction(words, card.interaction_id.as_str());
    next(&list)?.set_text_content(Some(&interaction));
    Ok(label)
}

fn fill_snippet(
    row: &Element,
    words: &Words,
    number: usize,
    snippet: &Snippet,
) -> Result<(), JsValue> {
    row.set_attribute(SNIPPET_ID, &snippet.id)?;
    let key = row.first_element_child().ok_or("no key")?;
    // The tenth and last has the key 0.
    key.set_text_content(Some(&(number % 10).to_string()));
    let text = next(&key)?;
    text.set_text_content(Some(&snippet.content));
    let tags = next(&text)?;
    let source = in_words(&snippet.source);
    let about = snippet
        .tags
        .iter()
        .fold(source, |about, tag| about + "\u{a0}· " + tag);
    tags.set_text_content(Some(&about));
    let copy = next(&tags)?;
    let name = words.quantity(number);
    // Two sheets, drawn by its style: the room is for the tags.
    copy.set_attribute("title", &words.say("Copy"))?;
    copy.set_attribute("aria-label", &words.fill("Copy snippet {0}", &[&name]))?;
    let insert = next(&copy)?;
    insert.set_text_content(Some(&words.say("Insert")));
    insert.set_attribute("aria-label", &words.fill("Insert snippet {0}", &[&name]))
}

/// Says at the snippet that was handed over last what became of it, and at no other.
pub fn show_handed(list: &Element, words: &Words, handed: Option<&Handed>) -> Result<(), JsValue> {
    const SAYS: &str = "data-handed";
    for row in elements(list, ".snippet") {
        let of_row = handed.filter(|handed| is_row_of(&row, &handed.card_id, &handed.snippet_id));
        let Some(handed) = of_row else {
            row.remove_attribute(SAYS)?;
            continue;
        };
        let word = match handed.outcome {
            Handover::Copied => "Copied",
            Handover::Inserted => "Inserted",
            Handover::Failed => "Could not copy",
        };
        row.set_attribute(SAYS, &words.say(word))?;
        let has_failed = handed.outcome == Handover::Failed;
        row.toggle_attribute_with_force("data-failed", has_failed)?;
        if !has_failed {
            show_used(&row, words)?;
        }
    }
    Ok(())
}

/// Says that this snippet was taken once.
fn show_used(row: &Element, words: &Words) -> Result<(), JsValue> {
    row.set_attribute("data-used", &words.say("Used"))
}

/// Whether this row stands for that snippet.
pub fn is_row_of(row: &Element, card_id: &CardId, snippet_id: &str) -> bool {
    row.get_attribute(SNIPPET_ID).as_deref() == Some(snippet_id)
        && card_of(row).as_deref() == Some(card_id.as_str())
}

fn card_of(row: &Element) -> Option<String> {
    let card = row.closest("[data-card-id]").ok().flatten()?;
    card.get_attribute("data-card-id")
}
