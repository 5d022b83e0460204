//! Skeletons: elements without words, built once for each kind and copied for each card.

use std::cell::RefCell;

use wasm_bindgen::JsValue;
use web_sys::{DocumentFragment, Element, Node};

/// Tag and class of siblings, in reading order. What a button does is the last word of its class.
pub type Parts = &'static [(&'static str, &'static str)];

/// What a host may style by `::part()`, named like its class; docs/theming.md lists them.
const STYLED: [&str; 23] = [
    "about", "accept", "badge", "body", "button", "chip", "content", "copy", "dismiss", "icon",
    "insert", "key", "link", "message", "pill", "query", "score", "send", "snippet", "tab", "tags",
    "text", "title",
];

thread_local! {
    static BUILT: RefCell<Vec<(Parts, DocumentFragment)>> = const { RefCell::new(Vec::new()) };
}

/// A copy of these siblings.
pub fn copy(parts: Parts) -> Result<Node, JsValue> {
    BUILT.with_borrow_mut(|built| {
        let known = built.iter().find(|(known, _)| *known == parts);
        if let Some((_, fragment)) = known {
            return fragment.clone_node_with_deep(true);
        }
        let fragment = build(parts)?;
        let copy = fragment.clone_node_with_deep(true);
        built.push((parts, fragment));
        copy
    })
}

/// The element after this one.
pub fn next(element: &Element) -> Result<Element, JsValue> {
    element
        .next_element_sibling()
        .ok_or_else(|| "the skeleton of a card is too short".into())
}

fn build(parts: Parts) -> Result<DocumentFragment, JsValue> {
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?;
    let fragment = document.create_document_fragment();
    for (tag, class) in parts {
        let element = document.create_element(tag)?;
        element.set_class_name(class);
        let name = class.split(' ').next().unwrap_or_default();
        if STYLED.contains(&name) {
            element.set_attribute("part", name)?;
        }
        if *tag == "button" {
            element.set_attribute("type", "button")?;
            let action = class.rsplit(' ').next().unwrap_or_default();
            element.set_attribute("data-action", action)?;
        }
        fragment.append_child(&element)?;
    }
    Ok(fragment)
}
