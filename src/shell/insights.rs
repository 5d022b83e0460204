//! The view of the session. What it is made of is loaded when the agent wants it; see `insights.js` and the folder
//! `insights` of the workspace.

use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use web_sys::Element;

use super::words::{Language, Words};

#[wasm_bindgen(module = "/src/shell/insights.js")]
extern "C" {
    type Insights;
    #[wasm_bindgen(constructor)]
    fn new(element: &Element, language: &Language, read: &Closure<dyn Fn() -> String>) -> Insights;
    #[wasm_bindgen(method)]
    fn toggle(this: &Insights);
    #[wasm_bindgen(method)]
    fn end(this: &Insights);
}

/// The view of one panel, open or not. Dropping it closes it.
pub struct InsightsView {
    insights: Insights,
    _read: Closure<dyn Fn() -> String>,
}

impl InsightsView {
    /// One that is closed, for the panel in this element; `read` gives the lines of its session.
    pub fn new(element: &Element, words: &Words, read: impl Fn() -> String + 'static) -> Self {
        let read = Closure::<dyn Fn() -> String>::new(read);
        Self {
            insights: Insights::new(element, words.language(), &read),
            _read: read,
        }
    }

    /// Opens or closes it.
    pub fn toggle(&self) {
        self.insights.toggle();
    }

    /// Closes it, and leaves the keyboard where it is.
    pub fn end(&self) {
        self.insights.end();
    }
}

impl Drop for InsightsView {
    fn drop(&mut self) {
        self.insights.end();
    }
}
