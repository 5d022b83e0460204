//! The server: everything of `cuecard-server` but its command line, so that tests can start it in their own process.
//!
//! - [`app`]: what every part shares. Start here, then [`lifecycle`]: how it starts and ends.
//! - [`config`]: the settings, one file for each section.
//! - [`broker`]: everything a browser reaches.
//! - [`publish`]: between the platform and the agents' logs. [`clean`]: what publishers send, made safe to show.
//! - [`backbone`]: what the server keeps. [`audit`]: the trail of what happened. [`telemetry`]: metrics, health, logs.
//!
//! Nothing in here reads the time or draws random numbers but [`clock`].

pub mod app;
pub mod audit;
pub mod backbone;
pub mod broker;
pub mod clean;
pub mod clock;
pub mod config;
pub mod lifecycle;
mod lock;
pub mod publish;
pub mod shutdown;
mod sweep;
pub mod telemetry;

pub use app::App;
pub use lifecycle::{Running, StartError, start};
