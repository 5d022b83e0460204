//! The connection in words: quiet while all is well, plain when it is not.

use cuecard_panel::Status;
use cuecard_protocol::Millis;
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::age::seconds_until;
use super::drawn;
use super::surroundings::State;
use crate::shell::Words;

/// The connection's name for the style sheet, the same in all languages.
const fn name(status: &Status) -> &'static str {
    match status {
        Status::Connecting => "connecting",
        Status::Connected => "connected",
        Status::Reconnecting { .. } => "reconnecting",
        Status::Stopped { .. } => "stopped",
    }
}

/// One word. Screen readers find it here; that it has changed they hear from the announcer.
pub fn word(state: &State, words: &Words) -> String {
    words.say(match state.status {
        Status::Connecting => "Connecting",
        Status::Connected => "Connected",
        Status::Reconnecting { .. } => "Reconnecting",
        Status::Stopped { .. } => "Disconnected",
    })
}

/// Why it has stopped, behind the word.
pub fn reason(state: &State, words: &Words) -> String {
    match &state.status {
        Status::Stopped { reason } => format!(". {}", words.tell(reason)),
        _ => String::new(),
    }
}

/// What the notice is about.
pub fn notice(state: &State, words: &Words) -> String {
    words.say(if is_stopped(state) {
        "No cards arrive."
    } else {
        "No connection."
    })
}

/// What the button of the notice does.
pub fn way_out(state: &State, words: &Words) -> String {
    words.say(if is_stopped(state) {
        "Reconnect"
    } else {
        "Try now"
    })
}

/// Whether the agent is told.
pub const fn is_down(state: &State) -> bool {
    is_reconnecting(state) || is_stopped(state)
}

pub const fn is_reconnecting(state: &State) -> bool {
    matches!(state.status, Status::Reconnecting { .. })
}

const fn is_stopped(state: &State) -> bool {
    matches!(state.status, Status::Stopped { .. })
}

/// Shows how the connection is.
pub fn refresh(panel: &Element, state: &State) -> Result<(), JsValue> {
    let name = name(&state.status);
    panel.set_attribute("data-state", name)?;
    for selector in [".state", ".notice"] {
        if let Some(element) = panel.query_selector(selector)? {
            element.set_attribute("data-state", name)?;
        }
    }
    // A try can be asked for, unless one runs. The button keeps the keyboard meanwhile, which one that is disabled would lose.
    let is_trying = matches!(state.status, Status::Reconnecting { next_try_at: None });
    if let Some(button) = panel.query_selector("[data-action=try-now]")? {
        button.set_attribute("aria-disabled", drawn::word(is_trying))?;
    }
    Ok(())
}

/// Says what is happening, and when the next try is.
pub fn count_down(
    panel: &Element,
    words: &Words,
    state: &State,
    now: Millis,
) -> Result<(), JsValue> {
    let says = match &state.status {
        Status::Reconnecting { next_try_at: None } => words.say("Trying to reconnect…"),
        Status::Reconnecting {
            next_try_at: Some(at),
        } => {
            let left = words.unit(seconds_until(*at, now), "second");
            words.fill("Next try in {0}.", &[&left])
        }
        Status::Stopped { reason } => words.tell(reason),
        Status::Connecting | Status::Connected => return Ok(()),
    };
    if let Some(detail) = panel.query_selector(".detail")?
        && detail.text_content().as_ref() != Some(&says)
    {
        detail.set_text_content(Some(&says));
    }
    Ok(())
}
