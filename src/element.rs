//! `<cuecard-panel>`: a panel for as long as the element is on a page.
//!
//! | The host says | |
//! |---|---|
//! | attribute `broker` | address of the server; absent for the page's own origin |
//! | property `assertionProvider` | a function that takes `{fresh: boolean}` and gives a promise of a signed assertion |
//! | attribute `agent` | development only: a plain agent id, where there is no `assertionProvider` |
//! | attribute `lang` | the language; absent for that of the nearest element around that has one |
//! | attribute `theme` | `light`, `dark` or `high-contrast`; absent for the system's |
//! | attribute `density` | `compact`; absent for comfortable |
//! | attribute `interaction` | the conversation that the page shows: what is written is for its customer |
//! | attribute `interaction-url` | where a task's conversation is shown: `https:`, with `{id}` for its id |
//! | attribute `composer` | the panel brings a composer of its own |
//! | `attachComposer(field)` | the agent writes in this field of the page; returns a function that lets go of it |
//! | `sent()` | what was written there has been sent |
//! | `setContext({name: value})` | fills the variables of snippets, until `interaction` is another |
//! | `focusPanel()` | puts the keyboard on the first card, or on the list |
//! | `reconnect()` | tries to connect now, also after a stop |
//! | attribute `id` | where a page has several panels with assertions: keeps what survives a reload apart |
//!
//! The attributes are properties, too (`interactionUrl` for `interaction-url`), that may be set before the element is known.
//! What the panel tells the host is in [`crate::shell`]'s `host`: events such as `cuecard:accept`.
//!
//! The element may be taken off the page and put back: each time all that the panel holds of the browser is let go,
//! and a new panel is built. Several may be on one page.

use std::rc::Rc;

use cuecard_panel::Event;
use cuecard_protocol::InteractionId;
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, ShadowRoot};

use crate::shell::sanitize::Cleaner;
use crate::shell::{Dispatcher, Identity, Words, spawn};
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
    dispatcher: Dispatcher,
}

#[wasm_bindgen]
impl Connected {
    /// The agent writes in this field from now on.
    pub fn attach(&self, field: &HtmlElement) {
        if let Err(error) = self.dispatcher.attach_composer(field) {
            wasm_bindgen::throw_val(error);
        }
    }

    /// The agent does not write in this field any more.
    pub fn detach(&self, field: &HtmlElement) {
        self.dispatcher.detach_composer(field);
    }

    /// Tries to connect now, also after a stop.
    pub fn reconnect(&self) {
        self.dispatcher.send(Event::TryNow);
    }

    /// What was being written has been sent.
    pub fn left(&self) {
        self.dispatcher.send(Event::LeftComposer);
    }

    /// The page shows this conversation now; none if the id is empty.
    pub fn shows(&self, interaction: String) {
        self.dispatcher
            .send(Event::Shows(InteractionId::parse(interaction).ok()));
    }

    /// What the page knows of it: each name is followed by its value.
    pub fn context(&self, names_and_values: Vec<String>) {
        let mut words = names_and_values.into_iter();
        let pairs = std::iter::from_fn(|| words.next().zip(words.next()));
        self.dispatcher.send(Event::Context(pairs.collect()));
    }
}

impl Connected {
    fn new(element: &HtmlElement, root: ShadowRoot) -> Self {
        let broker = element.get_attribute("broker").unwrap_or_default();
        let dispatcher = Dispatcher::new(&broker, root.host(), identity(element));
        let connected = Self { dispatcher };
        if let Some(interaction) = element.get_attribute("interaction") {
            connected.shows(interaction);
        }
        let words = Words::at_once(element);
        if let (Some(cleaner), Some(words)) = (Cleaner::native(), words) {
            run(&connected.dispatcher, &root, cleaner, words);
        } else {
            let awaited = connected.dispatcher.dispatch();
            spawn(Box::pin(async move {
                let words = Words::load(&root.host()).await;
                let cleaner = match Cleaner::native() {
                    Some(cleaner) => cleaner,
                    None => Cleaner::load().await,
                };
                // The element may be gone again.
                if let Some(dispatcher) = awaited.upgrade() {
                    run(&dispatcher, &root, cleaner, words);
                }
            }));
        }
        connected
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        // Nobody sees it any more: what is being written is not followed, and what was dismissed cannot be taken back.
        self.dispatcher
            .send(Event::VisibilityChanged { visible: false });
    }
}

fn run(dispatcher: &Dispatcher, root: &ShadowRoot, cleaner: Cleaner, words: Words) {
    let (cleaner, words) = (Rc::new(cleaner), Rc::new(words));
    let dispatch = dispatcher.dispatch();
    let has_composer = root.host().has_attribute("composer");
    let started = ui::Screen::mount(
        root,
        cleaner.clone(),
        words.clone(),
        has_composer,
        move |event| dispatch.send(event),
    )
    .and_then(|screen| {
        let own = screen.composer();
        dispatcher.start(Box::new(screen), cleaner, words)?;
        own.map_or(Ok(()), |field| dispatcher.attach_composer(&field))
    });
    if let Err(error) = started {
        wasm_bindgen::throw_val(error);
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
