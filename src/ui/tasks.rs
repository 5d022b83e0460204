//! The switch between all cards and the tasks alone, and the offer to tell the agent who looks elsewhere.

use wasm_bindgen::JsValue;
use web_sys::Element;

use super::drawn::{show, word};
use super::panel::with_key;
use super::skeleton::{self, Parts, next};
use super::surroundings::State;
use crate::shell::Words;
use crate::shell::notify::Notices;

/// [`fill_switch`] goes through them in this order.
const SWITCH: Parts = &[("button", "tab cards"), ("button", "tab tasks")];

/// [`fill_offer`] goes through them in this order.
const OFFER: Parts = &[
    ("p", ""),
    ("button", "button ask-notices"),
    ("button", "button no-notices"),
];

/// Fills the switch, which is hidden while there are no tasks.
pub fn fill_switch(switch: &Element, words: &Words) -> Result<(), JsValue> {
    switch.set_attribute("role", "group")?;
    switch.set_attribute("aria-label", &words.say("View"))?;
    switch.set_attribute("hidden", "")?;
    switch.append_child(&skeleton::copy(SWITCH)?)?;
    let cards = switch.first_element_child().ok_or("no cards")?;
    cards.set_text_content(Some(&words.say("Cards")));
    let tasks = next(&cards)?;
    tasks.set_text_content(Some(&words.say("Tasks")));
    tasks.set_attribute("title", &with_key(words, "Tasks", "T"))
}

/// Fills the offer, which is hidden.
pub fn fill_offer(offer: &Element, words: &Words) -> Result<(), JsValue> {
    offer.set_attribute("hidden", "")?;
    offer.append_child(&skeleton::copy(OFFER)?)?;
    let offered = offer.first_element_child().ok_or("no words")?;
    offered.set_text_content(Some(&words.say("Notify me when I am away")));
    let ask = next(&offered)?;
    ask.set_text_content(Some(&words.say("Turn on")));
    ask.set_attribute(
        "title",
        &words.say("New tasks and critical alerts, as notifications of your browser"),
    )?;
    next(&ask)?.set_text_content(Some(&words.say("No, thanks")));
    Ok(())
}

/// Brings both up to date.
pub fn refresh(panel: &Element, words: &Words, state: &State) -> Result<(), JsValue> {
    panel.toggle_attribute_with_force("data-tasks", state.shows_tasks)?;
    show(panel, ".switch", state.tasks > 0 || state.shows_tasks)?;
    for (tab, is_shown) in [
        (".tab.cards", !state.shows_tasks),
        (".tab.tasks", state.shows_tasks),
    ] {
        if let Some(tab) = panel.query_selector(tab)? {
            tab.set_attribute("aria-pressed", word(is_shown))?;
        }
    }
    if let Some(tasks) = panel.query_selector(".tab.tasks")? {
        tasks.set_attribute("data-count", &words.quantity(state.tasks))?;
    }
    let is_offered = (state.shows_tasks || state.has_missed) && Notices::can_ask();
    show(panel, ".offer", is_offered)
}
