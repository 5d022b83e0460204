//! Between the browser and the core: events in, effects out. Nothing here decides anything.
//!
//! Start at [`Dispatcher`]. Each effect has its own file; each handle of the browser is owned by a struct that lets go
//! of it on drop.

mod clipboard;
mod clock;
mod composer;
mod console;
mod dispatcher;
mod elements;
mod field;
mod host;
mod insights;
pub mod json;
mod listener;
pub mod local_time;
pub mod notify;
mod object;
mod request;
pub mod sanitize;
mod seen;
mod session;
pub mod socket;
mod storage;
mod task;
mod ticket;
mod timer;
mod typing_call;
mod visibility;
mod words;

pub use clock::now;
pub use console::report;
pub use dispatcher::{Dispatcher, Screen};
pub use elements::elements;
pub use listener::Listener;
pub use seen::Seen;
pub use session::{Broker, Identity};
pub use task::spawn;
pub use words::{Words, spoken};
