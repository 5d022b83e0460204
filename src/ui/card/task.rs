//! Something to be done after the conversation: what, until when, for which conversation; and a way to put it off.

use cuecard_protocol::{Card, Millis, Task};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::suggestion::show_priority;
use super::{name, name_dismiss, name_interaction, times};
use crate::shell::{self, Words, local_time};
use crate::ui::screen::Shared;
use crate::ui::skeleton::{self, Parts, next};

/// [`fill`] goes through them in this order.
pub const PARTS: Parts = &[
    ("span", "badge"),
    ("span", "fact"),
    ("time", "due"),
    ("button", "dismiss"),
    ("p", "content"),
    ("p", "about"),
    ("button", "accept"),
    ("button", "button snooze"),
    ("div", "later"),
];

const LINK: Parts = &[("button", "link interaction")];
const CHOICE: Parts = &[("button", "chip until")];

/// When a choice brings the card back, by the browser's clock.
const BACK_AT: &str = "data-back";

/// When the card leaves, by the server's clock.
const LEAVES_AT: &str = "data-leaves";

/// The hour at which a day's work begins again, and that of the afternoon.
const MORNING: u32 = 9;
const AFTERNOON: u32 = 14;

pub fn fill(
    shared: &Shared,
    words: &Words,
    article: &Element,
    card: &Card,
    task: &Task,
) -> Result<(), JsValue> {
    article.set_attribute("data-priority", task.priority.as_str())?;
    let badge = article.first_element_child().ok_or("no badge")?;
    badge.set_text_content(Some(&words.say("Task")));
    let priority = next(&badge)?;
    show_priority(&priority, words, task.priority.as_str())?;
    let due = next(&priority)?;
    times::show_due(shared, &due, task.due_at)?;
    let dismiss = next(&due)?;
    name_dismiss(&dismiss, words, card)?;
    let content = next(&dismiss)?;
    content.set_text_content(Some(&name(words, card)));
    let about = next(&content)?;
    if let Some(score) = task.score {
        let score = words.fill("Score {0}", &[&words.number(score)]);
        about.set_text_content(Some(&(score + " · ")));
    }
    about.append_child(&skeleton::copy(LINK)?)?;
    let link = about.last_element_child().ok_or("no link")?;
    link.set_text_content(Some(&name_interaction(words, card.true_interaction_id())));
    let done = next(&about)?;
    done.set_text_content(Some(&words.say("Done")));
    let snooze = next(&done)?;
    snooze.set_text_content(Some(&words.say("Snooze")));
    snooze.set_attribute("aria-expanded", "false")?;
    let later = next(&snooze)?;
    later.set_attribute("hidden", "")?;
    later.set_attribute("role", "group")?;
    later.set_attribute("aria-label", &words.say("Snooze until"))?;
    later.set_attribute(LEAVES_AT, &card.expires_at.0.to_string())
}

/// Opens the choice of times with the keyboard on the first, or closes it with the keyboard on the card.
pub fn toggle_snooze(shared: &Shared, article: &Element) -> Result<(), JsValue> {
    let later = article.query_selector(".later")?.ok_or("no choice")?;
    let is_open = !later.has_attribute("hidden");
    if let Some(button) = article.query_selector(".snooze")? {
        button.set_attribute("aria-expanded", if is_open { "false" } else { "true" })?;
    }
    later.set_text_content(None);
    later.toggle_attribute_with_force("hidden", is_open)?;
    if is_open {
        return article.unchecked_ref::<HtmlElement>().focus();
    }
    let leaves = later
        .get_attribute(LEAVES_AT)
        .and_then(|at| at.parse().ok());
    let words = shared.words();
    for (choice_of, at) in choices(shell::now()) {
        // The server's time of it, because the card leaves by that.
        let server_at = times::server(shared, at);
        if leaves.is_some_and(|leaves| server_at >= Millis(leaves)) {
            continue;
        }
        later.append_child(&skeleton::copy(CHOICE)?)?;
        let choice = later.last_element_child().ok_or("no choice")?;
        choice.set_text_content(Some(&words.fill(choice_of, &[&words.hour(at)])));
        choice.set_attribute(BACK_AT, &at.0.to_string())?;
    }
    match later.first_element_child() {
        Some(first) => first.unchecked_ref::<HtmlElement>().focus(),
        None => Ok(()),
    }
}

/// When this choice brings the card back.
pub fn back_at(choice: &Element) -> Option<Millis> {
    choice.get_attribute(BACK_AT)?.parse().ok().map(Millis)
}

/// The times on offer, each later than the one before; the hour may have a place in the words.
fn choices(now: Millis) -> Vec<(&'static str, Millis)> {
    let mut choices = vec![("In 1 hour", now.plus(Millis::from_secs(3600)))];
    if local_time::hour(now) + 1 < AFTERNOON {
        choices.push(("This afternoon", local_time::at_hour(now, 0, AFTERNOON)));
    }
    choices.push(("Tomorrow, {0}", local_time::at_hour(now, 1, MORNING)));
    // Sunday is 0; from a Sunday, Monday is tomorrow.
    let to_monday = (8 - local_time::weekday(now)) % 7;
    if to_monday != 1 {
        let days = if to_monday == 0 { 7 } else { to_monday };
        choices.push(("Next week", local_time::at_hour(now, days, MORNING)));
    }
    choices
}
