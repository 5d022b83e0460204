//! What the agent sees: elements made with Leptos, kept like the core's view, and clicks turned into events.
//!
//! Nothing here talks to a server or decides about a card. Start at [`Screen`] for how a view gets in, at [`panel`] for
//! what is on screen. Each file has its style sheet of the same name in `style/`; `style/tokens.css` is what a host may
//! change.
//!
//! Constant texts and attributes stand in braces (`{"Undo"}`): Leptos turns an element that is constant through and
//! through into markup and parses it, which Trusted Types forbid.

mod act;
mod age;
mod announcer;
mod card;
mod composer;
mod decided;
mod drawn;
mod feed;
mod find;
mod focus;
mod keys;
mod panel;
mod patch;
mod reading;
mod screen;
mod skeleton;
mod status;
mod surroundings;
mod tasks;
mod undo;

pub use screen::Screen;

/// The style sheet of the shadow root; `build.rs` puts it together from `style/`.
pub const STYLE: &str = include_str!(concat!(env!("OUT_DIR"), "/style.css"));
