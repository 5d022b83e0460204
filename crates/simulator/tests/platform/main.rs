//! The simulator from outside, with raw clients: statuses, byte shapes, close codes, faults.
//!
//! One module for each part; `client` has the raw clients. The shapes are those recorded from the reference clients
//! (platform wire, section 12).

mod admin;
mod alerts;
mod binary;
mod client;
mod faults;
mod follow_up;
mod hostile;
mod limits;
mod notification;
mod oauth;
mod prompts;
mod rest;
mod suggestions;
mod typing;
mod webhooks;
