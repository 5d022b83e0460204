//! What is done about the typing indicator of one guest: which call is due, and when. Pure.
//!
//! [`Gate::step`] takes an event and the time, and returns effects; [`Gate::deadline`] says when it wants
//! [`Event::Timer`]. It compares what is wanted with what the customer sees as far as it is known, and makes one call
//! after the other until both are the same ([`Gate::due`]); so a state that was wanted in between costs nothing, and a
//! `true` cannot overtake its `false`. The shell is [`super::guests`].

use std::time::Duration;

/// Time since some start; it never goes back.
pub type Moment = Duration;

/// The wait after a 429 that names none; it doubles with each failure in a row, up to [`LONGEST_WAIT`].
const LIMITED_WAIT: Duration = Duration::from_secs(1);
/// The wait after a call whose answer was lost; it doubles as well. A lost answer is mostly one cut connection.
const LOST_WAIT: Duration = Duration::from_millis(250);
/// No wait of our own is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// The wait after a `false` that was refused: only somebody who changes settings can help.
const REFUSED_WAIT: Duration = Duration::from_secs(30);
/// After so many refusals the guest is taken to be gone: it lives for half an hour (platform wire, section 14.10).
const MOST_REFUSED: u32 = 60;
/// A call whose answer was lost may still arrive for so long; the state is read back when that is over.
const LATE: Duration = Duration::from_millis(1_500);
/// So many differences in a row are repaired; after that the platform's word is not believed.
const MOST_REPAIRS: u32 = 5;

/// What the gate is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// This is what the customer should see from now on.
    Want(bool),
    /// The call under way has ended.
    Answered(Answer),
    /// The deadline has come.
    Timer,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Well.
    Done,
    /// [`Call::Read`] ended well; none if the platform does not say.
    Shown(Option<bool>),
    /// 429: it had no effect.
    Limited {
        /// How long the platform wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// Nobody knows whether it had an effect.
    Lost {
        /// How long the platform wants to be left alone, if it says so.
        retry_after: Option<Duration>,
    },
    /// The platform no longer has this guest.
    Gone,
    /// It had no effect, and the same call never will.
    Refused,
}

/// What the gate wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Make this call; then [`Event::Answered`]. No other comes before that.
    Call(Call),
    /// Worth noting.
    Note(Note),
}

/// One call, of the platform or of our store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Make the guest.
    Open,
    /// Keep durably that the guest's indicator may be on.
    Mark,
    /// Turn the indicator on or off.
    Turn(bool),
    /// Read the indicator back.
    Read,
    /// Forget the mark.
    Unmark,
}

/// Something for metrics and the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The platform said 429; no call for so long.
    Closed(Duration),
    /// The customer saw something else than we thought, and now this is turned right.
    Repaired,
    /// This call will not be tried again.
    GaveUp(Call),
}

/// What the customer sees, as far as we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Off,
    On,
    Unsure,
}

/// The decisions about one guest.
#[derive(Debug, Clone)]
pub struct Gate {
    wanted: bool,
    shown: Shown,
    has_guest: bool,
    is_marked: bool,
    in_flight: Option<Call>,
    /// No call before.
    closed_until: Moment,
    /// 429s in a row.
    limited: u32,
    /// Lost answers in a row.
    lost: u32,
    /// When the state is to be read back, if it is.
    check_at: Option<Moment>,
    /// Until when a lost call may still arrive; the state has not been told or read since.
    late: Option<Moment>,
    /// Differences found in a row.
    repairs: u32,
    /// Refusals of `false` in a row.
    refused: u32,
    burst: Burst,
}

/// What can be hoped for in this burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Burst {
    Fresh,
    /// The guest was made anew, and has not been heard of since.
    Renewed,
    /// `true` cannot be had.
    GivenUp,
}

impl Default for Gate {
    /// For a conversation that has no guest yet.
    fn default() -> Self {
        Self {
            wanted: false,
            shown: Shown::Off,
            has_guest: false,
            is_marked: false,
            in_flight: None,
            closed_until: Moment::ZERO,
            limited: 0,
            lost: 0,
            check_at: None,
            late: None,
            repairs: 0,
            refused: 0,
            burst: Burst::Fresh,
        }
    }
}

impl Gate {
    /// For a guest whose mark an earlier run of the server left.
    pub fn taken_over() -> Self {
        Self {
            shown: Shown::Unsure,
            has_guest: true,
            is_marked: true,
            ..Self::default()
        }
    }

    /// When [`Event::Timer`] is wanted.
    pub fn deadline(&self) -> Option<Moment> {
        if self.in_flight.is_some() {
            return None;
        }
        self.due().map(|(_, at)| at)
    }

    /// Whether the indicator is off for certain and nothing is left to be done.
    pub fn is_at_rest(&self) -> bool {
        self.in_flight.is_none() && self.shown == Shown::Off && self.due().is_none()
    }

