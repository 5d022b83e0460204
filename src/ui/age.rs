//! How long ago, and how long still. One clock for the whole screen, as slow as what is shown allows.

use std::rc::Rc;

use cuecard_panel::{CardState, CardView, Status, View};
use cuecard_protocol::{CardBody, Millis};
use gloo_timers::callback::Interval;

use crate::shell::Words;

/// While something counts down by seconds.
const FAST: u32 = 1_000;
/// Otherwise: times are told in minutes.
const SLOW: u32 = 15_000;

/// Less than this is left of a card: it is told in seconds, and stands out a little.
pub const SOON: Millis = Millis::from_secs(60);

/// The screen's clock, which ticks every second or every fifteen.
pub struct Clock {
    tick: Rc<dyn Fn()>,
    pace: u32,
    _ticking: Interval,
}

impl Clock {
    /// Calls `tick` from now on.
    pub fn new(tick: Rc<dyn Fn()>) -> Self {
        Self::at(tick, SLOW)
    }

    fn at(tick: Rc<dyn Fn()>, pace: u32) -> Self {
        let ticks = tick.clone();
        Self {
            tick,
            pace,
            _ticking: Interval::new(pace, move || ticks()),
        }
    }

    /// Ticks as often as this view needs. True if that is another pace than before.
    pub fn keep_pace_with(&mut self, view: &View, now: Millis) -> bool {
        let pace = if counts_seconds(view, now) {
            FAST
        } else {
            SLOW
        };
        let is_other = pace != self.pace;
        if is_other {
            *self = Self::at(self.tick.clone(), pace);
        }
        is_other
    }
}

fn counts_seconds(view: &View, now: Millis) -> bool {
    let server_now = Millis(now.0.saturating_add_signed(view.clock_offset));
    // One slow tick ahead, so that no second is missed.
    let soon = server_now.plus(SOON).plus(Millis(SLOW.into()));
    let is_waiting = matches!(
        view.status,
        Status::Reconnecting {
            next_try_at: Some(_)
        }
    );
    let counts = |row: &CardView| match row.state {
        CardState::Undoable { .. } => true,
        _ => !matches!(row.card.body, CardBody::Alert(_)) && row.card.expires_at < soon,
    };
    is_waiting || view.cards.iter().any(counts)
}

/// An age as it stands on a card.
pub fn age(words: &Words, span: Millis) -> String {
    match span.0 / 60_000 {
        0 => words.say("just now"),
        minutes @ 1..60 => words.unit(minutes, "minute"),
        minutes => words.unit(minutes / 60, "hour"),
    }
}

/// How long a card stays, as it stands on it; never more than is true.
pub fn left(words: &Words, span: Millis) -> String {
    let span = match span.0 / 1_000 {
        seconds @ 0..60 => words.unit(seconds, "second"),
        seconds @ 60..3_600 => words.unit(seconds / 60, "minute"),
        seconds => words.unit(seconds / 3_600, "hour"),
    };
    words.fill("{0} left", &[&span])
}

/// When a task is due, so many days ahead.
pub fn due(words: &Words, days: i32, is_over: bool) -> String {
    match (days, is_over) {
        (0, true) => words.say("Overdue"),
        (_, true) => words.count(
            "{0} day overdue|{0} days overdue",
            days.unsigned_abs() as usize,
        ),
        (_, false) => words.fill("Due {0}", &[&words.day(days)]),
    }
}

/// Whole seconds until then, at least one.
pub fn seconds_until(at: Millis, now: Millis) -> u64 {
    at.since(now).0.div_ceil(1000).max(1)
}
