//! The keyboard: what each key does, and the sheet that says so. The listener is on the shadow root, so the keys work while
//! the focus is somewhere in it, and never where the agent writes.

use cuecard_panel::Event;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::act::{act, closest};
use super::screen::Shared;
use super::skeleton::{self, Parts, next};
use super::{card, composer, find};
use crate::shell::{Words, elements};

/// The keys and what they do, as the sheet lists them.
const KEYS: [(&str, &str); 13] = [
    ("↑ ↓", "Previous or next card"),
    ("Enter", "Accept, mark done, or insert the first snippet"),
    ("1 – 9, 0", "Insert that snippet; 0 the tenth"),
    ("S", "Snooze the task"),
    ("T", "Tasks, or all cards"),
    ("N", "Show new cards"),
    ("Delete", "Dismiss the card"),
    ("Z", "Undo the last dismissal"),
    ("/", "Search"),
    ("I", "Insights, or the cards again"),
    ("Tab", "Buttons of the card"),
    ("Esc", "Leave a field or this sheet"),
    ("?", "Show or hide this sheet"),
];

const CARD: &str = "article[data-card-id]";
const PROMPT: &str = ".card.prompt";

/// A key was pressed somewhere in the panel.
pub fn press(shared: &Shared, event: &KeyboardEvent, target: &Element, panel: &Element) {
    let is_undo = (event.ctrl_key() || event.meta_key()) && event.key() == "z";
    let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    let is_writing = is_field(target);
    if composer::is_send(event, target) {
        composer::send(shared, panel);
        return event.prevent_default();
    }
    if event.is_composing()
        || (has_modifier && !is_undo)
        || (is_writing && !leaves_field(event, target))
    {
        return;
    }
    // A key that is held down goes from card to card, but decides about one.
    if event.repeat() && !is_move(&event.key()) {
        if event.key() == "Enter" {
            // Nor does it press the button that the focus has moved on to.
            event.prevent_default();
        }
        return;
    }
    // In place of the cards there is only one thing to do by key.
    if first(panel, ".report").is_some() {
        if matches!(event.key().as_str(), "Escape" | "i" | "I") {
            shared.send(Event::ToggleInsights);
            event.prevent_default();
        }
        return;
    }
    if handle(shared, &event.key(), target, panel) {
        event.prevent_default();
    }
}

fn is_move(key: &str) -> bool {
    matches!(key, "ArrowDown" | "ArrowUp" | "j" | "k")
}

/// True if the key meant something here.
fn handle(shared: &Shared, key: &str, target: &Element, panel: &Element) -> bool {
    match key {
        "ArrowDown" | "j" => focus(neighbour(target, panel, true)),
        "ArrowUp" | "k" => focus(neighbour(target, panel, false)),
        // On a button it means the button.
        "Enter" if target.matches(CARD).unwrap_or(false) => enter(shared, target, panel),
        // In a field that a snippet asks for, it goes on to the next.
        "Enter" => closest(target, ".snippet").is_some_and(|row| {
            let way = card::way(&row).filter(|_| is_field(target));
            way.inspect(|way| act(shared, way, &row)).is_some()
        }),
        "Delete" | "Backspace" => {
            closest(target, CARD).is_some_and(|card| decide(shared, "dismiss", &card, panel))
        }
        "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" => {
            let prompt = closest(target, PROMPT).or_else(|| first(panel, PROMPT));
            let number = if key == "0" { "10" } else { key };
            // Only from a card: elsewhere it may be meant for a field that is gone.
            let prompt = prompt.filter(|_| closest(target, CARD).is_some());
            prompt.is_some_and(|prompt| insert(shared, &prompt, number))
        }
        "s" | "S" => closest(target, ".card.task")
            .inspect(|task| act(shared, "snooze", task))
            .is_some(),
        "t" | "T" => shared.toggle_tasks(),
        "n" | "N" => {
            shared.send(Event::ShowNew);
            true
        }
        "z" | "Z" => undo(shared, panel),
        "/" => {
            find::open(shared, panel);
            true
        }
        "i" | "I" => {
            shared.send(Event::ToggleInsights);
            true
        }
        "?" => {
            shared.change_open(|open| open.keys = !open.keys);
            true
        }
        "Escape" => escape(shared, target, panel),
        _ => false,
    }
}

