//! The client against a running simulator: tokens, alerts, notifications, and that no secret gets out.

mod alerts;
mod notifications;
mod secrets;
mod support;
mod token;
