//! Everything the panel decides, as pure state machines: no browser types, no clock, no randomness of its own.
//!
//! Start at [`Panel`]: [`Event`]s go in with the time and a random number, [`Effect`]s come out, and [`View`] is what
//! the screen shows. The shell executes effects and decides nothing.

pub mod effect;
pub mod event;
pub mod view;

pub use effect::{Announcement, Effect, Politeness, Stored};
pub use event::{Event, Failure};
pub use view::{CardState, CardView, Status, View};
