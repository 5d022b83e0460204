//! The panel's own composer, for a page that has none: a field that grows, and a quiet word about what the customer sees.
//! What is written in it is followed like any field of a host.

use cuecard_panel::Event;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::screen::Shared;
use super::skeleton::{self, Parts, next};
use crate::shell::Words;

/// [`fill`] goes through them in this order.
const PARTS: Parts = &[("textarea", "message"), ("p", "typing"), ("button", "send")];

/// Fills the composer, or hides it where there is none.
pub fn fill(composer: &Element, words: &Words, is_wanted: bool) -> Result<(), JsValue> {
    if !is_wanted {
        return composer.set_attribute("hidden", "");
    }
    composer.append_child(&skeleton::copy(PARTS)?)?;
    let message = composer.first_element_child().ok_or("no field")?;
    for (name, value) in [
        ("rows", "1"),
        ("placeholder", words.say("Write to the customer").as_str()),
        ("aria-label", &words.say("Message to the customer")),
    ] {
        message.set_attribute(name, value)?;
    }
    let typing = next(&message)?;
    typing.set_text_content(Some(&words.say("The customer sees that you are typing")));
    typing.set_attribute("data-off", "")?;
    next(&typing)?.set_text_content(Some(&words.say("Send")));
    Ok(())
}

/// Says whether the customer sees that the agent is typing.
pub fn show_typing(panel: &Element, is_typing: bool) -> Result<(), JsValue> {
    if let Some(words) = panel.query_selector(".typing")? {
        words.toggle_attribute_with_force("data-off", !is_typing)?;
    }
    Ok(())
}

/// Sends what is written, unless there is nothing.
pub fn send(shared: &Shared, panel: &Element) {
    let Ok(Some(field)) = panel.query_selector(".message") else {
        return;
    };
    let field: HtmlTextAreaElement = field.unchecked_into();
    let text = field.value();
    if !text.trim().is_empty() {
        field.set_value("");
        shared.send(Event::Message(text));
    }
    // Fails only for an element that cannot take it.
    let _ = field.unchecked_ref::<HtmlElement>().focus();
}

/// Whether this key sends: Enter, unless it makes a new line or belongs to the input method.
pub fn is_send(event: &KeyboardEvent, target: &Element) -> bool {
    event.key() == "Enter"
        && !event.is_composing()
        && !event.shift_key()
        && target.matches(".message").unwrap_or(false)
}
