//! Finished interactions over real HTTP: the platform's webhook, its form, one task, one notification, one card.
//!
//! [`world`] has a simulated platform and a server on it. [`door`] is what the endpoint takes and refuses, [`flow`] what
//! follows, [`kill`] has the crash.

mod door;
mod flow;
mod kill;
mod world;
