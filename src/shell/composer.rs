//! Follows the fields that the agent writes in, and writes snippets there. Every way of writing raises `input`: keys,
//! input methods, paste, dictation. Costs a keystroke next to nothing, because it only asks whether the field is empty.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use cuecard_panel::Event;
use cuecard_protocol::typing::TYPING_IDLE;
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::Listener;
use super::field::Field;

/// How often a field is looked at while somebody writes in it, in milliseconds: a host that clears it raises no event.
const LOOK_EVERY: u32 = 250;

/// So many looks after the last keystroke, the burst is over anyway.
const LOOKS: u64 = TYPING_IDLE.0 / LOOK_EVERY as u64;

type Report = Rc<dyn Fn(Event)>;

/// The fields of one panel.
#[derive(Default)]
pub struct Composers {
    fields: RefCell<Vec<Followed>>,
}

impl Composers {
    /// Follows this field from now on.
    pub fn attach(
        &self,
        element: &HtmlElement,
        report: impl Fn(Event) + 'static,
    ) -> Result<(), JsValue> {
        self.detach(element);
        let followed = Followed::new(element, Rc::new(report))?;
        self.fields.borrow_mut().push(followed);
        Ok(())
    }

    /// Lets go of this field; what was being written there is over.
    pub fn detach(&self, element: &HtmlElement) {
        let mut fields = self.fields.borrow_mut();
        let place = fields
            .iter()
            .position(|followed| followed.state.field.element() == element);
        let gone = place.map(|place| fields.remove(place));
        drop(fields);
        if let Some(gone) = gone {
            gone.state.left();
        }
    }

    /// Writes a text into the field that the agent was in last, else into the newest, of those that are on the page. False
    /// if there is none that takes it.
    pub fn insert(&self, text: &str) -> bool {
        let newest = |fields: &Vec<Followed>| {
            let last = fields
                .iter()
                .filter(|followed| followed.state.field.element().is_connected())
                .max_by_key(|followed| followed.state.used.get());
            last.map(|followed| followed.state.clone())
        };
        let state = newest(&self.fields.borrow());
        let is_inserted = state.as_ref().is_some_and(|state| state.field.insert(text));
        if let Some(state) = state.filter(|_| is_inserted) {
            state.touch();
        }
        is_inserted
    }
}

/// One field and what is heard of it.
struct Followed {
    state: Rc<State>,
    _input: Listener<web_sys::Event>,
    _focus: Listener<web_sys::Event>,
    _blur: Listener<web_sys::Event>,
}

struct State {
    field: Field,
    report: Report,
    /// Rises with each use of any field; the highest was used last.
    used: Cell<u32>,
    looks_left: Cell<u64>,
    look: RefCell<Option<Timeout>>,
}

thread_local! {
    static USES: Cell<u32> = const { Cell::new(0) };
}

impl Followed {
    fn new(element: &HtmlElement, report: Report) -> Result<Self, JsValue> {
        let state = Rc::new(State {
            field: Field::new(element.clone()),
            report,
            used: Cell::new(0),
            looks_left: Cell::new(0),
            look: RefCell::default(),
        });
        state.touch();
        let hear = |name, heard: fn(&Rc<State>)| {
            let state = state.clone();
            Listener::add(element, name, move |_: web_sys::Event| heard(&state))
        };
        Ok(Self {
            _input: hear("input", State::written)?,
            _focus: hear("focus", |state| state.touch())?,
            _blur: hear("blur", |state| {
                state.field.remember_cursor();
                state.left();
            })?,
            state,
        })
    }
}

impl State {
    fn touch(&self) {
        let use_ = USES.get() + 1;
        USES.set(use_);
        self.used.set(use_);
    }

    fn written(self: &Rc<Self>) {
        if self.field.is_empty() {
            return self.left();
        }
        self.looks_left.set(LOOKS);
        (self.report)(Event::Keystroke);
        if self.look.borrow().is_none() {
            self.look_later();
        }
    }

    fn left(&self) {
        self.look.take();
        (self.report)(Event::LeftComposer);
    }

    fn look_later(self: &Rc<Self>) {
        let this: Weak<Self> = Rc::downgrade(self);
        let look = Timeout::new(LOOK_EVERY, move || {
            if let Some(this) = this.upgrade() {
                this.look();
            }
        });
        self.look.replace(Some(look));
    }

    /// Whether the field was cleared since.
    fn look(self: &Rc<Self>) {
        if self.field.is_empty() {
            return self.left();
        }
        self.looks_left.set(self.looks_left.get().saturating_sub(1));
        if self.looks_left.get() == 0 {
            self.look.take();
        } else {
            self.look_later();
        }
    }
}
