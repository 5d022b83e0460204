//! `<cuecard-panel>`: a panel for as long as the element is on a page.
//!
//! | The host says | |
//! |---|---|
//! | attribute `broker` | address of the server; absent for the page's own origin |
//! | property `assertionProvider` | a function that takes `{fresh: boolean}` and gives a promise of a signed assertion |
//! | attribute `agent` | development only: a plain agent id, where there is no `assertionProvider` |
//! | attribute `theme` | `light` or `dark`; absent for the system's |
//! | attribute `id` | where a page has several panels with assertions: keeps what survives a reload apart |
//!
//! The element may be taken off the page and put back: each time all that the panel holds of the browser is let go,
//! and a new panel is built. Several may be on one page.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, ShadowRoot};

use crate::shell::sanitize::Cleaner;
use crate::shell::{Dispatcher, Identity};
use crate::ui;

/// The tag.
pub const TAG: &str = "cuecard-panel";

#[wasm_bindgen(module = "/src/element.js")]
extern "C" {
    #[wasm_bindgen(js_name = define)]
    fn define_class(name: &str, connect: &JsValue, css: &str);
}

type Connect = dyn Fn(HtmlElement, ShadowRoot) -> Connected;

thread_local! {
    // A registration cannot be taken back, so what it calls lives as long as the page.
    static CONNECT: Closure<Connect> = Closure::new(|element, root| Connected::new(&element, root));
}

/// Registers the element.
pub fn define() {
    CONNECT.with(|connect| define_class(TAG, connect.as_ref(), ui::STYLE));
}

/// A panel on a page. Freeing it takes it off.
#[wasm_bindgen(skip_typescript)]
pub struct Connected {
    // Empty while the sanitiser is being loaded.
    _running: Rc<OnceCell<Dispatcher>>,
}

impl Connected {
    fn new(element: &HtmlElement, root: ShadowRoot) -> Self {
        let broker = element.get_attribute("broker").unwrap_or_default();
        let identity = identity(element);
        let running = Rc::new(OnceCell::new());
        if let Some(cleaner) = Cleaner::native() {
            run(&running, &root, &broker, identity, cleaner);
        } else {
            let awaited = Rc::downgrade(&running);
            spawn_local(async move {
                let cleaner = Cleaner::load().await;
                // The element may be gone again.
                if let Some(running) = awaited.upgrade() {
                    run(&running, &root, &broker, identity, cleaner);
                }
            });
        }
        Self { _running: running }
    }
}

fn run(
    running: &OnceCell<Dispatcher>,
    root: &ShadowRoot,
    broker: &str,
    identity: Identity,
    cleaner: Cleaner,
) {
    let cleaner = Rc::new(cleaner);
    let dispatcher = Dispatcher::new(broker, &root.host().id(), identity, cleaner.clone());
    let dispatch = dispatcher.dispatch();
    let started = ui::Screen::mount(root, cleaner, move |event| dispatch.send(event))
        .and_then(|screen| dispatcher.start(Box::new(screen)));
    match started {
        // Is set here only, once for each connection.
        Ok(()) => drop(running.set(dispatcher)),
        Err(error) => wasm_bindgen::throw_val(error),
    }
}

fn identity(element: &HtmlElement) -> Identity {
    let provider = Reflect::get(element, &"assertionProvider".into())
        .ok()
        .and_then(|value| value.dyn_into::<Function>().ok());
    match (provider, element.get_attribute("agent")) {
        (Some(provider), _) => Identity::Assertion(provider),
        (None, Some(agent)) => Identity::Development(agent),
        (None, None) => Identity::Unknown,
    }
}
