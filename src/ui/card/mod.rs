//! One card. Many may come at once, so a card is a copy of a skeleton that was built once, filled by hand: few nodes,
//! few calls into the browser, no listener of its own. Each kind has its file; what they share is here.

mod alert;
mod blanks;
mod prompt;
mod suggestion;
mod task;
mod times;

use cuecard_panel::{CardView, title};
use cuecard_protocol::{AlertLevel, Card, CardBody};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::screen::Shared;
use super::skeleton;
use crate::shell::Words;

pub use blanks::{needs_value, show_asking, values, way};
pub use prompt::{SNIPPET_ID, show_handed};
pub use task::{back_at, toggle_snooze};
pub use times::{refresh as refresh_times, set_property};

/// The class of a card.
pub fn class(card: &Card) -> &'static str {
    match &card.body {
        CardBody::Alert(alert) => match alert.level {
            AlertLevel::Critical => "card critical",
            AlertLevel::High => "card high",
        },
        CardBody::Suggestion(_) => "card suggestion",
        CardBody::Prompt(prompt) if prompt.is_pinned => "card prompt pinned",
        CardBody::Prompt(_) => "card prompt",
        CardBody::Task(_) => "card task",
    }
}

/// Fills an empty card, and waits for it to be seen.
pub fn fill(shared: &Shared, article: &Element, row: &CardView) -> Result<(), JsValue> {
    article.set_attribute("tabindex", "0")?;
    let card = &*row.card;
    let words = shared.words();
    article.set_attribute("data-card-id", card.id.as_str())?;
    article.set_attribute("data-kind", card.kind())?;
    let parts = match &card.body {
        CardBody::Alert(_) => alert::PARTS,
        CardBody::Suggestion(_) => suggestion::PARTS,
        CardBody::Prompt(_) => prompt::PARTS,
        CardBody::Task(_) => task::PARTS,
    };
    article.append_child(&skeleton::copy(parts)?)?;
    let label = match &card.body {
        CardBody::Alert(alert) => alert::fill(shared, words, article, card, alert)?,
        CardBody::Suggestion(suggestion) => {
            suggestion::fill(shared, words, article, card, suggestion)?;
            "Suggestion: {0}"
        }
        CardBody::Prompt(prompt) => {
            prompt::fill(shared, words, article, card, prompt, &row.adopted)?
        }
        CardBody::Task(task) => {
            task::fill(shared, words, article, card, task)?;
            "Task: {0}"
        }
    };
    shared.observe(article);
    article.set_attribute("aria-label", &words.fill(label, &[&name(words, card)]))
}

/// Names the button that dismisses the card.
fn name_dismiss(button: &Element, words: &Words, card: &Card) -> Result<(), JsValue> {
    let label = words.fill("Dismiss {0}", &[&name(words, card)]);
    button.set_attribute("aria-label", &label)
}

/// What the card is called in the agent's language.
fn name(words: &Words, card: &Card) -> String {
    words.tell(&title(card))
}

/// Names the conversation of the card.
fn name_interaction(words: &Words, interaction_id: &str) -> String {
    words.fill("Interaction {0}", &[interaction_id])
}

/// A share of 0 to 1 in whole percent, in these words and as the length of the bar before them.
fn show_share(
    element: &Element,
    words: &Words,
    share_of: &'static str,
    share: f64,
) -> Result<(), JsValue> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share lies in 0 to 1, and a cast saturates"
    )]
    let percent = format!("{}%", (share * 100.0).round() as u8);
    times::set_property(element, "--score", &percent)?;
    element.set_text_content(Some(&words.fill(share_of, &[&words.percent(share)])));
    Ok(())
}
