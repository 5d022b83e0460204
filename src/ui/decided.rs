//! What stands in the place of a decided card until the decision is safe: saving, done, or why it does not count.

use cuecard_panel::{CardState, CardView, title};
use cuecard_protocol::{ActionKind, CardBody};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::skeleton::{self, Parts, next};
use crate::shell::Words;

/// One line: what was decided, about what, and how far it has got. [`fill`] goes through them in this order.
const PARTS: Parts = &[
    ("span", "verdict"),
    ("span", "what"),
    ("span", "saving"),
    ("span", "waiting"),
    ("span", "why"),
];

pub fn fill(element: &Element, words: &Words, row: &CardView) -> Result<(), JsValue> {
    let (state, kind, why) = match &row.state {
        CardState::Refused { kind, why } => ("refused", *kind, Some(why)),
        CardState::Decided { kind } => ("decided", *kind, None),
        CardState::Deciding { kind } => ("deciding", *kind, None),
        CardState::Live | CardState::Undoable { .. } => return Err("not decided".into()),
    };
    let is_task = matches!(row.card.body, CardBody::Task(_));
    let decided = match (kind, state) {
        (ActionKind::Accepted, "refused") if is_task => "Not done",
        (ActionKind::Accepted, "refused") => "Not accepted",
        (ActionKind::Accepted, _) if is_task => "Done",
        (ActionKind::Accepted, _) => "Accepted",
        (ActionKind::Snoozed, "refused") => "Not snoozed",
        (ActionKind::Snoozed, _) => "Snoozed",
        (_, "refused") => "Not dismissed",
        (_, _) => "Dismissed",
    };
    element.set_attribute("data-card-id", row.card.id.as_str())?;
    element.set_attribute("data-state", state)?;
    element.append_child(&skeleton::copy(PARTS)?)?;
    let verdict = element.first_element_child().ok_or("no verdict")?;
    verdict.set_text_content(Some(&words.say(decided)));
    let what = next(&verdict)?;
    what.set_text_content(Some(&words.tell(&title(&row.card))));
    let saving = next(&what)?;
    let waiting = next(&saving)?;
    if state == "deciding" {
        // Both are there; which one shows is the connection's affair, and the style sheet knows it.
        saving.set_text_content(Some(&words.say("Saving…")));
        waiting.set_text_content(Some(&words.say("Will be sent when the connection is back")));
    }
    next(&waiting)?.set_text_content(why.map(|why| words.tell(why)).as_deref());
    Ok(())
}