    /// One step.
    pub fn step(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Want(typing) => {
                if typing && !self.wanted {
                    self.burst = Burst::Fresh;
                }
                self.wanted = typing;
            }
            Event::Answered(answer) => {
                if let Some(call) = self.in_flight.take() {
                    effects.extend(self.answered(call, &answer, now).map(Effect::Note));
                }
            }
            Event::Timer => {}
        }
        if self.in_flight.is_none()
            && let Some((call, at)) = self.due()
            && at <= now
        {
            self.in_flight = Some(call);
            effects.push(Effect::Call(call));
        }
        effects
    }

    /// The next call towards what is wanted, and when it may be made.
    fn due(&self) -> Option<(Call, Moment)> {
        let wants_on = self.wanted && self.burst != Burst::GivenUp;
        let call = match self.shown {
            // The mark of a guest that is gone.
            _ if self.is_marked && !self.has_guest => Call::Unmark,
            Shown::Off | Shown::Unsure if wants_on && !self.has_guest => Call::Open,
            Shown::Off | Shown::Unsure if wants_on && !self.is_marked => Call::Mark,
            Shown::Off | Shown::Unsure if wants_on => Call::Turn(true),
            Shown::On | Shown::Unsure if !wants_on => Call::Turn(false),
            _ => {
                if let Some(at) = self.check_at {
                    return Some((Call::Read, at.max(self.closed_until)));
                }
                if wants_on || !self.is_marked {
                    return None;
                }
                Call::Unmark
            }
        };
        Some((call, self.closed_until))
    }

    fn answered(&mut self, call: Call, answer: &Answer, now: Moment) -> Option<Note> {
        match *answer {
            Answer::Done => {
                self.done(call, now);
                None
            }
            Answer::Shown(shown) => self.read_back(shown, now),
            Answer::Limited { retry_after } => {
                let wait = or_doubled(retry_after, LIMITED_WAIT, self.limited);
                self.closed_until = now + wait;
                (self.limited, self.lost) = (self.limited.saturating_add(1), 0);
                Some(Note::Closed(wait))
            }
            Answer::Lost { retry_after } => {
                if let Call::Turn(_) = call {
                    self.shown = Shown::Unsure;
                    self.late = Some(now + LATE);
                }
                self.closed_until = now + or_doubled(retry_after, LOST_WAIT, self.lost);
                self.lost = self.lost.saturating_add(1);
                None
            }
            Answer::Gone if call != Call::Open => self.gone(call),
            Answer::Gone | Answer::Refused => self.refused(call, now),
        }
    }

    fn done(&mut self, call: Call, now: Moment) {
        (self.limited, self.lost) = (0, 0);
        match call {
            Call::Open => self.has_guest = true,
            Call::Mark => self.is_marked = true,
            Call::Unmark => self.is_marked = false,
            Call::Turn(typing) => {
                self.shown = if typing { Shown::On } else { Shown::Off };
                self.refused = 0;
                if self.burst == Burst::Renewed {
                    self.burst = Burst::Fresh;
                }
                if typing {
                    self.repairs = 0;
                }
                // After each pause; and after a loss, because the lost call could arrive behind this one.
                self.late = self.late.filter(|late| *late > now);
                self.check_at = self.late.or((!typing).then_some(now));
            }
            Call::Read => self.check_at = None,
        }
    }

    fn read_back(&mut self, shown: Option<bool>, now: Moment) -> Option<Note> {
        (self.limited, self.lost) = (0, 0);
        self.check_at = None;
        let is_doubtful = self.late.take().is_some();
        let Some(shown) = shown else {
            if is_doubtful {
                // What cannot be read is told once more.
                self.shown = Shown::Unsure;
            }
            return None;
        };
        if shown == (self.shown == Shown::On) {
            return None;
        }
        if self.repairs >= MOST_REPAIRS {
            return Some(Note::GaveUp(Call::Read));
        }
        // The first is repaired at once.
        if self.repairs > 0 {
            self.closed_until = now + or_doubled(None, LOST_WAIT, self.repairs);
        }
        self.repairs += 1;
        self.shown = if shown { Shown::On } else { Shown::Off };
        Some(Note::Repaired)
    }

    /// A guest that is gone shows nothing. A burst gets one new guest, not one after the other.
    fn gone(&mut self, call: Call) -> Option<Note> {
        (self.has_guest, self.shown, self.check_at) = (false, Shown::Off, None);
        self.late = None;
        if call != Call::Turn(true) {
            return None;
        }
        if self.burst == Burst::Renewed {
            self.burst = Burst::GivenUp;
            return Some(Note::GaveUp(call));
        }
        self.burst = Burst::Renewed;
        None
    }

    fn refused(&mut self, call: Call, now: Moment) -> Option<Note> {
        match call {
            Call::Open | Call::Mark | Call::Turn(true) => self.burst = Burst::GivenUp,
            Call::Read => drop(self.read_back(None, now)),
            Call::Turn(false) if self.refused >= MOST_REFUSED => {
                self.refused = 0;
                self.gone(call);
            }
            Call::Turn(false) | Call::Unmark => {
                self.refused += 1;
                self.closed_until = now + REFUSED_WAIT;
                return None;
            }
        }
        Some(Note::GaveUp(call))
    }
}

/// What the platform asks for, else `first` · 2ⁿ, at most [`LONGEST_WAIT`].
fn or_doubled(asked: Option<Duration>, first: Duration, n: u32) -> Duration {
    // "Now" is no time to wait for, and a date in the past only says that clocks differ.
    asked.filter(|wait| !wait.is_zero()).unwrap_or_else(|| {
        let factor = 2_u32.checked_pow(n).unwrap_or(u32::MAX);
        first.saturating_mul(factor).min(LONGEST_WAIT)
    })
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "gate_properties.rs"]
mod properties;
