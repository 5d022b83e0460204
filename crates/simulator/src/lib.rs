//! A faithful stand-in for the platform, with switchable faults, as a binary and in-process.
//!
//! It speaks to the platform's clients what the platform does: tokens (`oauth`), the alerts and the notification
//! socket (`sockets`), the risk API (`risk`); and it is steered over an admin API of its own (`admin`).
//!
//! What decides is pure and takes time and dice as arguments: `tokens`, `faults`, `delivery`, `directory`,
//! `alert_rules`, `commands`. What does is thin: `exchange` (bounded outboxes), `sockets::Connection`, `listener`
//! (connections that can end badly), `fault_layer` (faults around requests). `platform` joins them, `routes` is the map.
//!
//! Tests start with [`Simulator::spawn`]; the binary's flags are in `main.rs`.

mod admin;
mod alert_rules;
mod api_error;
mod clock;
mod commands;
mod delivery;
mod directory;
mod exchange;
mod fault_layer;
pub mod faults;
mod listener;
pub mod oauth;
mod platform;
mod risk;
mod routes;
pub mod scenario;
pub mod seen;
mod simulator;
mod sockets;
mod tokens;

pub use faults::{FaultKind, FaultRoute, FaultRule, RetryAfterForm};
pub use scenario::Scenario;
pub use seen::{SeenEntry, SeenKind};
pub use simulator::{Options, Simulator, SpawnError};
pub use sockets::SocketName;
