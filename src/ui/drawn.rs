//! Attributes of parts that stay.

use wasm_bindgen::JsValue;
use web_sys::Element;

/// Shows or hides an element.
pub fn show(root: &Element, selector: &str, is_shown: bool) -> Result<(), JsValue> {
    if let Some(element) = root.query_selector(selector)? {
        element.toggle_attribute_with_force("hidden", !is_shown)?;
    }
    Ok(())
}

/// `true` or `false`, for an attribute that takes these words.
pub const fn word(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}
