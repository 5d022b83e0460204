//! What the agent sees: the core's view drawn with Leptos, clicks turned into events.
//!
//! Nothing here talks to a server or decides about a card. Start at [`Screen`] for how a view gets in, at [`panel`] for
//! what is on screen. Each file has its style sheet of the same name in `style/`; `style/tokens.css` is what a host may
//! change.
//!
//! Constant texts and attributes stand in braces (`{"Undo"}`): Leptos turns an element that is constant through and
//! through into markup and parses it, which Trusted Types forbid.

mod age;
mod announcer;
mod card;
mod feed;
mod focus;
mod panel;
mod screen;
mod status;
mod surroundings;
mod undo;

pub use screen::Screen;

/// The style sheet of the shadow root; `build.rs` puts it together from `style/`.
pub const STYLE: &str = include_str!(concat!(env!("OUT_DIR"), "/style.css"));
