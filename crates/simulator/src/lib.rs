//! A faithful stand-in for the platform, with switchable faults, as a binary and in-process.
//!
//! It speaks to the platform's clients what the platform does: tokens (`oauth`), the three publish sockets and the
//! notification socket (`sockets`), the risk API (`risk`), guests and their typing (`webchat`), forms and tasks
//! (`follow_up`) after the event that an interaction is over (`webhooks`); and it is steered over an admin API of its
//! own (`admin`).
//!
//! What decides is pure and takes time and dice as arguments: `tokens`, `faults`, `delivery`, `directory`, `commands`,
//! `suggestion_desk`, `prompt_desk`, and the `_rules` of the publish sockets' frames. What does is thin: `exchange` and
//! `injectors` (outboxes), `sockets::Connection`, `listener` (connections that can end badly), `fault_layer` (faults
//! around requests). `platform` joins them, `routes` is the map.
//!
//! Tests start with [`Simulator::spawn`]; the binary's flags are in `main.rs`.

mod admin;
mod alert_rules;
mod api_error;
mod auto_outcome;
mod bearer;
mod builtin_call;
mod clock;
mod commands;
pub mod cue;
mod delivery;
mod directory;
mod exchange;
mod fault_layer;
pub mod faults;
mod follow_up;
mod frame_rules;
mod injectors;
mod listener;
pub mod oauth;
mod platform;
mod prompt_desk;
mod prompt_rules;
pub mod rate_limits;
mod recent;
mod retried;
mod risk;
mod routes;
pub mod scenario;
pub mod seen;
mod simulator;
mod sockets;
pub mod suggestion_desk;
mod suggestion_rules;
mod tokens;
mod webchat;
mod webhooks;
mod wrap_up;

pub use auto_outcome::Outcome;
pub use faults::{FaultKind, FaultRoute, FaultRule, RetryAfterForm};
pub use follow_up::Record;
pub use rate_limits::RateLimit;
pub use scenario::Scenario;
pub use seen::{SeenEntry, SeenKind};
pub use simulator::{Options, Simulator, SpawnError};
pub use sockets::SocketName;
pub use webchat::Shown;
pub use webhooks::Webhook;
