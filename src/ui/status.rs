//! The connection in words: quiet while all is well, plain when it is not.

use cuecard_panel::{Event, Status};
use cuecard_protocol::Millis;
use leptos::prelude::*;

use super::age::seconds_until;
use super::screen::Shared;
use super::surroundings::State;

const fn name(state: &State) -> &'static str {
    match state.status {
        Status::Connecting => "connecting",
        Status::Connected => "connected",
        Status::Reconnecting { .. } => "reconnecting",
        Status::Stopped { .. } => "stopped",
    }
}

const fn word(state: &State) -> &'static str {
    match state.status {
        Status::Connecting => "Connecting",
        Status::Connected => "Connected",
        Status::Reconnecting { .. } => "Reconnecting",
        Status::Stopped { .. } => "Disconnected",
    }
}

/// Why it has stopped, behind the word.
fn reason(state: &State) -> String {
    match &state.status {
        Status::Stopped { reason } => format!(". {reason}"),
        _ => String::new(),
    }
}

/// One word, which screen readers hear when it changes. The countdown is not part of it: they would hear every second.
#[component]
pub fn Connection(shared: Shared) -> impl IntoView {
    let about = shared.surroundings;
    view! {
        <span class="state" data-state=about.word(name)>
            <span role="status">{about.word(word)} <span class="unseen">{about.text(reason)}</span></span>
        </span>
    }
}

const fn is_stopped(state: &State) -> bool {
    matches!(state.status, Status::Stopped { .. })
}

const fn is_reconnecting(state: &State) -> bool {
    matches!(state.status, Status::Reconnecting { .. })
}

/// Whether a try can be asked for: not while one runs.
const fn can_try(state: &State) -> bool {
    !matches!(state.status, Status::Reconnecting { next_try_at: None })
}

/// What is happening and what can be done; hidden while all is well.
#[component]
pub fn Notices(shared: Shared, now: ReadSignal<Millis>) -> impl IntoView {
    let about = shared.surroundings;
    let try_now = move |_| shared.send(Event::TryNow);
    let detail = move || match about.status() {
        Status::Reconnecting { next_try_at: None } => "Trying to reconnect…".to_owned(),
        Status::Reconnecting {
            next_try_at: Some(at),
        } => {
            format!("Next try in {} s.", seconds_until(at, now.get()))
        }
        Status::Stopped { reason } => reason,
        Status::Connecting | Status::Connected => String::new(),
    };
    let reload = |_| {
        if let Some(window) = web_sys::window() {
            // Fails only where the page may not navigate itself; then the offer stays.
            let _ = window.location().reload();
        }
    };
    view! {
        <div class="notice" data-state=about.word(name) hidden=about.unless(|state| is_reconnecting(state) || is_stopped(state))>
            <p>
                <b>{about.word(|state| if is_stopped(state) { "No alerts arrive. " } else { "Connection lost. " })}</b>
                {detail}
                <span class="aside" hidden=about.unless(is_reconnecting)>{"Nothing is lost: missed alerts follow."}</span>
            </p>
            <button type="button" class="button" data-action="try-now" on:click=try_now disabled=about.unless(can_try)>
                {about.word(|state| if is_stopped(state) { "Reconnect" } else { "Try now" })}
            </button>
        </div>
        <div class="notice" data-state="outdated" hidden=about.unless(|state| state.is_outdated)>
            <p>{"A newer version of this panel is ready."}</p>
            <button type="button" class="button" data-action="reload" on:click=reload>{"Reload"}</button>
        </div>
    }
}
