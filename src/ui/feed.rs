//! The cards, in the core's order. One listener for all their buttons, one pass for all their ages.

use cuecard_panel::{CardState, CardView, Event, Status};
use cuecard_protocol::{CardBody, CardId, Millis};
use leptos::either::Either;
use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::card::{self, Card};
use super::screen::Shared;
use super::surroundings::State;
use super::undo::UndoRow;

/// One row; leptos wants it `Send`, though nothing leaves this thread.
#[derive(Clone)]
struct Row(SendWrapper<CardView>);

/// A row is drawn anew when any of these changes: the card, its replacement, or whether it has been dismissed.
#[derive(PartialEq, Eq, Hash)]
struct RowKey {
    id: CardId,
    revision: u32,
    is_dismissed: bool,
}

impl Row {
    fn key(&self) -> RowKey {
        RowKey {
            id: self.0.card.id.clone(),
            revision: self.0.revision,
            is_dismissed: self.0.state != CardState::Live,
        }
    }
}

/// The list, or what stands in for it.
#[component]
pub fn Feed(shared: Shared, now: ReadSignal<Millis>) -> impl IntoView {
    let rows = move || {
        shared.view.with(|view| {
            view.cards
                .iter()
                .map(|card| Row(SendWrapper::new(card.clone())))
                .collect::<Vec<_>>()
        })
    };
    let list = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let now = now.get();
        if let Some(list) = list.get() {
            let offset = shared.view.with_untracked(|view| view.clock_offset);
            card::refresh_ages(&list, now, offset);
        }
    });
    let about = shared.surroundings;
    view! {
        <div class="feed" tabindex="-1" node_ref=list on:click=move |event| act(shared, &event)>
            <For each=rows key=Row::key let:row>
                {match row.0.state {
                    CardState::Live => Either::Left(view! { <Card shared card=row.0.card.clone() /> }),
                    CardState::Undoable { until } => {
                        let CardBody::Alert(alert) = &row.0.card.body;
                        let (id, title) = (row.0.card.id.to_string(), alert.title.clone());
                        Either::Right(view! { <UndoRow now id title until /> })
                    }
                }}
            </For>
        </div>
        <p class="hidden-count" hidden=about.unless(|state| state.hidden > 0)>
            {about.text(|state| format!("{} older hidden", state.hidden))}
        </p>
        <div class="empty" hidden=about.unless(|state| state.is_empty)>
            <p class="empty-title">{about.word(empty_title)}</p>
            <p>{about.word(empty_text)}</p>
        </div>
    }
}

fn act(shared: Shared, event: &MouseEvent) {
    let closest = |selector| {
        let target = event.target()?.dyn_into::<Element>().ok()?;
        target.closest(selector).ok().flatten()
    };
    let action =
        closest("button[data-action]").and_then(|button| button.get_attribute("data-action"));
    let card = closest("[data-card-id]")
        .and_then(|card| card.get_attribute("data-card-id"))
        .and_then(|id| CardId::parse(id).ok());
    match (action.as_deref(), card) {
        (Some("dismiss"), Some(card)) => shared.send(Event::Dismiss(card)),
        (Some("undo"), Some(card)) => shared.send(Event::Undo(card)),
        _ => {}
    }
}

/// What stands in for an empty list: calm, and true; it says so when the panel could not know.
const fn empty_title(state: &State) -> &'static str {
    match state.status {
        Status::Connected | Status::Reconnecting { .. } => "No alerts",
        Status::Connecting => "Getting ready",
        Status::Stopped { .. } => "Not connected",
    }
}

const fn empty_text(state: &State) -> &'static str {
    match state.status {
        Status::Connected => "When a conversation needs your attention, it shows up here.",
        Status::Connecting => "Alerts show up here as soon as the panel is connected.",
        Status::Reconnecting { .. } => "What comes meanwhile shows up once the connection is back.",
        Status::Stopped { .. } => "Alerts show up here once the panel is connected again.",
    }
}
