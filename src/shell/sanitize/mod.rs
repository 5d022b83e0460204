//! The browser's half of cleaning card bodies: markup goes in, nodes without anything active come out.
//!
//! The markup itself is cleaned by the browser's own sanitiser where there is one ([`native`]), else by `DOMPurify`
//! ([`purify`]), both configured from the lists in `cuecard_protocol::html`. What neither can do follows here: links
//! are checked and marked, images of other origins leave, and the styles that travel as data are set ([`paint`]).
//! There is no other way from markup to nodes in this crate.

mod colour;
mod native;
mod paint;
mod purify;

use std::cell::RefCell;

use cuecard_protocol::html::{
    ATTRIBUTES, IMAGE_ATTRIBUTES, LINK_REL, STYLE_ATTRIBUTE, is_allowed_image, is_allowed_link,
};
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{Document, Element, Node};

pub use colour::Colour;
use native::Native;
use purify::Purify;

use super::elements::elements;
use super::object::object;

/// Cleans card bodies; one for each panel.
#[derive(Debug)]
pub struct Cleaner {
    engine: Engine,
    image_origins: RefCell<Vec<String>>,
}

#[derive(Debug)]
enum Engine {
    Native(Native),
    Purify(Purify),
    /// Neither is to be had: every body is shown as plain text.
    None,
}

impl Cleaner {
    /// A cleaner on the browser's own sanitiser, where it has one.
    pub fn native() -> Option<Self> {
        Native::new().map(|native| Self::with(Engine::Native(native)))
    }

    /// A cleaner on `DOMPurify`, which is loaded now; without it, one that leaves plain text.
    pub async fn load() -> Self {
        Self::with(Purify::load().await.map_or(Engine::None, Engine::Purify))
    }

    /// A cleaner that leaves plain text.
    pub fn plain() -> Self {
        Self::with(Engine::None)
    }

    fn with(engine: Engine) -> Self {
        Self {
            engine,
            image_origins: RefCell::default(),
        }
    }

    /// Lets images of these origins stay, from now on.
    pub fn allow_images(&self, origins: &[String]) {
        origins.clone_into(&mut self.image_origins.borrow_mut());
    }

    /// Puts the clean form of `html` into `target`, which is empty; plain text if it cannot be cleaned.
    pub fn render(&self, html: &str, target: &Element) {
        if self.fill(html, target).is_err() {
            target.set_text_content(Some(&plain_text(html)));
        }
    }

    fn fill(&self, html: &str, target: &Element) -> Result<(), JsValue> {
        let origins = self.image_origins.borrow();
        match &self.engine {
            Engine::Native(native) if origins.is_empty() => native.fill(html, target)?,
            Engine::Native(native) => {
                // Elsewhere first: in this document an image would be fetched before it could be looked at.
                let holder = inert_document()?.create_element("div")?;
                native.fill_with_images(html, &holder)?;
                keep_images_of(&origins, &holder)?;
                move_children(&holder, target)?;
            }
            Engine::Purify(purify) => {
                let fragment = purify.clean(html, !origins.is_empty())?;
                let holder = inert_document()?.create_element("div")?;
                holder.append_child(&fragment)?;
                keep_images_of(&origins, &holder)?;
                move_children(&holder, target)?;
            }
            Engine::None => return Err("there is no sanitiser".into()),
        }
        // Most bodies have neither, and looking into markup costs less than looking into the tree.
        if mentions(html, "<a") {
            mark_links(target)?;
        }
        if mentions(html, STYLE_ATTRIBUTE) {
            paint::paint(target)?;
        }
        Ok(())
    }
}

fn mark_links(target: &Element) -> Result<(), JsValue> {
    for link in elements(target, "a") {
        match link.get_attribute("href") {
            Some(href) if is_allowed_link(&href) => {
                link.set_attribute("rel", LINK_REL)?;
                link.set_attribute("target", "_blank")?;
            }
            _ => link.remove_attribute("href")?,
        }
    }
    Ok(())
}

fn keep_images_of(origins: &[String], holder: &Element) -> Result<(), JsValue> {
    for image in elements(holder, "img") {
        if image
            .get_attribute("src")
            .is_some_and(|src| is_allowed_image(&src, origins))
        {
            image.set_attribute("referrerpolicy", "no-referrer")?;
        } else {
            image.remove();
        }
    }
    Ok(())
}

fn inert_document() -> Result<Document, JsValue> {
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?;
    document
        .implementation()?
        .create_html_document_with_title("")
}

fn move_children(from: &Element, to: &Element) -> Result<(), JsValue> {
    let children: Vec<Node> =
        std::iter::successors(from.first_child(), Node::next_sibling).collect();
    children
        .iter()
        .try_for_each(|child| to.append_child(child).map(drop))
}

/// Whether `needle` (lower case, ASCII) is in the text, in any case.
fn mentions(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The text of markup, roughly: for the eye only, so it is set as text and never read as markup again.
fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                text.push(' ');
            }
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + " " + word)
}

/// The attributes that may stay on this element, beside the global ones.
fn attributes_of(element: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    let own = ATTRIBUTES
        .iter()
        .filter(move |(name, _)| *name == element)
        .map(|(_, attribute)| *attribute);
    own.chain(
        IMAGE_ATTRIBUTES
            .iter()
            .copied()
            .filter(move |_| element == "img"),
    )
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Array {
    texts.map(JsValue::from_str).collect()
}
