//! Carries events to the core and executes what it wants done.
//!
//! Callbacks of the browser touch only this, never the screen, because they may come when that is gone already.
//! The screen is brought up to date once for each animation frame, so a flood of messages costs it little.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use cuecard_panel::{Announcement, Effect, Event, HandOver, Handover, Panel, View, Way};
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{AgentId, CardId};
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, Element, HtmlElement};

use super::composer::Composers;
use super::host::Host;
use super::insights::InsightsView;
use super::notify::Notifier;
use super::request::{InFlight, Outcome};
use super::sanitize::Cleaner;
use super::session::{self, Broker, Identity};
use super::socket::Socket;
use super::storage::Store;
use super::timer::{AnimationFrame, Deadline};
use super::visibility::{self, Visibility};
use super::{Words, clipboard, clock, spawn, ticket, typing_call};

/// Where views and announcements go.
pub trait Screen {
    /// Shows this.
    fn publish(&self, view: View);
    /// Says this to screen readers.
    fn announce(&self, announcement: Announcement);
    /// Puts the keyboard on this card with the next view.
    fn focus(&self, card_id: CardId);
}

/// One panel's shell. Clones share it; when the last one is dropped, all that it holds of the browser is let go.
#[derive(Clone)]
pub struct Dispatcher {
    inner: Rc<Inner>,
}

/// Takes events for as long as the dispatcher lives, without keeping it alive.
#[derive(Clone)]
pub struct Dispatch {
    inner: Weak<Inner>,
}

struct Inner {
    panel: RefCell<Panel>,
    waiting: RefCell<VecDeque<Event>>,
    is_busy: Cell<bool>,
    shown_revision: Cell<Option<u64>>,
    broker: Broker,
    identity: Identity,
    cleaner: OnceCell<Rc<Cleaner>>,
    store: Store,
    host: Host,
    composers: Composers,
    deadline: Deadline,
    request: RefCell<Option<InFlight>>,
    socket: RefCell<Option<Socket>>,
    frame: OnceCell<AnimationFrame>,
    visibility: OnceCell<Visibility>,
    notifier: OnceCell<Notifier>,
    insights: OnceCell<InsightsView>,
    screen: OnceCell<Box<dyn Screen>>,
}

impl Dispatcher {
    /// A dispatcher that has not begun, for the panel in this element.
    pub fn new(broker: &str, element: Element, identity: Identity) -> Self {
        let store = Store::new(broker, identity.label(), &element.id());
        let inner = Rc::new(Inner {
            panel: RefCell::new(Panel::new()),
            waiting: RefCell::default(),
            is_busy: Cell::new(false),
            shown_revision: Cell::new(None),
            broker: Broker::new(broker),
            identity,
            cleaner: OnceCell::new(),
            store,
            host: Host::new(element),
            composers: Composers::default(),
            deadline: Deadline::default(),
            request: RefCell::default(),
            socket: RefCell::default(),
            frame: OnceCell::new(),
            visibility: OnceCell::new(),
            notifier: OnceCell::new(),
            insights: OnceCell::new(),
            screen: OnceCell::new(),
        });
        Self { inner }
    }

    /// What callbacks hold.
    pub fn dispatch(&self) -> Dispatch {
        Dispatch {
            inner: Rc::downgrade(&self.inner),
        }
    }