fn enter(shared: &Shared, card: &Element, panel: &Element) -> bool {
    match card.get_attribute("data-kind").as_deref() {
        Some("suggestion" | "task") => decide(shared, "accept", card, panel),
        Some("prompt") => insert(shared, card, "1"),
        _ => false,
    }
}

/// Decides and goes on to the neighbour, so that one key after the other works through the feed.
fn decide(shared: &Shared, action: &str, card: &Element, panel: &Element) -> bool {
    let down = neighbour(card, panel, true).filter(|next| next != card);
    let next = down.or_else(|| neighbour(card, panel, false).filter(|next| next != card));
    act(shared, action, card);
    focus(next);
    true
}

fn insert(shared: &Shared, prompt: &Element, number: &str) -> bool {
    let snippet = first(prompt, &format!(".snippet:nth-child({number})"));
    snippet
        .inspect(|snippet| act(shared, "insert", snippet))
        .is_some()
}

/// Takes the dismissal back that was made last; its offer runs longest.
fn undo(shared: &Shared, panel: &Element) -> bool {
    let last = shared.last_dismissed();
    let row = last.and_then(|id| first(panel, &format!(".undoable[data-card-id=\"{id}\"]")));
    row.inspect(|row| act(shared, "undo", row)).is_some()
}

fn escape(shared: &Shared, target: &Element, panel: &Element) -> bool {
    if shared.open().keys {
        shared.change_open(|open| open.keys = false);
    } else if closest(target, ".find").is_some() {
        find::close(shared);
        focus(first(panel, CARD).or_else(|| first(panel, ".feed")));
    } else if let Some(later) = closest(target, ".later") {
        act(shared, "snooze", &later);
    } else if closest(target, ".blanks").is_some() {
        shared.send(Event::StopAsking);
    } else if is_field(target) {
        focus(neighbour(target, panel, true).or_else(|| first(panel, ".feed")));
    } else {
        return false;
    }
    true
}

/// Whether the agent writes there.
pub fn is_field(target: &Element) -> bool {
    target.matches("input, textarea").unwrap_or(false)
}

/// Whether the key is not the field's own: Escape, and Enter where a snippet asks.
fn leaves_field(event: &KeyboardEvent, target: &Element) -> bool {
    match event.key().as_str() {
        "Escape" => true,
        "Enter" => closest(target, ".blanks").is_some(),
        _ => false,
    }
}

/// The card after or before the one that the element is in; the first or the last if it is in none, the same at the end.
fn neighbour(element: &Element, panel: &Element, is_down: bool) -> Option<Element> {
    let Some(row) = closest(element, ".feed > *") else {
        let mut cards = elements(panel, CARD);
        cards.truncate(if is_down { 1 } else { usize::MAX });
        return cards.pop();
    };
    let step = |row: &Element| {
        if is_down {
            row.next_element_sibling()
        } else {
            row.previous_element_sibling()
        }
    };
    let is_card = |row: &Element| row.matches(CARD).unwrap_or(false);
    std::iter::successors(step(&row), step)
        .find(is_card)
        .or_else(|| is_card(&row).then_some(row))
}

fn first(root: &Element, selector: &str) -> Option<Element> {
    root.query_selector(selector).ok().flatten()
}

fn focus(element: Option<Element>) -> bool {
    let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}

/// The sheet that lists the keys; [`fill`] goes through them in this order.
const SHEET: Parts = &[("h3", ""), ("dl", ""), ("button", "button hide-keys")];
const ROW: Parts = &[("dt", ""), ("dd", "")];

/// Fills the sheet, which is hidden.
pub fn fill(sheet: &Element, words: &Words) -> Result<(), JsValue> {
    let name = words.say("Keyboard");
    for (name, value) in [("role", "region"), ("aria-label", &name), ("hidden", "")] {
        sheet.set_attribute(name, value)?;
    }
    sheet.append_child(&skeleton::copy(SHEET)?)?;
    let title = sheet.first_element_child().ok_or("no title")?;
    title.set_text_content(Some(&name));
    let list = next(&title)?;
    for (key, what) in KEYS {
        list.append_child(&skeleton::copy(ROW)?)?;
        let meaning = list.last_element_child().ok_or("no words")?;
        meaning.set_text_content(Some(&words.say(what)));
        let term = meaning.previous_element_sibling().ok_or("no key")?;
        term.set_text_content(Some(&words.say(key)));
    }
    next(&list)?.set_text_content(Some(&words.say("Close")));
    Ok(())
}
