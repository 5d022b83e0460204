//! The screen of one panel: mounted into a root, fed with views, gone on drop.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuecard_panel::{Announcement, CardState, CardView, Event, Filter, TypingCounts, View};
use cuecard_protocol::CardId;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, ShadowRoot};

use super::age::Clock;
use super::announcer::Announcer;
use super::feed::List;
use super::focus::FocusedCard;
use super::patch::Shown;
use super::reading::Reader;
use super::surroundings::{Open, State};
use super::{act, card, panel};
use crate::shell::sanitize::Cleaner;
use crate::shell::{self, Listener, Seen, Words};

/// What the parts of the screen share.
pub struct Shared {
    panel: Element,
    /// What to show; replaced once for each animation frame.
    view: RefCell<View>,
    /// What the agent has opened.
    open: Cell<Open>,
    shown: RefCell<Shown>,
    clock: RefCell<Clock>,
    send: Box<dyn Fn(Event)>,
    words: Rc<Words>,
    cleaner: Rc<Cleaner>,
    seen: Seen,
}

impl Shared {
    /// The panel, around all that is on screen.
    pub fn panel(&self) -> &Element {
        &self.panel
    }

    /// Tells the core.
    pub fn send(&self, event: Event) {
        (self.send)(event);
    }

    /// The words of the agent's language.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// How far the server's clock is ahead of the browser's.
    pub fn clock_offset(&self) -> i64 {
        self.view.borrow().clock_offset
    }

    /// What the agent has opened.
    pub fn open(&self) -> Open {
        self.open.get()
    }

    /// The agent opens or closes something.
    pub fn change_open(&self, change: impl FnOnce(&mut Open)) {
        let mut open = self.open.get();
        change(&mut open);
        self.open.set(open);
        self.refresh(false);
    }

    /// What the agent wants to see.
    pub fn filter(&self) -> Filter {
        self.view.borrow().filter.clone()
    }

    /// From all cards to the tasks, if there are any, or back. True if there was anywhere to go.
    pub fn toggle_tasks(&self) -> bool {
        let (shows_tasks, tasks) = {
            let view = self.view.borrow();
            (view.shows_tasks, view.tasks)
        };
        let is_possible = shows_tasks || tasks > 0;
        if is_possible {
            self.send(Event::ShowTasks(!shows_tasks));
        }
        is_possible
    }

    /// The card whose dismissal was made last, of those that can be taken back.
    pub fn last_dismissed(&self) -> Option<CardId> {
        let until = |row: &CardView| match row.state {
            CardState::Undoable { until, .. } => Some(until),
            _ => None,
        };
        let view = self.view.borrow();
        let rows = view.cards.iter().filter(|row| until(row).is_some());
        rows.max_by_key(|row| until(row))
            .map(|row| row.card.id.clone())
    }

    /// Puts the clean form of a card's HTML into an element.
    pub fn clean_into(&self, html: &str, target: &Element) {
        self.cleaner.render(html, target);
    }

    /// Waits for this card to be seen.
    pub fn observe(&self, card: &Element) {
        self.seen.observe(card);
    }

    /// The card leaves.
    pub fn unobserve(&self, card: &Element) {
        self.seen.unobserve(card);
    }

    /// Brings all but the list up to date; times only with a tick of the clock.
    fn refresh(&self, is_tick: bool) {
        let now = shell::now();
        let (state, offset, is_other_pace) = {
            let view = self.view.borrow();
            let is_other_pace = self.clock.borrow_mut().keep_pace_with(&view, now);
            let state = State::of(&view, self.open.get());
            (state, view.clock_offset, is_other_pace)
        };
        let (panel, words) = (&self.panel, &*self.words);
        let is_late = is_tick || is_other_pace;
        // A host that hears the focus move may click something; that is shown with the next frame.
        if let Ok(mut shown) = self.shown.try_borrow_mut() {
            // Fails only where an element does not take an attribute.
            let _ = shown.refresh(panel, words, state, now, is_late);
        }
        if is_late {
            let _ = card::refresh_times(panel, words, now, offset);
        }
    }
}

