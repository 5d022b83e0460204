//! The widget: `<cuecard-panel>`, the agent-assist panel as a custom element.
//!
//! Three layers, each of which knows only the one below:
//! - [`element`] puts a panel on the page and takes it off again; it owns everything else;
//! - [`shell`] carries events into the core (`cuecard-panel`) and executes the effects that come out; it decides nothing;
//! - [`ui`] makes elements with Leptos, keeps them like the core's view, and turns clicks into events.
//!
//! Start at [`element`] for what a host page can say, at [`shell::Dispatcher`] for how things flow.

pub mod element;
pub mod shell;
pub mod ui;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(test)]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// The language that the panel speaks where this tag is asked for; undefined if it has none for it.
#[wasm_bindgen]
pub fn spoken(tag: &str) -> JsValue {
    shell::spoken(tag)
}

/// Registers the element; runs by itself when the module is loaded.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    element::define();
}
