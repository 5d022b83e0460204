//! The variables of a snippet that have no value: asked for in its row, one small field for each.

use cuecard_panel::{Asking, Way};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, HtmlInputElement};

use super::prompt::is_row_of;
use crate::shell::{Words, elements};
use crate::ui::skeleton::{self, Parts};

/// What stands around the fields, and a field.
const BLANKS: &str = ".blanks";
const BLANK_FIELD: &str = ".blank";

const FRAME: Parts = &[("div", "blanks")];
const BLANK: Parts = &[("input", "blank")];
const CANCEL: Parts = &[("button", "cancel")];

/// Names the variable of a field, and what was asked for.
const NAME: &str = "data-name";
const WAY: &str = "data-way";

/// Asks in the row of that snippet, and in no other. Fields that are there already stay as they are.
pub fn show_asking(list: &Element, words: &Words, asking: Option<&Asking>) -> Result<(), JsValue> {
    let asked = list.query_selector(BLANKS)?;
    let row = match asking {
        Some(asking) => {
            let mut rows = elements(list, ".snippet").into_iter();
            rows.find(|row| is_row_of(row, &asking.card_id, &asking.snippet_id))
        }
        None => None,
    };
    let is_same = asked.as_ref().and_then(|asked| asked.parent_element()) == row;
    if let Some(asked) = &asked
        && !is_same
    {
        stop(asked)?;
    }
    match (row, asking) {
        (Some(row), Some(asking)) if !is_same => ask(&row, words, asking),
        _ => Ok(()),
    }
}

/// Takes the fields away; the keyboard goes to the card if it was there.
fn stop(frame: &Element) -> Result<(), JsValue> {
    if frame.matches(":focus-within")?
        && let Some(card) = frame.closest("[data-card-id]")?
    {
        card.unchecked_ref::<HtmlElement>().focus()?;
    }
    frame.remove();
    Ok(())
}

fn ask(row: &Element, words: &Words, asking: &Asking) -> Result<(), JsValue> {
    row.append_child(&skeleton::copy(FRAME)?)?;
    let frame = row.last_element_child().ok_or("no frame")?;
    let way = match asking.way {
        Way::Copy => "copy",
        Way::Insert => "insert",
    };
    frame.set_attribute(WAY, way)?;
    for name in &asking.missing {
        frame.append_child(&skeleton::copy(BLANK)?)?;
        let blank = frame.last_element_child().ok_or("no field")?;
        let space = |letter| if letter == '_' { ' ' } else { letter };
        let label: String = name.chars().map(space).collect();
        for (attribute, value) in [
            (NAME, name.as_str()),
            ("placeholder", &label),
            ("aria-label", &label),
            ("autocomplete", "off"),
        ] {
            blank.set_attribute(attribute, value)?;
        }
    }
    frame.append_child(&skeleton::copy(CANCEL)?)?;
    let first = frame.first_element_child().ok_or("nothing is missing")?;
    frame
        .last_element_child()
        .ok_or("no button")?
        .set_text_content(Some(&words.say("Cancel")));
    first.unchecked_ref::<HtmlElement>().focus()
}

/// What is written in the fields of a row: names and values.
pub fn values(row: &Element) -> Vec<(String, String)> {
    let value = |blank: Element| {
        let name = blank.get_attribute(NAME)?;
        let value = blank.unchecked_into::<HtmlInputElement>().value();
        Some((name, value.trim().to_owned()))
    };
    let blanks = elements(row, BLANK_FIELD).into_iter();
    blanks.filter_map(value).collect()
}

/// Puts the keyboard into the first field of the row that is empty. False if there is none.
pub fn needs_value(row: &Element) -> bool {
    let is_empty = |blank: &Element| {
        let value = blank.unchecked_ref::<HtmlInputElement>().value();
        value.trim().is_empty()
    };
    // Taking the keyboard fails only for an element that cannot.
    let mut blanks = elements(row, BLANK_FIELD).into_iter();
    blanks
        .find(is_empty)
        .is_some_and(|empty| empty.unchecked_ref::<HtmlElement>().focus().is_ok())
}

/// What the row was asked for: the word of the button.
pub fn way(row: &Element) -> Option<String> {
    row.query_selector(BLANKS).ok()??.get_attribute(WAY)
}
