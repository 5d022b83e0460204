//! Everything the panel decides, as pure state machines: no browser types, no clock, no randomness of its own.
//!
//! Start at [`Panel`]: [`Event`]s go in with the time and a random number, [`Effect`]s come out, and [`View`] is what
//! the screen shows. The shell executes effects and decides nothing. One machine lives in one file; they do not know
//! each other, `panel` lets them meet.

mod announcer;
mod backoff;
mod clock;
mod connection;
mod decide;
mod decisions;
mod dismissal;
pub mod effect;
pub mod event;
mod feed;
pub mod filter;
mod insights;
mod notifier;
mod ordered;
mod outbox;
mod panel;
mod reading;
mod receive;
mod resume;
mod rows;
mod salvage;
mod snippets;
pub mod text;
mod title;
mod typing;
mod variables;
pub mod view;

pub use effect::{
    Announcement, Decided, Effect, HandOver, News, Notice, PendingDismissal, Politeness, Stored,
    TaskLink,
};
pub use event::{Event, Failure, Handover, Way};
pub use filter::{CardKind, Filter};
pub use panel::Panel;
pub use receive::Counts;
pub use text::Text;
pub use title::{in_words, title};
pub use typing::TypingCounts;
pub use view::{Asking, CardState, CardView, Handed, Status, View};
