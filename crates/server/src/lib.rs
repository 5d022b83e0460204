//! The server: everything of `cuecard-server` but its command line, so that tests can start it in their own process.
//!
//! - [`app`]: what every part shares. Start here, then [`lifecycle`]: how it starts and ends.
//! - [`config`]: the settings, one file for each section.
//! - [`broker`]: everything a browser reaches. [`api`]: everything a program reaches.
//! - [`publish`]: between the platform and the agents' logs. [`clean`]: what publishers send, made safe to show.
//! - [`typing`]: who types, told to the platform with as few calls as possible.
//! - [`callbacks`]: outcomes, told to the URLs that want to know. [`signature`]: how webhooks are signed.
//! - [`tasks`]: what follows a finished interaction.
//! - [`refusal`] and [`body`]: what is refused, in the same words at every door. [`timestamp`]: times as text.
//! - [`backbone`]: what the server keeps. [`audit`]: the trail of what happened. [`telemetry`]: metrics, health, logs.
//!
//! Nothing in here reads the time or draws random numbers but [`clock`].

mod allowance;
pub mod api;
pub mod app;
pub mod audit;
pub mod backbone;
mod body;
pub mod broker;
pub mod callbacks;
pub mod clean;
pub mod clock;
pub mod config;
pub mod lifecycle;
mod lock;
pub mod publish;
mod refusal;
pub mod shutdown;
pub mod signature;
mod sweep;
pub mod tasks;
pub mod telemetry;
pub mod timestamp;
pub mod typing;
mod work;

pub use app::App;
pub use lifecycle::{Running, StartError, start};
