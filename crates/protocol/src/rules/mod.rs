//! The rules of suggestions and prompts, in one place: the server keeps them before it publishes, and the stand-in for
//! the platform enforces them (platform wire, sections 4.4, 5.4 and 14).

pub mod prompt;
pub mod suggestion;
