//! The button that lies over the list while cards wait, and who hears whether somebody reads. When cards wait is the
//! core's affair; where pointer and focus are is heard in `reading.js`.

use cuecard_panel::Event;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Element, ShadowRoot};

use super::drawn;
use super::focus::FocusedCard;
use super::panel::with_key;
use super::skeleton::{self, Parts};
use super::surroundings::State;
use crate::shell::Words;

#[wasm_bindgen(module = "/src/ui/reading.js")]
extern "C" {
    fn watch(root: &ShadowRoot, tell: &Closure<dyn FnMut(bool)>) -> AbortController;
}

/// Hears whether somebody reads until it is dropped.
pub struct Reader {
    end: AbortController,
    _tell: Closure<dyn FnMut(bool)>,
}

impl Reader {
    /// Tells of whoever reads in this root.
    pub fn new(root: &ShadowRoot, send: impl Fn(Event) + 'static) -> Self {
        let tell = Closure::<dyn FnMut(bool)>::new(move |reads| send(Event::Reading(reads)));
        Self {
            end: watch(root, &tell),
            _tell: tell,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end.abort();
    }
}

const PARTS: Parts = &[("button", "pill show-new")];

/// Fills the place of the button, which is hidden.
pub fn fill(news: &Element, words: &Words) -> Result<(), JsValue> {
    news.set_attribute("hidden", "")?;
    news.append_child(&skeleton::copy(PARTS)?)?;
    let pill = news.first_element_child().ok_or("no button")?;
    pill.set_attribute("title", &with_key(words, "Show new cards", "N"))
}

/// Says how many cards wait, if any.
pub fn refresh(panel: &Element, words: &Words, state: &State) -> Result<(), JsValue> {
    let Some(pill) = panel.query_selector(".pill")? else {
        return Ok(());
    };
    let root: ShadowRoot = panel.get_root_node().unchecked_into();
    // A button that is hidden would take the keyboard with it.
    if state.waiting == 0 && root.active_element().as_ref() == Some(&pill) {
        FocusedCard::first().restore(&root);
    }
    drawn::show(panel, ".news", state.waiting > 0)?;
    let others = state.waiting - state.waiting_critical;
    let critical = || words.count("{0} critical|{0} critical", state.waiting_critical);
    let new = || words.count("{0} new|{0} new", others);
    let text = match (state.waiting_critical, others) {
        (0, _) => new(),
        (_, 0) => critical(),
        _ => words.fill("{0}, {1}", &[&critical(), &new()]),
    };
    pill.set_text_content(Some(&text));
    pill.toggle_attribute_with_force("data-critical", state.waiting_critical > 0)?;
    Ok(())
}
