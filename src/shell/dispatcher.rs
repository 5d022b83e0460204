//! Carries events to the core and executes what it wants done.
//!
//! Callbacks of the browser touch only this, never a signal, because they may come when the screen is gone already.
//! The screen is brought up to date once for each animation frame, so a flood of messages costs it little.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use cuecard_panel::{Announcement, Effect, Event, Panel, View};
use cuecard_protocol::session::TicketInfo;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::request::{InFlight, Outcome};
use super::sanitize::Cleaner;
use super::session::{self, Broker, Identity};
use super::socket::{self, Socket};
use super::storage::Store;
use super::timer::{AnimationFrame, Deadline};
use super::visibility::{self, Visibility};
use super::{clock, ticket};

/// Where views and announcements go.
pub trait Screen {
    /// Shows this.
    fn publish(&self, view: View);
    /// Says this to screen readers.
    fn announce(&self, announcement: Announcement);
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
    cleaner: Rc<Cleaner>,
    store: Store,
    deadline: Deadline,
    request: RefCell<Option<InFlight>>,
    socket: RefCell<Option<Socket>>,
    frame: OnceCell<AnimationFrame>,
    visibility: OnceCell<Visibility>,
    screen: OnceCell<Box<dyn Screen>>,
}

impl Dispatcher {
    /// A dispatcher that has not begun; `id` is the element's, if it has one.
    pub fn new(broker: &str, id: &str, identity: Identity, cleaner: Rc<Cleaner>) -> Self {
        let store = Store::new(broker, identity.label(), id);
        let inner = Rc::new(Inner {
            panel: RefCell::new(Panel::new()),
            waiting: RefCell::default(),
            is_busy: Cell::new(false),
            shown_revision: Cell::new(None),
            broker: Broker::new(broker),
            identity,
            cleaner,
            store,
            deadline: Deadline::default(),
            request: RefCell::default(),
            socket: RefCell::default(),
            frame: OnceCell::new(),
            visibility: OnceCell::new(),
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
    pub fn start(&self, screen: Box<dyn Screen>) -> Result<(), JsValue> {
        let dispatch = self.dispatch();
        let frame = AnimationFrame::new(move || {
            if let Some(inner) = dispatch.inner.upgrade() {
                inner.draw();
            }
        });
        let visibility = Visibility::watch(self.dispatch().into_report())?;
        let inner = &self.inner;
        if inner.screen.set(screen).is_err()
            || inner.frame.set(frame).is_err()
            || inner.visibility.set(visibility).is_err()
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

impl Dispatch {
    /// Hands an event to the core, or drops it when the panel is gone.
    pub fn send(&self, event: Event) {
        if let Some(inner) = self.inner.upgrade() {
            inner.take(event);
        }
    }

    fn into_report(self) -> impl Fn(Event) + Clone + 'static {
        move |event| self.send(event)
    }
}

impl Inner {
    fn take(self: &Rc<Self>, event: Event) {
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
            Effect::CloseSocket => drop(self.socket.take()),
            Effect::Store(stored) => self.store.save(&stored),
            Effect::Announce(announcement) => {
                if let Some(screen) = self.screen.get() {
                    screen.announce(announcement);
                }
            }
        }
    }

    fn open_session(self: &Rc<Self>, fresh_assertion: bool) {
        let (broker, identity, cleaner) = (
            self.broker.clone(),
            self.identity.clone(),
            self.cleaner.clone(),
        );
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

    fn request(self: &Rc<Self>, begin: impl FnOnce(AbortSignal) -> Outcome) {
        // Every browser that runs this module has what it takes to begin a request.
        let request = InFlight::spawn(begin, self.report()).ok();
        drop(self.request.replace(request));
    }

    fn open_socket(self: &Rc<Self>, info: &TicketInfo) {
        // The older one first, so that it cannot speak any more.
        drop(self.socket.take());
        match Socket::open(info, self.report()) {
            Ok(socket) => drop(self.socket.replace(Some(socket))),
            Err(_) => self.take(Event::SocketClosed {
                code: socket::ABNORMAL_CLOSURE,
            }),
        }
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

    fn deadline_rang(self: &Rc<Self>) {
        self.deadline.rang();
        let is_due = self
            .panel
            .borrow()
            .deadline()
            .is_some_and(|at| at <= clock::now());
        if is_due {
            self.take(Event::DeadlineReached);
        } else {
            self.arm();
        }
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
