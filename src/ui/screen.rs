//! The screen of one panel: mounted into a root, fed with views, gone on drop.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use cuecard_panel::{Announcement, Event, View};
use gloo_timers::callback::Timeout;
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ShadowRoot;

use super::announcer::Announcements;
use super::focus::FocusedCard;
use super::panel::Panel;
use super::surroundings::Surroundings;
use crate::shell::sanitize::Cleaner;
use crate::shell::{self, Seen};

/// What the parts of the screen share. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Shared {
    /// What to show; written once for each animation frame.
    pub view: ReadSignal<View, LocalStorage>,
    /// What is on screen besides the cards.
    pub surroundings: Surroundings,
    services: StoredValue<Services, LocalStorage>,
}

struct Services {
    send: Box<dyn Fn(Event)>,
    cleaner: Rc<Cleaner>,
    seen: Seen,
}

impl Shared {
    /// Tells the core.
    pub fn send(self, event: Event) {
        self.services.with_value(|services| (services.send)(event));
    }

    /// Puts the clean form of a card's HTML into an element.
    pub fn clean_into(self, html: &str, target: &web_sys::Element) {
        self.services
            .with_value(|services| services.cleaner.render(html, target));
    }

    /// Waits for this card to be seen.
    pub fn observe(self, card: &web_sys::Element) {
        self.services
            .with_value(|services| services.seen.observe(card));
    }

    /// The card leaves.
    pub fn unobserve(self, card: &web_sys::Element) {
        // At the end of the whole screen the observer may be gone before its cards.
        self.services
            .try_with_value(|services| services.seen.unobserve(card));
    }
}

/// A mounted screen. Dropping it removes its nodes, effects, timers and observers.
pub struct Screen {
    owner: Owner,
    mounted: Option<Box<dyn Any>>,
    root: ShadowRoot,
    view: WriteSignal<View, LocalStorage>,
    announcements: Announcements,
    refocus: RefCell<Option<Timeout>>,
}

impl Screen {
    /// Mounts an empty screen. `send` takes what the agent does.
    pub fn mount(
        root: &ShadowRoot,
        cleaner: Rc<Cleaner>,
        send: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let report = send.clone();
        let seen = Seen::new(move |card| report(Event::CardSeen(card)))?;
        // An owner of our own: that of the handle alone leaves timers and effects behind.
        let owner = Owner::new();
        let (view, announcements, mounted) = owner.with(|| {
            let (view, set_view) = signal_local(empty());
            let announcements = Announcements::new();
            let shared = Shared {
                view,
                surroundings: Surroundings::of(view),
                services: StoredValue::new_local(Services {
                    send: Box::new(send),
                    cleaner,
                    seen,
                }),
            };
            let handle = mount_to(
                root.clone().unchecked_into(),
                move || view! { <Panel shared announcements /> },
            );
            (set_view, announcements, Box::new(handle) as Box<dyn Any>)
        });
        Ok(Self {
            owner,
            mounted: Some(mounted),
            root: root.clone(),
            view,
            announcements,
            refocus: RefCell::default(),
        })
    }
}

impl shell::Screen for Screen {
    fn publish(&self, view: View) {
        let focused = FocusedCard::of(&self.root);
        self.view.set(view);
        if let Some(focused) = focused {
            let root = self.root.clone();
            // After the effects have run, which they do as microtasks.
            self.refocus
                .replace(Some(Timeout::new(0, move || focused.restore(&root))));
        }
    }

    fn announce(&self, announcement: Announcement) {
        self.announcements.say(announcement);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.refocus.take();
        self.mounted.take();
        self.owner.cleanup();
    }
}

fn empty() -> View {
    View {
        agent_id: None,
        status: cuecard_panel::Status::Connecting,
        cards: Vec::new(),
        hidden: 0,
        clock_offset: 0,
        is_outdated: false,
    }
}
