//! The cards, in the core's order. What changes on them while they stay is in `patch`.
//!
//! The rows are kept up to date by hand: the keyed list of Leptos 0.8 keeps a little of every row for as long as it is
//! there, and a panel that is open all day has shown many.

use std::mem::{Discriminant, discriminant};
use std::rc::Rc;

use cuecard_panel::{CardState, CardView};
use cuecard_protocol::Card;
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::screen::Shared;
use super::{card, decided, undo};
use crate::shell::report;

/// The rows on screen.
pub struct List {
    element: Element,
    rows: Vec<Row>,
}

/// A row, which is drawn anew when either changes: the card, or what is going on with it.
struct Row {
    card: Rc<Card>,
    state: Discriminant<CardState>,
    element: Element,
}

impl Row {
    fn is_of(&self, view: &CardView) -> bool {
        // The core keeps a card where an equal one comes again; what comes under its id otherwise is another.
        Rc::ptr_eq(&self.card, &view.card) && self.state == discriminant(&view.state)
    }
}

impl List {
    /// The list of a panel, which is empty.
    pub fn of(panel: &Element) -> Result<Self, JsValue> {
        let element = panel.query_selector(".feed")?.ok_or("no feed")?;
        let rows = Vec::new();
        Ok(Self { element, rows })
    }

    /// Shows these cards. What stays on the list is not touched, unless its place changes.
    pub fn show(&mut self, shared: &Shared, cards: &[CardView]) -> Result<(), JsValue> {
        self.rows.retain(|row| {
            let stays = cards.iter().any(|card| row.is_of(card));
            if !stays {
                shared.unobserve(&row.element);
                row.element.remove();
            }
            stays
        });
        for (at, card) in cards.iter().enumerate() {
            match self.rows[at..].iter().position(|row| row.is_of(card)) {
                Some(0) => continue,
                Some(ahead) => self.rows[at..=at + ahead].rotate_right(1),
                None => self.rows.insert(at, draw(shared, card)?),
            }
            let next = self.rows.get(at + 1).map(|row| row.element.as_ref());
            self.element.insert_before(&self.rows[at].element, next)?;
        }
        Ok(())
    }
}

fn draw(shared: &Shared, row: &CardView) -> Result<Row, JsValue> {
    let (tag, class) = match row.state {
        CardState::Live => ("article", card::class(&row.card)),
        CardState::Undoable { .. } => ("div", "undoable"),
        _ => ("div", "decided"),
    };
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?;
    let element = document.create_element(tag)?;
    element.set_class_name(class);
    element.set_attribute("part", class)?;
    let filled = match row.state {
        CardState::Live => card::fill(shared, &element, row),
        CardState::Undoable { .. } => undo::fill(&element, shared.words(), row),
        _ => decided::fill(&element, shared.words(), row),
    };
    // Fails only if skeleton and filling do not fit together, which any card at all would show.
    if let Err(error) = filled {
        report(
            &format!("cuecard-panel: card {} is not drawn.", row.card.id),
            &error,
        );
    }
    Ok(Row {
        card: row.card.clone(),
        state: discriminant(&row.state),
        element,
    })
}
