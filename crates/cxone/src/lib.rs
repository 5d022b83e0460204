//! The client of the platform: tokens, the alerts publisher socket, the notification socket, and their wire types.
//!
//! - [`platform`]: the settings of a connection. Start here.
//! - [`token`]: access tokens, shared by everything that talks to the platform.
//! - [`alerts`]: publishes risk alerts.
//! - [`notifications`]: receives what is meant for agents, and reports what became of it.
//! - [`wire`]: the platform's wire types, also spoken by the simulator. Types only.
//! - [`outage`]: why a socket is not connected.
//! - [`retry_after`] and [`backoff`]: how long to wait; pure.
//! - [`http`]: the one HTTP client.
//!
//! Each socket is a pure machine (decides) and a thin shell (does). What both shells share is in `link` (one
//! WebSocket), `outlet` (events to their listener), `reconnect` (what follows an outage) and `unreadable` (what is
//! wrong with a frame). `clock` alone reads time and draws random numbers.
//!
//! Nothing here knows cards, agents' browsers or the server's store. Metrics go through the `metrics` facade, their
//! names begin with `cuecard_platform_`. Tokens and secrets are in no log, error, metric or `Debug`.

pub mod alerts;
pub mod backoff;
mod clock;
pub mod http;
mod link;
pub mod notifications;
pub mod outage;
mod outlet;
pub mod platform;
mod reconnect;
pub mod retry_after;
pub mod token;
mod unreadable;
pub mod wire;
