//! Search and the choice of a kind. Out of sight until somebody wants it.

use cuecard_panel::{CardKind, Event, Filter};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::drawn::word;
use super::screen::Shared;
use super::skeleton::{self, Parts, next};
use crate::shell::{Words, elements};

const KINDS: [(&str, Option<CardKind>); 4] = [
    ("All", None),
    ("Alerts", Some(CardKind::Alert)),
    ("Suggestions", Some(CardKind::Suggestion)),
    ("Prompts", Some(CardKind::Prompt)),
];

/// [`fill`] goes through them in this order.
const PARTS: Parts = &[("input", "query"), ("div", "kinds")];

/// A chip for each of [`KINDS`].
const CHIPS: Parts = &[
    ("button", "chip kind"),
    ("button", "chip kind"),
    ("button", "chip kind"),
    ("button", "chip kind"),
];

/// Fills the bar, which is hidden.
pub fn fill(bar: &Element, words: &Words) -> Result<(), JsValue> {
    bar.set_attribute("role", "search")?;
    bar.set_attribute("hidden", "")?;
    bar.append_child(&skeleton::copy(PARTS)?)?;
    let query = bar.first_element_child().ok_or("no query")?;
    let label = words.say("Search cards");
    for (name, value) in [
        ("type", "search"),
        ("placeholder", &label),
        ("aria-label", &label),
        ("autocomplete", "off"),
    ] {
        query.set_attribute(name, value)?;
    }
    let kinds = next(&query)?;
    kinds.set_attribute("role", "group")?;
    kinds.set_attribute("aria-label", &words.say("Show"))?;
    kinds.append_child(&skeleton::copy(CHIPS)?)?;
    for (chip, (name, _)) in chips(&kinds).into_iter().zip(KINDS) {
        chip.set_text_content(Some(&words.say(name)));
    }
    Ok(())
}

/// Shows which kind is chosen.
pub fn show_kind(panel: &Element, chosen: Option<CardKind>) -> Result<(), JsValue> {
    for (chip, (_, kind)) in chips(panel).into_iter().zip(KINDS) {
        chip.set_attribute("aria-pressed", word(kind == chosen))?;
    }
    Ok(())
}

/// A chip was pressed.
pub fn choose_kind(shared: &Shared, panel: &Element, pressed: &Element) {
    let chosen = chips(panel)
        .into_iter()
        .zip(KINDS)
        .find(|(chip, _)| chip == pressed);
    if let Some((_, (_, kind))) = chosen {
        let mut filter = shared.filter();
        filter.kind = kind;
        shared.send(Event::Filter(filter));
    }
}

/// Opens the bar and puts the keyboard there.
pub fn open(shared: &Shared, panel: &Element) {
    shared.change_open(|open| open.search = true);
    if let Ok(Some(query)) = panel.query_selector(".query")
        && let Ok(query) = query.dyn_into::<HtmlElement>()
    {
        // Fails only for an element that cannot take it.
        let _ = query.focus();
    }
}

/// Closes the bar; what it hid comes back.
pub fn close(shared: &Shared) {
    shared.change_open(|open| open.search = false);
    shared.send(Event::Filter(Filter::default()));
}

fn chips(root: &Element) -> Vec<Element> {
    elements(root, ".chip.kind")
}
