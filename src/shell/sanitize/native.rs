//! The browser's own sanitiser: `Element.setHTML` with one reused `Sanitizer` (HTML Sanitizer API).

use cuecard_protocol::html::{ELEMENTS, GLOBAL_ATTRIBUTES};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use super::{attributes_of, object, texts};

#[wasm_bindgen]
extern "C" {
    type Sanitizer;
    #[wasm_bindgen(constructor, js_class = "Sanitizer", catch)]
    fn new(config: &JsValue) -> Result<Sanitizer, JsValue>;

    #[wasm_bindgen(extends = Element)]
    type Sanitizing;
    #[wasm_bindgen(method, js_name = setHTML, catch)]
    fn set_html(this: &Sanitizing, html: &str, options: &Object) -> Result<(), JsValue>;
}

/// The options of `setHTML`, made once.
#[derive(Debug)]
pub struct Native {
    without_images: Object,
    with_images: Object,
}

impl Native {
    /// Takes the browser's sanitiser, if it has one that understands our lists.
    pub fn new() -> Option<Self> {
        let global = js_sys::global();
        let element = Reflect::get(&global, &"Element".into()).ok()?;
        let prototype = Reflect::get(&element, &"prototype".into()).ok()?;
        let is_there = Reflect::has(&prototype, &"setHTML".into()).ok()?
            && Reflect::has(&global, &"Sanitizer".into()).ok()?;
        if !is_there {
            return None;
        }
        Some(Self {
            without_images: options(false).ok()?,
            with_images: options(true).ok()?,
        })
    }

    /// Parses and cleans; no image stays.
    pub fn fill(&self, html: &str, target: &Element) -> Result<(), JsValue> {
        target
            .unchecked_ref::<Sanitizing>()
            .set_html(html, &self.without_images)
    }

    /// Parses and cleans; images of all origins stay.
    pub fn fill_with_images(&self, html: &str, target: &Element) -> Result<(), JsValue> {
        target
            .unchecked_ref::<Sanitizing>()
            .set_html(html, &self.with_images)
    }
}

fn options(images: bool) -> Result<Object, JsValue> {
    let configuration = configuration(images)?;
    let sanitizer = Sanitizer::new(&configuration)?;
    object(&[("sanitizer", sanitizer.as_ref())])
}

// `SanitizerConfig` of the HTML Sanitizer API.
fn configuration(images: bool) -> Result<Object, JsValue> {
    let elements = Array::new();
    for element in ELEMENTS.iter().copied().chain(images.then_some("img")) {
        let own = attributes_of(element);
        elements.push(object(&[("name", &element.into()), ("attributes", &texts(own))])?.as_ref());
    }
    object(&[
        ("elements", &elements),
        ("attributes", &texts(GLOBAL_ATTRIBUTES.iter().copied())),
        ("comments", &false.into()),
        ("dataAttributes", &false.into()),
    ])
}
