//! Elements by selector.

use wasm_bindgen::JsCast;
use web_sys::Element;

/// The descendants of `root` that match, in document order. Of a selector that is none, none; ours are written here.
pub fn elements(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = root.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..list.length())
        .filter_map(|index| list.get(index))
        .map(JsCast::unchecked_into)
        .collect()
}
