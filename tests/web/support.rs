//! What the tests share: the broker in the page, hand-made cards and views, waiting.

use std::cell::RefCell;
use std::rc::Rc;

use cuecard::shell::sanitize::Cleaner;
use cuecard::ui;
use cuecard_panel::{CardState, CardView, Event, Status, View};
use cuecard_protocol::{Alert, AlertLevel, Card, CardBody, CardId, InteractionId, Millis};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Document, Element, HtmlElement, ShadowRoot, ShadowRootInit, ShadowRootMode};

#[wasm_bindgen(module = "/tests/web/support.js")]
extern "C" {
    pub fn held() -> String;
    #[wasm_bindgen(js_name = allSent)]
    pub fn all_sent() -> String;
    #[wasm_bindgen(js_name = allRequests)]
    pub fn all_requests() -> String;
    #[wasm_bindgen(js_name = lastProtocols)]
    pub fn last_protocols() -> String;
    #[wasm_bindgen(js_name = giveAssertions)]
    pub fn give_assertions(panel: &HtmlElement);
    pub fn say(text: &str);
    pub fn forbid(policy: &str);
    #[wasm_bindgen(js_name = allViolations)]
    pub fn all_violations() -> String;
    pub fn ran() -> u32;
}

pub fn document() -> Document {
    web_sys::window().unwrap_throw().document().unwrap_throw()
}

/// Waits until the condition holds; panics with `what` after three seconds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..300 {
        if condition() {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("not within three seconds: {what}");
}

/// An element on the page that is gone when this is dropped.
pub struct OnPage(pub HtmlElement);

impl OnPage {
    pub fn new(tag: &str) -> Self {
        let element: HtmlElement = document()
            .create_element(tag)
            .unwrap_throw()
            .unchecked_into();
        Self(element)
    }

    pub fn attached(self) -> Self {
        document()
            .body()
            .unwrap_throw()
            .append_child(&self.0)
            .unwrap_throw();
        self
    }
}

impl Drop for OnPage {
    fn drop(&mut self) {
        self.0.remove();
    }
}

pub fn card(id: &str, level: AlertLevel, html: &str) -> Rc<Card> {
    Rc::new(Card {
        id: CardId::parse(id).unwrap_throw(),
        interaction_id: InteractionId::parse("INT-1").unwrap_throw(),
        published_at: Millis(0),
        received_at: cuecard::shell::now(),
        expires_at: Millis(u64::MAX),
        body: CardBody::Alert(Alert {
            level,
            title: format!("Title of {id}"),
            score: Some(0.97),
            html: html.to_owned(),
        }),
    })
}

pub fn live(id: &str, revision: u32) -> CardView {
    CardView {
        card: card(id, AlertLevel::Critical, &format!("<p>{id} {revision}</p>")),
        revision,
        state: CardState::Live,
    }
}

pub fn view(cards: Vec<CardView>) -> View {
    View {
        agent_id: None,
        status: Status::Connected,
        cards,
        hidden: 0,
        clock_offset: 0,
        is_outdated: false,
    }
}

/// A screen without a shell: views in by hand, events out into a list.
pub struct Stage {
    pub screen: Option<ui::Screen>,
    pub events: Rc<RefCell<Vec<Event>>>,
    pub root: ShadowRoot,
    _host: OnPage,
}

impl Stage {
    pub fn new() -> Self {
        let host = OnPage::new("div").attached();
        let root = host
            .0
            .attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open))
            .unwrap_throw();
        let events = Rc::new(RefCell::new(Vec::new()));
        let sink = events.clone();
        let cleaner = Rc::new(Cleaner::native().unwrap_or_else(Cleaner::plain));
        let screen = ui::Screen::mount(&root, cleaner, move |event| sink.borrow_mut().push(event))
            .unwrap_throw();
        Self {
            screen: Some(screen),
            events,
            root,
            _host: host,
        }
    }

    /// Shows a view and waits for it.
    pub async fn show(&self, view: View) {
        use cuecard::shell::Screen;
        self.screen.as_ref().unwrap_throw().publish(view);
        // The focus is restored by a timeout of zero, so after the effects.
        TimeoutFuture::new(5).await;
    }

    pub fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap_throw();
        (0..list.length())
            .map(|index| list.get(index).unwrap_throw().unchecked_into())
            .collect()
    }

    pub fn one(&self, selector: &str) -> HtmlElement {
        let mut all = self.all(selector);
        assert_eq!(all.len(), 1, "one {selector} in {}", self.text());
        all.remove(0).unchecked_into()
    }

    pub fn ids(&self) -> Vec<String> {
        self.all("article[data-card-id]")
            .iter()
            .map(|card| card.get_attribute("data-card-id").unwrap_throw())
            .collect()
    }

    pub fn text(&self) -> String {
        self.root.text_content().unwrap_or_default()
    }
}
