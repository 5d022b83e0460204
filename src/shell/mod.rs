//! Between the browser and the core: events in, effects out. Nothing here decides anything.
//!
//! Start at [`Dispatcher`]. Each effect has its own file; each handle of the browser is owned by a struct that lets go
//! of it on drop.

mod clock;
mod dispatcher;
mod listener;
mod request;
pub mod sanitize;
mod seen;
mod session;
pub mod socket;
mod storage;
mod ticket;
mod timer;
mod visibility;

pub use clock::now;
pub use dispatcher::{Dispatcher, Screen};
pub use listener::Listener;
pub use seen::Seen;
pub use session::{Broker, Identity};
