//! Whether anybody can see the page, and whether the browser believes that it is online.

use cuecard_panel::Event;
use wasm_bindgen::JsValue;
use web_sys::{Document, PageTransitionEvent, VisibilityState};

use super::Listener;

/// Reports until it is dropped.
#[derive(Debug)]
pub struct Visibility {
    _visible: Listener<web_sys::Event>,
    _online: Listener<web_sys::Event>,
    _hidden: Listener<PageTransitionEvent>,
    _shown: Listener<PageTransitionEvent>,
}

impl Visibility {
    /// Begins to report. A page that goes into the back-forward cache counts as hidden, and as visible when it is back.
    pub fn watch(report: impl Fn(Event) + Clone + 'static) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("no window")?;
        let document = window.document().ok_or("no document")?;
        let visible = Listener::add(&document, "visibilitychange", {
            let (document, report) = (document.clone(), report.clone());
            move |_| {
                report(Event::VisibilityChanged {
                    visible: is_visible(&document),
                });
            }
        })?;
        let online = Listener::add(&window, "online", {
            let report = report.clone();
            move |_| report(Event::CameOnline)
        })?;
        let hidden = Listener::add(&window, "pagehide", {
            let report = report.clone();
            move |_| report(Event::VisibilityChanged { visible: false })
        })?;
        let shown = Listener::add(&window, "pageshow", move |event: PageTransitionEvent| {
            if event.persisted() {
                report(Event::VisibilityChanged {
                    visible: is_visible(&document),
                });
            }
        })?;
        Ok(Self {
            _visible: visible,
            _online: online,
            _hidden: hidden,
            _shown: shown,
        })
    }
}

/// Whether the page is visible now.
pub fn is_visible(document: &Document) -> bool {
    document.visibility_state() == VisibilityState::Visible
}
