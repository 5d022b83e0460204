//! What the agent does, by mouse or by key, as an event for the core. The listeners are on the shadow root,
//! one for each name, because each listener in a view would be compiled by itself.

use cuecard_panel::{Event as PanelEvent, Filter, Way};
use cuecard_protocol::CardId;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, KeyboardEvent};

use super::card::{self, SNIPPET_ID};
use super::drawn::keep_focus;
use super::screen::Shared;
use super::undo::REASON;
use super::{composer, find, keys};
use crate::shell::notify::Notices;

/// What the panel hears.
pub const HEARD: [&str; 3] = ["click", "input", "keydown"];

/// Something happened somewhere in the panel.
pub fn hear(shared: &Shared, event: &Event) {
    let target = event.target().and_then(|node| node.dyn_into().ok());
    let Some(target): Option<Element> = target else {
        return;
    };
    match event.dyn_ref::<KeyboardEvent>() {
        Some(key) => keys::press(shared, key, &target, shared.panel()),
        None if event.type_() == "input" => input(shared, &target),
        None => click(shared, &target, shared.panel()),
    }
}

fn click(shared: &Shared, target: &Element, panel: &Element) {
    let Some(button) = closest(target, "button[data-action]") else {
        return;
    };
    let action = button.get_attribute("data-action").unwrap_or_default();
    match action.as_str() {
        "try-now" => shared.send(PanelEvent::TryNow),
        "reload" => {
            if let Some(window) = web_sys::window() {
                // Fails only where the page may not navigate itself; then the offer stays.
                let _ = window.location().reload();
            }
        }
        "search" if shared.open().search => find::close(shared),
        "search" => find::open(shared, panel),
        "kind" => find::choose_kind(shared, panel, &button),
        "cards" => shared.send(PanelEvent::ShowTasks(false)),
        "tasks" => shared.send(PanelEvent::ShowTasks(true)),
        "show-new" => shared.send(PanelEvent::ShowNew),
        "ask-notices" | "no-notices" => {
            if action == "ask-notices" {
                Notices::ask();
            } else {
                Notices::decline();
            }
            shared.change_open(|open| open.answers = open.answers.wrapping_add(1));
            keep_focus(panel);
        }
        "send" => composer::send(shared, panel),
        "cancel" => shared.send(PanelEvent::StopAsking),
        "keyboard" => shared.change_open(|open| open.keys = !open.keys),
        "insights" => shared.send(PanelEvent::ToggleInsights),
        "hide-keys" => {
            shared.change_open(|open| open.keys = false);
            keep_focus(panel);
        }
        "clear-filter" => {
            shared.send(PanelEvent::Filter(Filter::default()));
            keep_focus(panel);
        }
        action => act(shared, action, &button),
    }
}

/// Something was written.
fn input(shared: &Shared, input: &Element) {
    let words = || input.unchecked_ref::<HtmlInputElement>().value();
    match (input.class_name().as_str(), card_of(input)) {
        ("query", _) => {
            let mut filter = shared.filter();
            filter.query = words();
            shared.send(PanelEvent::Filter(filter));
        }
        ("other", Some(card_id)) => shared.send(PanelEvent::Dismiss {
            card_id,
            reason: Some(words()),
        }),
        _ => {}
    }
}

/// Does this to the card (and the snippet) that the element is in.
pub fn act(shared: &Shared, action: &str, element: &Element) {
    let Some(card_id) = card_of(element) else {
        return;
    };
    let take = |way| {
        let snippet = closest(element, ".snippet").filter(|row| !card::needs_value(row))?;
        Some(PanelEvent::Take {
            card_id: card_id.clone(),
            snippet_id: snippet.get_attribute(SNIPPET_ID)?,
            way,
            values: card::values(&snippet),
        })
    };
    let event = match action {
        "accept" => Some(PanelEvent::Accept(card_id)),
        "dismiss" => Some(PanelEvent::Dismiss {
            card_id,
            reason: None,
        }),
        "reason" => Some(PanelEvent::Dismiss {
            card_id,
            reason: element.get_attribute(REASON),
        }),
        "undo" => Some(PanelEvent::Undo(card_id)),
        "interaction" => Some(PanelEvent::OpenTask(card_id)),
        "until" => card::back_at(element).map(|until| PanelEvent::Snooze { card_id, until }),
        "snooze" => {
            // Fails only if card and choice do not fit together.
            let card = closest(element, ".card");
            let _ = card.map(|card| card::toggle_snooze(shared, &card));
            None
        }
        "copy" => take(Way::Copy),
        "insert" => take(Way::Insert),
        _ => None,
    };
    if let Some(event) = event {
        shared.send(event);
    }
}

/// The element itself or the nearest one around it that matches.
pub fn closest(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}

fn card_of(element: &Element) -> Option<CardId> {
    let card = closest(element, "[data-card-id]")?;
    CardId::parse(card.get_attribute("data-card-id")?).ok()
}
