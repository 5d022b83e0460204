//! The panel from outside: events in, whole lists of effects out, virtual time only.

mod actions;
mod announcements;
mod broker;
mod connection;
mod desk;
mod feed;
mod liveness;
mod outbox_model;
mod reconnecting;
mod resume_model;
mod world;
