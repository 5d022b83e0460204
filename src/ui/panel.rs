//! The panel: header, status, feed, live regions.

use leptos::prelude::*;

use super::age;
use super::announcer::{Announcements, Announcer};
use super::feed::Feed;
use super::screen::Shared;
use super::status::{Detail, Outdated, State};

/// Everything inside the shadow root.
#[component]
pub fn Panel(shared: Shared, announcements: Announcements) -> impl IntoView {
    let now = age::clock(shared);
    let agent = Memo::new(move |_| {
        shared
            .view
            .with(|view| view.agent_id.as_ref().map(ToString::to_string))
    });
    view! {
        <section class="panel" part="panel" aria-label="Agent assist">
            <header class="head">
                <h2 class="name">{"Assist"}</h2>
                <Count shared />
                <div class="who">
                    <State shared />
                    {move || agent.get().map(|agent| view! { <span class="agent" title="Signed-in agent">{agent}</span> })}
                </div>
            </header>
            <Detail shared now />
            <Outdated shared />
            <Feed shared now />
            <Announcer announcements />
        </section>
    }
}

/// How many cards are on show; nothing for none.
#[component]
fn Count(shared: Shared) -> impl IntoView {
    let count = Memo::new(move |_| {
        shared.view.with(|view| {
            view.cards
                .iter()
                .filter(|card| card.state == cuecard_panel::CardState::Live)
                .count()
        })
    });
    move || {
        let count = count.get();
        (count > 0).then(|| {
            let words = if count == 1 {
                "1 alert".to_owned()
            } else {
                format!("{count} alerts")
            };
            view! { <span class="count" aria-label=words>{count}</span> }
        })
    }
}
