//! What stands in the place of a dismissed card while the dismissal can be taken back. A dismissed suggestion asks,
//! in passing, why; nobody has to answer.

use cuecard_panel::{CardState, CardView, title};
use cuecard_protocol::{CardBody, Millis};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::age::seconds_until;
use super::card::set_property;
use super::drawn::word;
use super::skeleton::{self, Parts, next};
use crate::shell::{self, Words, elements};

/// [`fill`] goes through them in this order.
const PARTS: Parts = &[
    ("span", "undo-text"),
    ("span", "undo-time"),
    ("button", "button undo"),
    ("div", "reasons"),
];

/// Reasons to pick from, and room for others.
const REASONS: [&str; 3] = ["Not relevant", "Already done", "Incorrect"];
const REASON_PARTS: Parts = &[
    ("button", "chip reason"),
    ("button", "chip reason"),
    ("button", "chip reason"),
    ("input", "other"),
];

/// What a chip stands for, in the words that the server gets, whatever the agent's language.
pub const REASON: &str = "data-reason";

/// The whole offer, in seconds; what the line below the row measures.
const OFFER: u64 = 5;

pub fn fill(element: &Element, words: &Words, row: &CardView) -> Result<(), JsValue> {
    let title = words.tell(&title(&row.card));
    element.set_attribute("data-card-id", row.card.id.as_str())?;
    element.append_child(&skeleton::copy(PARTS)?)?;
    let text = element.first_element_child().ok_or("no text")?;
    text.set_text_content(Some(&words.fill("Dismissed: {0}", &[&title])));
    let time = next(&text)?;
    time.set_attribute("aria-hidden", "true")?;
    let undo = next(&time)?;
    undo.set_text_content(Some(&words.say("Undo")));
    undo.set_attribute("aria-label", &words.fill("Undo dismissing {0}", &[&title]))?;
    let reasons = next(&undo)?;
    if matches!(row.card.body, CardBody::Suggestion(_)) {
        reasons.set_attribute("role", "group")?;
        reasons.set_attribute("aria-label", &words.say("Why? Optional"))?;
        reasons.append_child(&skeleton::copy(REASON_PARTS)?)?;
        let mut part = reasons.first_element_child().ok_or("no reason")?;
        for reason in REASONS {
            part.set_text_content(Some(&words.say(reason)));
            part.set_attribute(REASON, reason)?;
            part = next(&part)?;
        }
        let other = words.say("Other reason");
        for (name, value) in [
            ("type", "text"),
            ("maxlength", "500"),
            ("placeholder", &other),
            ("aria-label", &other),
        ] {
            part.set_attribute(name, value)?;
        }
    } else {
        reasons.remove();
    }
    refresh(element, words, row, shell::now())
}

/// Brings the row up to date: how long the offer runs, and which reason was picked.
pub fn refresh(
    element: &Element,
    words: &Words,
    row: &CardView,
    now: Millis,
) -> Result<(), JsValue> {
    let CardState::Undoable { until, reason } = &row.state else {
        return Ok(());
    };
    // A clock that was set back would offer more.
    let left = seconds_until(*until, now).min(OFFER);
    set_property(element, "--left", &format!("{}%", left * 100 / OFFER))?;
    if let Some(time) = element.query_selector(".undo-time")? {
        time.set_text_content(Some(&words.unit(left, "second")));
    }
    for chip in elements(element, ".chip") {
        let is_picked = reason.is_some() && chip.get_attribute(REASON) == *reason;
        chip.set_attribute("aria-pressed", word(is_picked))?;
    }
    Ok(())
}
