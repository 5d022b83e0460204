//! The client of the platform: tokens, the publish sockets, the notification socket, and their wire types.
//!
//! - [`platform`]: the settings of a connection. Start here.
//! - [`token`]: access tokens, shared by everything that talks to the platform.
//! - [`publisher`]: what all publish sockets do; [`alerts`], [`suggestions`] and [`prompts`] are its dialects.
//! - [`notifications`]: receives what is meant for agents, and reports what became of it.
//! - [`typing`] tells an agent's typing to the platform, [`tasks`] reads forms and makes follow-up tasks, both by REST
//!   (`rest` makes one call; [`segment`] says which ids fit into its path).
//! - [`wire`]: the platform's wire types, also spoken by the simulator. Types only.
//! - [`outage`]: why a socket is not connected.
//! - [`retry_after`] and [`backoff`]: how long to wait; pure.
//! - [`http`]: the one HTTP client.
//!
//! Each socket is a pure machine (decides) and a thin shell (does). What the shells share is in `link` (one
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
pub mod prompts;
pub mod publisher;
mod reconnect;
mod rest;
pub mod retry_after;
pub mod segment;
pub mod suggestions;
pub mod tasks;
pub mod token;
pub mod typing;
mod unreadable;
pub mod wire;
