//! Everything the panel decides, as pure state machines: no browser types, no clock, no randomness of its own.
//!
//! Start at [`Panel`]: [`Event`]s go in with the time and a random number, [`Effect`]s come out, and [`View`] is what
//! the screen shows. The shell executes effects and decides nothing. One machine lives in one file; they do not know
//! each other, `panel` lets them meet.

mod announcer;
mod backoff;
mod clock;
mod connection;
mod dismissal;
pub mod effect;
pub mod event;
mod feed;
mod ordered;
mod outbox;
mod panel;
mod receive;
mod resume;
mod salvage;
pub mod view;

pub use effect::{Announcement, Effect, PendingDismissal, Politeness, Stored};
pub use event::{Event, Failure};
pub use panel::Panel;
pub use receive::Counts;
pub use view::{CardState, CardView, Status, View};
