//! The panel from outside: events in, whole lists of effects out, virtual time only.

mod actions;
mod announcements;
mod broker;
mod connection;
mod decisions;
mod desk;
mod feed;
mod filter;
mod insights;
mod liveness;
mod news;
mod notices;
mod outbox_model;
mod reading;
mod reading_model;
mod reconnecting;
mod resume_model;
mod tasks;
mod typing;
mod typing_model;
mod variables;
mod world;
