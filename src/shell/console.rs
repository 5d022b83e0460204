//! What only a developer can mend, for the developer's console.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Says what went wrong, and shows the browser's own error beside it.
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub fn report(what: &str, error: &JsValue);
}
