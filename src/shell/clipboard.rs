//! Text onto the clipboard.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Clipboard;

/// Copies; false where the browser does not allow it, as in a frame without the permission or on a page without TLS.
pub async fn copy(text: &str) -> bool {
    match clipboard() {
        Some(clipboard) => JsFuture::from(clipboard.write_text(text)).await.is_ok(),
        None => false,
    }
}

/// Looked up by name: on a page without TLS it does not exist.
fn clipboard() -> Option<Clipboard> {
    let navigator: JsValue = web_sys::window()?.navigator().into();
    let found = Reflect::get(&navigator, &"clipboard".into()).ok()?;
    (!found.is_undefined()).then(|| found.unchecked_into())
}
