//! What stands in the place of a dismissed card while the dismissal can be taken back.

use cuecard_protocol::Millis;
use leptos::prelude::*;

use super::age::seconds_until;
use crate::shell;

/// "Dismissed", what, and for how long it can be undone.
#[component]
pub fn UndoRow(now: ReadSignal<Millis>, id: String, title: String, until: Millis) -> impl IntoView {
    let label = format!("Undo dismissing {title}");
    let remaining = format!("{}ms", until.since(shell::now()).0);
    view! {
        <div class="undo" data-card-id=id style:--remaining=remaining>
            <span class="undo-text">{"Dismissed "} <span class="undo-title">{title}</span></span>
            <button type="button" class="button" data-action="undo" aria-label=label>{"Undo"}</button>
            <span class="undo-time" aria-hidden="true">{move || format!("{} s", seconds_until(until, now.get()))}</span>
        </div>
    }
}
