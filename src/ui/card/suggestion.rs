//! A suggested next step: what to do, how well it fits, for how long.

use cuecard_panel::in_words;
use cuecard_protocol::{Card, Suggestion};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{name_dismiss, name_interaction, show_share, times};
use crate::shell::Words;
use crate::ui::screen::Shared;
use crate::ui::skeleton::{Parts, next};

/// [`fill`] goes through them in this order.
pub const PARTS: Parts = &[
    ("span", "badge"),
    ("span", "fact"),
    ("time", "left"),
    ("button", "dismiss"),
    ("p", "content"),
    ("button", "accept"),
    ("span", "score"),
    ("p", "about"),
];

pub fn fill(
    shared: &Shared,
    words: &Words,
    article: &Element,
    card: &Card,
    suggestion: &Suggestion,
) -> Result<(), JsValue> {
    let badge = article.first_element_child().ok_or("no badge")?;
    badge.set_text_content(Some(&words.say("Suggestion")));
    let priority = next(&badge)?;
    match &suggestion.priority {
        Some(name) => show_priority(&priority, words, name)?,
        None => priority.set_attribute("hidden", "")?,
    }
    let left = next(&priority)?;
    times::show_left(shared, &left, card)?;
    let dismiss = next(&left)?;
    name_dismiss(&dismiss, words, card)?;
    let content = next(&dismiss)?;
    content.set_text_content(Some(&suggestion.content));
    let accept = next(&content)?;
    accept.set_text_content(Some(&words.say("Accept")));
    let match_ = next(&accept)?;
    show_share(&match_, words, "Match {0}", suggestion.relevance)?;
    let interaction = name_interaction(words, card.interaction_id.as_str());
    let about = match &suggestion.source {
        Some(source) => format!("{}\u{a0}· {interaction}", in_words(source)),
        None => interaction,
    };
    next(&match_)?.set_text_content(Some(&about));
    Ok(())
}

/// The usual ones in the agent's language; any other as the publisher names it, such as `P_1`.
pub fn show_priority(element: &Element, words: &Words, name: &str) -> Result<(), JsValue> {
    let (short, full) = match name.to_ascii_uppercase().as_str() {
        "CRITICAL" => ("Critical", "Critical priority"),
        "HIGH" => ("High", "High priority"),
        "MEDIUM" | "NORMAL" => ("Medium", "Medium priority"),
        "LOW" => ("Low", "Low priority"),
        _ => {
            element.set_attribute("data-short", name)?;
            return element.set_attribute("data-full", &words.fill("Priority: {0}", &[name]));
        }
    };
    element.set_attribute("data-short", &words.say(short))?;
    element.set_attribute("data-full", &words.say(full))
}
