//! The connection in words: quiet while all is well, plain when it is not.

use cuecard_panel::{Event, Status};
use cuecard_protocol::Millis;
use leptos::prelude::*;

use super::age::seconds_until;
use super::screen::Shared;

fn status(shared: Shared) -> Memo<Status> {
    Memo::new(move |_| shared.view.with(|view| view.status.clone()))
}

const fn name(status: &Status) -> &'static str {
    match status {
        Status::Connecting => "connecting",
        Status::Connected => "connected",
        Status::Reconnecting { .. } => "reconnecting",
        Status::Stopped { .. } => "stopped",
    }
}

/// One word, which screen readers hear when it changes. The countdown is not part of it: they would hear every second.
#[component]
pub fn State(shared: Shared) -> impl IntoView {
    let status = status(shared);
    view! {
        <span class="state" data-state=move || status.with(name)>
            <span role="status">
                {move || status.with(|status| match status {
                    Status::Connecting => "Connecting",
                    Status::Connected => "Connected",
                    Status::Reconnecting { .. } => "Reconnecting",
                    Status::Stopped { .. } => "Disconnected",
                })}
                <span class="unseen">
                    {move || status.with(|status| match status {
                        Status::Stopped { reason } => format!(". {reason}"),
                        _ => String::new(),
                    })}
                </span>
            </span>
        </span>
    }
}

/// What is happening and what can be done; not there while all is well.
#[component]
pub fn Detail(shared: Shared, now: ReadSignal<Millis>) -> impl IntoView {
    let status = status(shared);
    let try_now = move |_| shared.send(Event::TryNow);
    move || {
        match status.get() {
        Status::Connecting | Status::Connected => None,
        Status::Reconnecting { next_try_at } => Some(
            view! {
                <div class="notice" data-state="reconnecting">
                    <p>
                        <b>{"Connection lost. "}</b>
                        {move || next_try_at.map_or_else(
                            || "Trying to reconnect…".to_owned(),
                            |at| format!("Next try in {} s.", seconds_until(at, now.get())),
                        )}
                        <span class="aside">{"Nothing is lost: missed alerts follow."}</span>
                    </p>
                    <button type="button" class="button" data-action="try-now" on:click=try_now disabled=next_try_at.is_none()>{"Try now"}</button>
                </div>
            }
            .into_any(),
        ),
        Status::Stopped { reason } => Some(
            view! {
                <div class="notice" data-state="stopped">
                    <p><b>{"No alerts arrive. "}</b>{reason}</p>
                    <button type="button" class="button" data-action="try-now" on:click=try_now>{"Reconnect"}</button>
                </div>
            }
            .into_any(),
        ),
    }
    }
}

/// The offer to load the version that the server runs.
#[component]
pub fn Outdated(shared: Shared) -> impl IntoView {
    let is_outdated = Memo::new(move |_| shared.view.with(|view| view.is_outdated));
    let reload = |_| {
        if let Some(window) = web_sys::window() {
            // Fails only where the page may not navigate itself; then the offer stays.
            let _ = window.location().reload();
        }
    };
    move || {
        is_outdated.get().then(|| {
            view! {
                <div class="notice" data-state="outdated">
                    <p>{"A newer version of this panel is ready."}</p>
                    <button type="button" class="button" data-action="reload" on:click=reload>{"Reload"}</button>
                </div>
            }
        })
    }
}
