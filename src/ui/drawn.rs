//! Attributes of parts that stay.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

/// Shows or hides a part of the panel.
pub fn show(panel: &Element, selector: &str, is_shown: bool) -> Result<(), JsValue> {
    match panel.query_selector(selector)? {
        Some(part) => reveal(panel, &part, is_shown),
        None => Ok(()),
    }
}

/// The same for a part that is known. One that hides leaves the keyboard in the panel.
pub fn reveal(panel: &Element, part: &Element, is_shown: bool) -> Result<(), JsValue> {
    if !is_shown && part.matches(":focus-within")? {
        keep_focus(panel);
    }
    part.toggle_attribute_with_force("hidden", !is_shown)?;
    Ok(())
}

/// Keeps the keyboard in the panel when the button that was pressed goes out of sight.
pub fn keep_focus(panel: &Element) {
    // Fails only for an element that cannot take it.
    let _ = panel.unchecked_ref::<HtmlElement>().focus();
}

/// `true` or `false`, for an attribute that takes these words.
pub const fn word(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}
