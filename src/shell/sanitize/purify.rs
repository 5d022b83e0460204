//! `DOMPurify`, for browsers without a sanitiser of their own. Its fragment is used, never its text, so nothing is parsed
//! a second time.
//!
//! It has to parse once, and under `require-trusted-types-for 'script'` it may do so only with its own policy. Where the
//! page allows none (`trusted-types 'none'`), bodies are plain text in such browsers.

use cuecard_protocol::html::{ELEMENTS, ELEMENTS_WITH_CONTENT, GLOBAL_ATTRIBUTES};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::DocumentFragment;

use super::{attributes_of, object, texts};

#[wasm_bindgen(module = "/src/shell/sanitize/purify.js")]
extern "C" {
    #[wasm_bindgen(js_name = load)]
    fn load_purify(lists: &JsValue) -> Promise;
}

/// A loaded and configured `DOMPurify`.
#[derive(Debug)]
pub struct Purify {
    clean: Function,
}

impl Purify {
    /// Loads it; none if it cannot be loaded or may not parse here.
    pub async fn load() -> Option<Self> {
        let lists = lists().ok()?;
        let clean = JsFuture::from(load_purify(&lists)).await.ok()?;
        Some(Self {
            clean: clean.dyn_into().ok()?,
        })
    }

    /// Parses and cleans, into a document where nothing is fetched.
    pub fn clean(&self, html: &str, images: bool) -> Result<DocumentFragment, JsValue> {
        self.clean
            .call2(&JsValue::UNDEFINED, &html.into(), &images.into())?
            .dyn_into()
    }
}

fn lists() -> Result<Object, JsValue> {
    let own = Object::new();
    for element in ELEMENTS.iter().copied().chain(["img"]) {
        Reflect::set(&own, &element.into(), &texts(attributes_of(element)))?;
    }
    object(&[
        ("elements", &texts(ELEMENTS.iter().copied())),
        ("withContent", &texts(ELEMENTS_WITH_CONTENT.iter().copied())),
        ("global", &texts(GLOBAL_ATTRIBUTES.iter().copied())),
        ("own", &own),
    ])
}
