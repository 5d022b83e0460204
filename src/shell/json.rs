//! JSON, read by the browser's own parser: one that is compiled in would be 8 kB more for every page to load.

use cuecard_protocol::json::{FromJson, Tree};
use js_sys::{Array, JsString, Object};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

/// No message is nested as deeply; what lies deeper is left out.
const MOST_LEVELS: u8 = 32;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    fn parse_text(text: &JsString) -> Result<JsValue, JsValue>;
}

/// The tree of a text; none if that is no JSON.
pub fn parse(text: &JsString) -> Option<Tree> {
    Some(tree(&parse_text(text).ok()?, MOST_LEVELS))
}

/// Reads a text of JSON; none if that is not what was expected.
pub fn read<T: FromJson>(text: &JsString) -> Option<T> {
    T::from_json(&parse(text)?).ok()
}

fn tree(value: &JsValue, levels: u8) -> Tree {
    if let Some(text) = value.as_string() {
        Tree::Text(text)
    } else if let Some(number) = value.as_f64() {
        Tree::Number(number)
    } else if let Some(is_so) = value.as_bool() {
        Tree::Boolean(is_so)
    } else if levels == 0 || !value.is_object() {
        Tree::Null
    } else if let Some(elements) = value.dyn_ref::<Array>() {
        Tree::List(elements.iter().map(|it| tree(&it, levels - 1)).collect())
    } else {
        let fields = Object::entries(value.unchecked_ref());
        let field = |entry: JsValue| {
            let entry: Array = entry.unchecked_into();
            let name = entry.get(0).as_string()?;
            Some((name, tree(&entry.get(1), levels - 1)))
        };
        Tree::Object(fields.iter().filter_map(field).collect())
    }
}
