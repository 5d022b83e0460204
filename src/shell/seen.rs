//! Which cards have been on screen. One observer for all of them.

use cuecard_protocol::CardId;
use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// The attribute that names the card of an element.
pub const CARD_ID: &str = "data-card-id";

/// The part of a card that has to be on screen.
const THRESHOLD: f64 = 0.5;

/// Reports each observed card once. Browsers do not run the observer on a hidden page, so a reported card was visible.
#[derive(Debug)]
pub struct Seen {
    observer: IntersectionObserver,
    _callback: Closure<dyn FnMut(Array, IntersectionObserver)>,
}

impl Seen {
    /// `report` is called with each card that has been half on screen.
    pub fn new(report: impl Fn(CardId) + 'static) -> Result<Self, JsValue> {
        let callback = Closure::<dyn FnMut(Array, IntersectionObserver)>::new(
            move |entries: Array, observer: IntersectionObserver| {
                for entry in entries.iter() {
                    let entry: IntersectionObserverEntry = entry.unchecked_into();
                    if entry.is_intersecting() && entry.intersection_ratio() >= THRESHOLD {
                        let card = entry.target();
                        observer.unobserve(&card);
                        if let Some(id) = card
                            .get_attribute(CARD_ID)
                            .and_then(|id| CardId::parse(id).ok())
                        {
                            report(id);
                        }
                    }
                }
            },
        );
        let options = IntersectionObserverInit::new();
        options.set_threshold(&THRESHOLD.into());
        let observer =
            IntersectionObserver::new_with_options(callback.as_ref().unchecked_ref(), &options)?;
        Ok(Self {
            observer,
            _callback: callback,
        })
    }

    /// Waits for this card to be seen.
    pub fn observe(&self, card: &Element) {
        self.observer.observe(card);
    }

    /// The card leaves.
    pub fn unobserve(&self, card: &Element) {
        self.observer.unobserve(card);
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