    /// Begins: shows the first view, listens to the page, starts the core. To be called once.
    pub fn start(
        &self,
        screen: Box<dyn Screen>,
        cleaner: Rc<Cleaner>,
        words: Rc<Words>,
    ) -> Result<(), JsValue> {
        let dispatch = self.dispatch();
        let frame = AnimationFrame::new(move || {
            if let Some(inner) = dispatch.inner.upgrade() {
                inner.draw();
            }
        });
        let visibility = Visibility::watch(self.dispatch().into_report())?;
        let dispatch = self.dispatch();
        let insights = InsightsView::new(self.inner.host.element(), &words, move || {
            let inner = dispatch.inner.upgrade();
            inner.map_or_else(String::new, |inner| inner.panel.borrow().insights())
        });
        let notifier = Notifier::new(words, self.dispatch().into_report());
        let inner = &self.inner;
        if inner.screen.set(screen).is_err()
            || inner.cleaner.set(cleaner).is_err()
            || inner.frame.set(frame).is_err()
            || inner.visibility.set(visibility).is_err()
            || inner.notifier.set(notifier).is_err()
            || inner.insights.set(insights).is_err()
        {
            return Err("the panel was started before".into());
        }
        let document = web_sys::window().and_then(|window| window.document());
        if document.is_some_and(|document| !visibility::is_visible(&document)) {
            inner.take(Event::VisibilityChanged { visible: false });
        }
        inner.take(Event::Started {
            stored: inner.store.load(),
        });
        inner.draw();
        Ok(())
    }
}

impl Dispatcher {
    /// Hands an event to the core.
    pub fn send(&self, event: Event) {
        self.inner.take(event);
    }

    /// Follows a field that the agent writes in.
    pub fn attach_composer(&self, field: &HtmlElement) -> Result<(), JsValue> {
        let report = self.dispatch().into_report();
        self.inner.composers.attach(field, report)
    }

    /// Lets go of such a field.
    pub fn detach_composer(&self, field: &HtmlElement) {
        self.inner.composers.detach(field);
    }
}

impl Dispatch {
    /// Hands an event to the core, or drops it when the panel is gone.
    pub fn send(&self, event: Event) {
        if let Some(inner) = self.inner.upgrade() {
            inner.take(event);
        }
    }

    /// The dispatcher, if it still lives.
    pub fn upgrade(&self) -> Option<Dispatcher> {
        let inner = self.inner.upgrade()?;
        Some(Dispatcher { inner })
    }

    fn into_report(self) -> impl Fn(Event) + Clone + 'static {
        move |event| self.send(event)
    }
}

impl Inner {
    fn take(self: &Rc<Self>, event: Event) {
        if let (Event::VisibilityChanged { visible }, Some(notifier)) =
            (&event, self.notifier.get())
        {
            notifier.visibility(*visible);
        }
        self.waiting.borrow_mut().push_back(event);
        // An effect that raises an event at once must not step the core while it is stepping.
        if self.is_busy.replace(true) {
            return;
        }
        while let Some(event) = self.next_event() {
            let effects = self
                .panel
                .borrow_mut()
                .step(event, clock::now(), clock::random());
            for effect in effects {
                self.execute(effect);
            }
        }
        self.is_busy.set(false);
        self.arm();
        if self.shown_revision.get() != Some(self.panel.borrow().revision())
            && let Some(frame) = self.frame.get()
        {
            frame.order();
        }
    }

    fn next_event(&self) -> Option<Event> {
        self.waiting.borrow_mut().pop_front()
    }

