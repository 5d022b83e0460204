//! What is brought up to date on elements that stay: words, counts, times, offers to undo, snippets handed over, the search
//! box. It runs with every frame and tick, and touches only what has changed: looking for an element walks through all
//! cards, and a count changes with every card that comes.
//!
//! A signal for each of them, and an effect that listens to it, would be compiled one by one, and every page would have
//! to load that.

use cuecard_panel::Filter;
use cuecard_protocol::Millis;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement};

use super::surroundings::State;
use super::{card, composer, drawn, find, panel, reading, status, tasks, undo};
use crate::shell::Words;

/// A text that may differ from time to time: where it stands, and what it says.
pub type Text = (&'static str, Says);
type Says = fn(&State, &Words) -> String;

/// A part that is there at times only: where it is, and when.
pub type Part = (&'static str, IsThere);
type IsThere = fn(&State) -> bool;

/// The parts of a panel that change, and what they show already.
pub struct Shown {
    texts: Vec<Changing<Says, String>>,
    parts: Vec<Changing<IsThere, Option<bool>>>,
    state: Option<State>,
}

struct Changing<F, T> {
    element: Element,
    of: F,
    shown: T,
}

impl Shown {
    /// The parts of this panel, which shows nothing yet.
    pub fn of(panel: &Element) -> Result<Self, JsValue> {
        let find = |selector| {
            let found = panel.query_selector(selector)?;
            found.ok_or_else(|| JsValue::from(selector))
        };
        let text = |&(selector, of): &Text| {
            Ok(Changing {
                element: find(selector)?,
                of,
                shown: String::new(),
            })
        };
        let part = |&(selector, of): &Part| {
            Ok(Changing {
                element: find(selector)?,
                of,
                shown: None,
            })
        };
        Ok(Self {
            texts: panel::TEXTS
                .iter()
                .map(text)
                .collect::<Result<_, JsValue>>()?,
            parts: panel::PARTS
                .iter()
                .map(part)
                .collect::<Result<_, JsValue>>()?,
            state: None,
        })
    }

    /// Brings all of them up to date. `is_late`: time has passed that is told somewhere.
    pub fn refresh(
        &mut self,
        panel: &Element,
        words: &Words,
        state: State,
        now: Millis,
        is_late: bool,
    ) -> Result<(), JsValue> {
        show_on_cards(panel, words, &state, self.state.as_ref())?;
        if self.state.as_ref() == Some(&state) {
            return if is_late {
                count_down(panel, words, &state, now)
            } else {
                Ok(())
            };
        }
        for text in &mut self.texts {
            let says = (text.of)(&state, words);
            if text.shown != says {
                text.element.set_text_content(Some(&says));
                text.shown = says;
            }
        }
        for part in &mut self.parts {
            let is_shown = (part.of)(&state);
            if part.shown.replace(is_shown) != Some(is_shown) {
                drawn::reveal(panel, &part.element, is_shown)?;
            }
        }
        count_down(panel, words, &state, now)?;
        let shown = self.state.replace(state);
        match &self.state {
            Some(state) => patch(panel, words, state, shown.as_ref()),
            None => Ok(()),
        }
    }
}

/// A card that was drawn anew has lost what was shown on it, so these two are brought up to date while there is any.
fn show_on_cards(
    panel: &Element,
    words: &Words,
    state: &State,
    shown: Option<&State>,
) -> Result<(), JsValue> {
    if state.handed.is_some() || shown.is_some_and(|shown| shown.handed.is_some()) {
        card::show_handed(panel, words, state.handed.as_ref())?;
    }
    if state.asking.is_some() || shown.is_some_and(|shown| shown.asking.is_some()) {
        card::show_asking(panel, words, state.asking.as_ref())?;
    }
    Ok(())
}

/// Says how long an offer to undo runs still, and when the next try to connect is.
fn count_down(panel: &Element, words: &Words, state: &State, now: Millis) -> Result<(), JsValue> {
    for row in &state.undoable {
        let row = &row.0;
        let selector = format!(".undoable[data-card-id=\"{}\"]", row.card.id);
        if let Some(element) = panel.query_selector(&selector)? {
            undo::refresh(&element, words, row, now)?;
        }
    }
    status::count_down(panel, words, state, now)
}

/// The rest of what has changed. `shown` is what the elements say already; none if they say nothing yet.
fn patch(
    panel: &Element,
    words: &Words,
    state: &State,
    shown: Option<&State>,
) -> Result<(), JsValue> {
    let has_changed =
        |differs: fn(&State, &State) -> bool| shown.is_none_or(|shown| differs(shown, state));
    if has_changed(|shown, state| shown.live != state.live) {
        panel::name_count(panel, words, state)?;
    }
    let waiting = |state: &State| (state.waiting, state.waiting_critical);
    if shown.map(waiting) != Some(waiting(state)) {
        reading::refresh(panel, words, state)?;
    }
    if has_changed(|shown, state| shown.is_typing != state.is_typing) {
        composer::show_typing(panel, state.is_typing)?;
    }
    if has_changed(|shown, state| shown.open != state.open) {
        panel::name_open(panel, state.open)?;
    }
    if has_changed(|shown, state| shown.status != state.status) {
        status::refresh(panel, state)?;
    }
    tasks::refresh(panel, words, state)?;
    if has_changed(|shown, state| shown.filter != state.filter) {
        find::show_kind(panel, state.filter.kind)?;
        if state.filter == Filter::default()
            && let Some(query) = panel.query_selector(".query")?
        {
            query.unchecked_ref::<HtmlInputElement>().set_value("");
        }
    }
    Ok(())
}
