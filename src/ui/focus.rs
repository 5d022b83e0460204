//! Keeps the keyboard where the agent works when the focused card changes or leaves.

use cuecard_protocol::CardId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ShadowRoot};

use super::keys::is_field;
use crate::shell::elements;

/// Everything in the feed that stands for a card.
const ROWS: &str = ".feed [data-card-id]";

/// The row that holds the focus, remembered across an update.
#[derive(Debug)]
pub struct FocusedCard {
    /// What has the focus; none for a card that is to get it, wherever it is now.
    focused: Option<Element>,
    id: String,
    index: usize,
    /// What the focused button does; none if the focus is on the card itself.
    action: Option<String>,
}

impl FocusedCard {
    /// The row that holds the focus, if one does.
    pub fn of(root: &ShadowRoot) -> Option<Self> {
        let focused = root.active_element()?;
        let row = focused.closest("[data-card-id]").ok().flatten()?;
        let id = row.get_attribute("data-card-id")?;
        let index = rows(root).iter().position(|candidate| candidate == &row)?;
        let action = focused.get_attribute("data-action");
        // A choice of times is open on one card only; on the next one it means the card.
        let action = action.filter(|action| action != "until");
        Some(Self {
            focused: Some(focused),
            id,
            index,
            action,
        })
    }

    /// The row of a card that is to get the focus.
    pub fn wanted(card_id: &CardId) -> Self {
        Self {
            id: card_id.to_string(),
            ..Self::first()
        }
    }

    /// The first row, which is to get the focus.
    pub const fn first() -> Self {
        Self {
            focused: None,
            id: String::new(),
            index: 0,
            action: None,
        }
    }

    /// Gives the focus back when it was lost: to what had it, if that was only moved; else to the row that stands for
    /// the same card now, else to the one that took its place, else to the nearest, else to the feed. From a field it goes to
    /// the panel, where what the agent types on decides nothing.
    pub fn restore(&self, root: &ShadowRoot) {
        if let Some(focused) = &self.focused {
            if root.active_element().is_some() {
                return;
            }
            if focused.is_connected() {
                // Fails for nothing that has had it.
                let _ = focused.unchecked_ref::<HtmlElement>().focus();
                return;
            }
        }
        let was_writing = self.focused.as_ref().is_some_and(is_field);
        let home = if was_writing { ".panel" } else { ".feed" };
        let rows = if was_writing { Vec::new() } else { rows(root) };
        let same = rows
            .iter()
            .find(|row| row.get_attribute("data-card-id").as_ref() == Some(&self.id));
        let after = rows.iter().skip(self.index);
        let before = rows.iter().take(self.index).rev();
        let mut near = same.into_iter().chain(after).chain(before);
        let target = near
            .find_map(|row| self.place_in(row))
            .or_else(|| root.query_selector(home).ok().flatten());
        if let Some(target) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) {
            // Fails only for an element that cannot take it.
            let _ = target.focus();
        }
    }

    /// Where in a row the focus belongs: on the card if it was on a card, else on the button that does the same, else on
    /// any; nowhere in a row that has nothing to do.
    fn place_in(&self, row: &Element) -> Option<Element> {
        let button = |selector: &str| row.query_selector(selector).ok().flatten();
        if self.action.is_none() && row.has_attribute("tabindex") {
            return Some(row.clone());
        }
        let same = self.action.as_ref();
        same.and_then(|action| button(&format!("button[data-action={action}]")))
            .or_else(|| button("button[data-action]"))
    }
}

fn rows(root: &ShadowRoot) -> Vec<Element> {
    elements(root.unchecked_ref(), ROWS)
}
