//! All that is on screen besides the cards, as one value. It changes rarely, so one comparison for each frame tells
//! whether anything of it is drawn again. The elements stay; what has nothing to say is hidden. A part that comes and
//! goes would be compiled by itself, once for each, and every page would have to load that.

use cuecard_panel::{CardState, Status, View};
use leptos::prelude::*;

/// The view without its cards.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Whose panel; empty while unknown.
    pub agent: String,
    /// The connection.
    pub status: Status,
    /// Cards on show that have not been dismissed.
    pub live: usize,
    /// Cards there is no room for.
    pub hidden: usize,
    /// Whether the list is empty.
    pub is_empty: bool,
    /// Whether the server runs another version.
    pub is_outdated: bool,
}

/// The surroundings, as signals. Words and conditions are plain functions, so that all of them share one reader.
#[derive(Clone, Copy)]
pub struct Surroundings(Memo<State>);

impl Surroundings {
    /// Those of this view.
    pub fn of(view: ReadSignal<View, LocalStorage>) -> Self {
        let state = move |view: &View| State {
            agent: view
                .agent_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            status: view.status.clone(),
            live: view
                .cards
                .iter()
                .filter(|card| card.state == CardState::Live)
                .count(),
            hidden: view.hidden,
            is_empty: view.cards.is_empty(),
            is_outdated: view.is_outdated,
        };
        Self(Memo::new(move |_| view.with(state)))
    }

    /// A text that may differ from time to time.
    pub fn text(self, words: fn(&State) -> String) -> impl Fn() -> String + Copy {
        move || self.0.with(words)
    }

    /// One text out of a few.
    pub fn word(self, word: fn(&State) -> &'static str) -> impl Fn() -> &'static str + Copy {
        move || self.0.with(word)
    }

    /// For the attributes `hidden` and `disabled`.
    pub fn unless(self, condition: fn(&State) -> bool) -> impl Fn() -> bool + Copy {
        move || !self.0.with(condition)
    }

    /// The connection.
    pub fn status(self) -> Status {
        self.0.with(|state| state.status.clone())
    }
}
