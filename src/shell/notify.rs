//! Notifications of the browser. The agent is asked only after a click on our own offer, and never again after a "no".
//! What needs many calls into the browser is in `notify.js`.

use std::rc::Rc;

use cuecard_panel::{Event, Notice};
use cuecard_protocol::{AgentId, CardId};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use super::Words;

#[wasm_bindgen(module = "/src/shell/notify.js")]
extern "C" {
    /// The notifications of one panel.
    pub type Notices;
    /// Whether it is of use to ask: nobody has answered yet, and notices can be shown.
    #[wasm_bindgen(static_method_of = Notices, js_name = canAsk)]
    pub fn can_ask() -> bool;
    /// Asks; to be called from a click.
    #[wasm_bindgen(static_method_of = Notices)]
    pub fn ask();
    /// The agent does not want notices; they are never asked again.
    #[wasm_bindgen(static_method_of = Notices)]
    pub fn decline();
    #[wasm_bindgen(constructor)]
    fn new(clicked: &Closure<dyn FnMut(String)>) -> Notices;
    #[wasm_bindgen(method, js_name = belongTo)]
    fn belong_to(this: &Notices, agent: &str);
    #[wasm_bindgen(method)]
    fn visible(this: &Notices, is_visible: bool);
    #[wasm_bindgen(method)]
    fn show(this: &Notices, agent: &str, tag: &str, heading: &str, text: &str, card: &str);
    #[wasm_bindgen(method)]
    fn close(this: &Notices);
}

/// The notices of one panel. Dropping it takes them from the screen and lets go of the locks.
pub struct Notifier {
    notices: Notices,
    words: Rc<Words>,
    _clicked: Closure<dyn FnMut(String)>,
}

impl Notifier {
    /// Reports each card whose notice is clicked.
    pub fn new(words: Rc<Words>, report: impl Fn(Event) + 'static) -> Self {
        let clicked = Closure::<dyn FnMut(String)>::new(move |card| {
            if let Ok(card_id) = CardId::parse(card) {
                report(Event::ShowCard(card_id));
            }
        });
        Self {
            notices: Notices::new(&clicked),
            words,
            _clicked: clicked,
        }
    }

    /// Whose notices these are.
    pub fn belong_to(&self, agent: &AgentId) {
        self.notices.belong_to(agent.as_str());
    }

    /// The page became visible or hidden.
    pub fn visibility(&self, is_visible: bool) {
        self.notices.visible(is_visible);
    }

    /// Shows a notice, if the agent wants them and no tab is visible.
    pub fn show(&self, agent: &AgentId, notice: &Notice) {
        let Notice {
            tag,
            heading,
            text,
            card_id,
        } = notice;
        let (heading, text) = (self.words.tell(heading), self.words.tell(text));
        self.notices
            .show(agent.as_str(), tag, &heading, &text, card_id.as_str());
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.notices.close();
    }
}
