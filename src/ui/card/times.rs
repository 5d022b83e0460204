//! How old cards are and how long they stay: written when a card is built, brought up to date in one pass for all.

use cuecard_protocol::{Card, Millis};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use crate::shell::{self, Words, elements, local_time};
use crate::ui::age;
use crate::ui::screen::Shared;

/// When the card came, by the server's clock.
const RECEIVED_AT: &str = "data-at";

/// When it leaves, by the server's clock.
const EXPIRES_AT: &str = "data-until";

/// When a task is due, by the server's clock.
const DUE_AT: &str = "data-due";

/// Shows in this element how old the card is.
pub fn show_age(shared: &Shared, element: &Element, card: &Card) -> Result<(), JsValue> {
    element.set_attribute(RECEIVED_AT, &card.received_at.0.to_string())?;
    write(element, shared.words(), now(shared))
}

/// Shows in this element how long the card stays.
pub fn show_left(shared: &Shared, element: &Element, card: &Card) -> Result<(), JsValue> {
    element.set_attribute(RECEIVED_AT, &card.received_at.0.to_string())?;
    element.set_attribute(EXPIRES_AT, &card.expires_at.0.to_string())?;
    write(element, shared.words(), now(shared))
}

/// Shows in this element when a task is due.
pub fn show_due(shared: &Shared, element: &Element, due_at: Millis) -> Result<(), JsValue> {
    element.set_attribute(DUE_AT, &due_at.0.to_string())?;
    element.set_attribute("title", &shared.words().date(due_at))?;
    write(element, shared.words(), now(shared))
}

/// Brings the times of all cards below `list` up to date. `now` is the browser's clock.
pub fn refresh(
    list: &Element,
    words: &Words,
    now: Millis,
    clock_offset: i64,
) -> Result<(), JsValue> {
    let now = Millis(now.0.saturating_add_signed(clock_offset));
    for time in elements(list, "time") {
        write(&time, words, now)?;
    }
    Ok(())
}

/// `now` is the server's clock.
fn write(element: &Element, words: &Words, now: Millis) -> Result<(), JsValue> {
    let read = |name| {
        let value = element.get_attribute(name)?.parse().ok()?;
        Some(Millis(value))
    };
    if let Some(due_at) = read(DUE_AT) {
        let days = local_time::days_ahead(due_at, now);
        element.set_text_content(Some(&age::due(words, days, due_at <= now)));
        element.toggle_attribute_with_force("data-overdue", due_at <= now)?;
        return Ok(());
    }
    let Some(received_at) = read(RECEIVED_AT) else {
        return Ok(());
    };
    let Some(expires_at) = read(EXPIRES_AT) else {
        element.set_text_content(Some(&age::age(words, now.since(received_at))));
        return Ok(());
    };
    let (left, whole) = (expires_at.since(now), expires_at.since(received_at));
    let share = left.0.saturating_mul(100) / whole.0.max(1);
    set_property(element, "--left", &format!("{share}%"))?;
    element.set_text_content(Some(&age::left(words, left)));
    element.toggle_attribute_with_force("data-soon", left < age::SOON)?;
    Ok(())
}

/// Sets a property through the CSSOM, which a strict policy permits.
pub fn set_property(element: &Element, name: &str, value: &str) -> Result<(), JsValue> {
    let style = element.unchecked_ref::<HtmlElement>().style();
    style.set_property(name, value)
}

fn now(shared: &Shared) -> Millis {
    server(shared, shell::now())
}

/// The server's time of a browser's.
pub fn server(shared: &Shared, browser: Millis) -> Millis {
    Millis(browser.0.saturating_add_signed(shared.clock_offset()))
}
