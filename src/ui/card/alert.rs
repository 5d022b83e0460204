//! A risk alert: its level, the publisher's HTML, the score.

use cuecard_protocol::{Alert, AlertLevel, Card};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{name_dismiss, name_interaction, show_share, times};
use crate::shell::Words;
use crate::ui::screen::Shared;
use crate::ui::skeleton::{Parts, next};

/// [`fill`] goes through them in this order.
pub const PARTS: Parts = &[
    ("span", "badge"),
    ("h3", "title"),
    ("span", "score"),
    ("time", "age"),
    ("button", "dismiss"),
    ("div", "body"),
    ("p", "about"),
];

/// Returns how the card is called, by what kind it is.
pub fn fill(
    shared: &Shared,
    words: &Words,
    article: &Element,
    card: &Card,
    alert: &Alert,
) -> Result<&'static str, JsValue> {
    let (level, kind) = match alert.level {
        AlertLevel::Critical => ("Critical", "Critical alert: {0}"),
        AlertLevel::High => ("High", "High alert: {0}"),
    };
    article.set_attribute("data-level", alert.level.as_str())?;
    let badge = article.first_element_child().ok_or("no badge")?;
    badge.set_text_content(Some(&words.say(level)));
    let title = next(&badge)?;
    title.set_text_content(Some(&alert.title));
    let score = next(&title)?;
    match alert.score {
        Some(value) => show_share(&score, words, "Risk {0}", value)?,
        None => score.set_attribute("hidden", "")?,
    }
    let received = next(&score)?;
    times::show_age(shared, &received, card)?;
    let dismiss = next(&received)?;
    name_dismiss(&dismiss, words, card)?;
    let body = next(&dismiss)?;
    // The publisher's language need not be the panel's.
    body.set_attribute("dir", "auto")?;
    shared.clean_into(&alert.html, &body);
    let interaction = name_interaction(words, card.interaction_id.as_str());
    next(&body)?.set_text_content(Some(&interaction));
    Ok(kind)
}
