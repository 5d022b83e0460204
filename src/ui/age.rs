//! How long ago, and how long still. One clock for the whole screen, as slow as what is shown allows.

use cuecard_panel::{CardState, Status};
use cuecard_protocol::Millis;
use gloo_timers::callback::Interval;
use leptos::prelude::*;

use super::screen::Shared;
use crate::shell;

/// While something counts down by seconds.
const FAST: u32 = 1_000;
/// Otherwise: ages are told in minutes.
const SLOW: u32 = 15_000;

/// The browser's time, brought up to date every second or every fifteen.
pub fn clock(shared: Shared) -> ReadSignal<Millis> {
    let (now, set_now) = signal(shell::now());
    let pace = Memo::new(move |_| {
        shared.view.with(|view| {
            let is_counting = matches!(
                view.status,
                Status::Reconnecting {
                    next_try_at: Some(_)
                }
            ) || view
                .cards
                .iter()
                .any(|card| matches!(card.state, CardState::Undoable { .. }));
            if is_counting { FAST } else { SLOW }
        })
    });
    Effect::new(move |earlier: Option<Interval>| {
        drop(earlier);
        set_now.set(shell::now());
        Interval::new(pace.get(), move || set_now.set(shell::now()))
    });
    now
}

/// An age as it stands on a card.
pub fn age(span: Millis) -> String {
    match span.0 / 60_000 {
        0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

/// Whole seconds until then, at least one.
pub fn seconds_until(at: Millis, now: Millis) -> u64 {
    at.since(now).0.div_ceil(1000).max(1)
}
