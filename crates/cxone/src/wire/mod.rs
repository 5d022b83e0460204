//! The platform's wire, as types: what is sent to it and what comes back, field for field and in its order.
//!
//! Serde types and their golden samples live here, and the few pure readings of a type that every user of it needs
//! (a `content` that is an object or a string holding JSON). No sockets, no requests, no retry rules, no validation:
//! those belong to the client in this crate and to the simulator, which both speak these types.
//!
//! Start with [`notification`] for the desktop side; [`alerts`], [`suggestions`] and [`prompts`] for publishing. Each module names the section of the
//! platform wire it renders.

pub mod alerts;
pub mod error_frame;
pub mod notification;
pub mod oauth;
pub mod prompts;
pub mod risk;
pub mod suggestions;
pub mod tasks;
pub mod typing;

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;

/// Writes a secret in the clear, for the fields whose very purpose is to carry it to the platform.
fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// As [`exposed`], for a field that may be absent (pair it with `skip_serializing_if`).
#[expect(
    clippy::ref_option,
    reason = "the signature is serde's for serialize_with"
)]
fn exposed_option<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed(secret, serializer),
        None => serializer.serialize_none(),
    }
}
