//! The HTTP API from outside: who may use it, what it takes and refuses, and what becomes of what was posted.
//!
//! Start at [`stage`].

mod bad_input;
mod description;
mod doors;
mod keys;
mod lives;
mod outcomes;
mod posts;
mod stage;