    fn execute(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::OpenSession { fresh_assertion } => self.open_session(fresh_assertion),
            Effect::FetchTicket => self.fetch_ticket(),
            Effect::OpenSocket(info) => self.open_socket(&info),
            Effect::Send(message) => {
                if let (Some(socket), Ok(text)) =
                    (&*self.socket.borrow(), serde_json::to_string(&message))
                {
                    socket.send(&text);
                }
            }
            Effect::CloseSocket => {
                if let Some(socket) = &*self.socket.borrow() {
                    socket.close();
                }
            }
            Effect::Store(stored) => self.store.save(&stored),
            Effect::HandOver(offer) => self.hand_over(offer),
            Effect::TellHost(decided) => self.host.decided(&decided),
            Effect::News(news) => self.host.news(&news),
            Effect::Message(text) => self.host.message(&text),
            Effect::ToggleInsights => {
                if let Some(insights) = self.insights.get() {
                    insights.toggle();
                }
            }
            Effect::OpenTask(link) => self.host.open_task(&link),
            Effect::Notify(notice) => {
                if let (Some(notifier), Some(agent)) =
                    (self.notifier.get(), self.panel.borrow().agent_id())
                {
                    notifier.show(agent, &notice);
                }
            }
            Effect::Focus(card_id) => {
                if let Some(insights) = self.insights.get() {
                    insights.end();
                }
                if let Some(screen) = self.screen.get() {
                    screen.focus(card_id);
                }
            }
            Effect::Typing(call) => typing_call::tell(&self.broker, &call, self.report()),
            Effect::Announce(announcement) => {
                if let Some(screen) = self.screen.get() {
                    screen.announce(announcement);
                }
            }
        }
    }

    fn open_session(self: &Rc<Self>, fresh_assertion: bool) {
        let Some(cleaner) = self.cleaner.get().cloned() else {
            return;
        };
        let (broker, identity) = (self.broker.clone(), self.identity.clone());
        self.request(|signal| {
            Box::pin(session::open(
                broker,
                identity,
                fresh_assertion,
                cleaner,
                signal,
            ))
        });
    }

    fn fetch_ticket(self: &Rc<Self>) {
        let broker = self.broker.clone();
        self.request(|signal| Box::pin(ticket::fetch(broker, signal)));
    }

    fn hand_over(self: &Rc<Self>, offer: HandOver) {
        let dispatch = Dispatch {
            inner: Rc::downgrade(self),
        };
        let done = move |offer: HandOver, outcome| {
            dispatch.send(Event::HandedOver {
                card_id: offer.card_id,
                snippet_id: offer.snippet_id,
                outcome,
            });
        };
        let is_inserted = offer.way == Way::Insert
            && (self.host.takes(&offer)
                || (offer.fits_composer && self.composers.insert(&offer.text)));
        if is_inserted {
            return done(offer, Handover::Inserted);
        }
        spawn(Box::pin(async move {
            let outcome = if clipboard::copy(&offer.text).await {
                Handover::Copied
            } else {
                Handover::Failed
            };
            done(offer, outcome);
        }));
    }

    fn request(self: &Rc<Self>, begin: impl FnOnce(AbortSignal) -> Outcome) {
        // Every browser that runs this module has what it takes to begin a request.
        let request = InFlight::spawn(begin, self.report()).ok();
        drop(self.request.replace(request));
    }

    fn open_socket(self: &Rc<Self>, info: &TicketInfo) {
        // The older one first, so that it cannot speak any more.
        drop(self.socket.take());
        let agent = self.panel.borrow().agent_id().cloned();
        let agent = agent.as_ref().map_or("", AgentId::as_str);
        let replay = self.broker.endpoint("/api/replay");
        let socket = Socket::open(info, agent, &replay, self.report());
        drop(self.socket.replace(Some(socket)));
    }

    fn arm(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        self.deadline
            .arm(self.panel.borrow().deadline(), clock::now(), move || {
                if let Some(this) = this.upgrade() {
                    this.deadline_rang();
                }
            });
    }

    /// Also when the deadline is later by now, or seems to be because the browser's clock was set back: the core knows.
    fn deadline_rang(self: &Rc<Self>) {
        self.deadline.rang();
        self.take(Event::DeadlineReached);
    }

    fn draw(&self) {
        if let Some(frame) = self.frame.get() {
            frame.came();
        }
        let view = {
            let panel = self.panel.borrow();
            self.shown_revision.set(Some(panel.revision()));
            panel.view(clock::now())
        };
        if let (Some(notifier), Some(agent)) = (self.notifier.get(), &view.agent_id) {
            notifier.belong_to(agent);
        }
        if let Some(screen) = self.screen.get() {
            screen.publish(view);
        }
    }

    fn report(self: &Rc<Self>) -> impl Fn(Event) + Clone + 'static {
        Dispatch {
            inner: Rc::downgrade(self),
        }
        .into_report()
    }
}
