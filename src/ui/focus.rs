//! Keeps the keyboard where the agent works when the focused card changes or leaves.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, ShadowRoot};

/// Everything in the feed that stands for a card.
const ROWS: &str = ".feed [data-card-id]";

/// The row that holds the focus, remembered across an update.
#[derive(Debug)]
pub struct FocusedCard {
    row: Element,
    id: String,
    index: usize,
}

impl FocusedCard {
    /// The row that holds the focus, if one does.
    pub fn of(root: &ShadowRoot) -> Option<Self> {
        let row = root
            .active_element()?
            .closest("[data-card-id]")
            .ok()
            .flatten()?;
        let id = row.get_attribute("data-card-id")?;
        let index = rows(root).iter().position(|candidate| candidate == &row)?;
        Some(Self { row, id, index })
    }

    /// Gives the focus back when the row has gone: to the row that stands for the same card now, else to the one that
    /// took its place, else to the last, else to the feed.
    pub fn restore(&self, root: &ShadowRoot) {
        if self.row.is_connected() || root.active_element().is_some() {
            return;
        }
        let rows = rows(root);
        let same = rows
            .iter()
            .find(|row| row.get_attribute("data-card-id").as_ref() == Some(&self.id));
        let next = same
            .or_else(|| rows.get(self.index))
            .or_else(|| rows.last());
        let target = match next {
            Some(row) => row.query_selector("button[data-action]"),
            None => root.query_selector(".feed"),
        };
        if let Some(target) = target
            .ok()
            .flatten()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
        {
            // Fails only for an element that cannot take it.
            let _ = target.focus();
        }
    }
}

fn rows(root: &ShadowRoot) -> Vec<Element> {
    let Ok(list) = root.query_selector_all(ROWS) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|index| list.get(index))
        .map(JsCast::unchecked_into)
        .collect()
}