/// A mounted screen. Dropping it removes its nodes, listeners, timers and observers.
pub struct Screen {
    /// They go first: what they call needs the rest.
    listeners: Vec<Listener<web_sys::Event>>,
    _reader: Reader,
    root: ShadowRoot,
    shared: Rc<Shared>,
    announcer: Announcer,
    list: RefCell<List>,
    /// The card that is to get the keyboard.
    wanted: RefCell<Option<CardId>>,
}

impl Screen {
    /// Mounts an empty screen in a language, with a composer of its own or without. `send` takes what the agent does.
    pub fn mount(
        root: &ShadowRoot,
        cleaner: Rc<Cleaner>,
        words: Rc<Words>,
        has_composer: bool,
        send: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let report = send.clone();
        let seen = Seen::new(move |card| report(Event::CardSeen(card)))?;
        let reader = Reader::new(root, send.clone());
        let panel = panel::build(&words, has_composer)?;
        let shown = Shown::of(&panel)?;
        let announcer = Announcer::of(&panel)?;
        let list = List::of(&panel)?;
        let shared = Rc::new_cyclic(|shared: &Weak<Shared>| {
            let ticking = shared.clone();
            let tick = move || {
                if let Some(shared) = ticking.upgrade() {
                    shared.refresh(true);
                }
            };
            Shared {
                panel,
                view: RefCell::new(empty()),
                open: Cell::default(),
                shown: RefCell::new(shown),
                clock: RefCell::new(Clock::new(Rc::new(tick))),
                send: Box::new(send),
                words,
                cleaner,
                seen,
            }
        });
        shared.refresh(false);
        let listen = |name| {
            let shared = shared.clone();
            Listener::add(root, name, move |event| act::hear(&shared, &event))
        };
        let listeners = act::HEARD
            .map(listen)
            .into_iter()
            .collect::<Result<_, _>>()?;
        root.append_child(&shared.panel)?;
        Ok(Self {
            listeners,
            _reader: reader,
            root: root.clone(),
            shared,
            announcer,
            list: RefCell::new(list),
            wanted: RefCell::default(),
        })
    }
}

impl Screen {
    /// The field of the panel's own composer.
    pub fn composer(&self) -> Option<HtmlElement> {
        let field = self.shared.panel.query_selector(".message").ok()??;
        field.dyn_into().ok()
    }
}

impl shell::Screen for Screen {
    fn publish(&self, view: View) {
        let wanted = self.wanted.take().as_ref().map(FocusedCard::wanted);
        let focused = wanted.or_else(|| FocusedCard::of(&self.root));
        self.shared.view.replace(view);
        {
            let view = self.shared.view.borrow();
            let shown = self.list.borrow_mut().show(&self.shared, &view.cards);
            // Fails only where an element cannot be made.
            if let Err(error) = shown {
                shell::report("cuecard-panel: the list stays as it is.", &error);
            }
        }
        if let Some(focused) = focused {
            focused.restore(&self.root);
        }
        self.shared.refresh(false);
    }

    fn announce(&self, announcement: Announcement) {
        let texts = announcement.texts.iter();
        let said: Vec<String> = texts.map(|text| self.shared.words.tell(text)).collect();
        self.announcer.say(announcement.politeness, said.join(" "));
    }

    fn focus(&self, card_id: CardId) {
        self.wanted.replace(Some(card_id));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.listeners.clear();
        self.shared.panel.remove();
    }
}

fn empty() -> View {
    View {
        agent_id: None,
        status: cuecard_panel::Status::Connecting,
        cards: Vec::new(),
        waiting: 0,
        waiting_critical: 0,
        hidden: 0,
        filtered: 0,
        filter: Filter::default(),
        shows_tasks: false,
        tasks: 0,
        has_missed: false,
        handed: None,
        asking: None,
        is_typing: false,
        typing: TypingCounts::default(),
        clock_offset: 0,
        is_outdated: false,
    }
}
