//! The panel: header, status, feed, live regions.

use leptos::prelude::*;

use super::age;
use super::announcer::{Announcements, Announcer};
use super::feed::Feed;
use super::screen::Shared;
use super::status::{Connection, Notices};
use super::surroundings::State;

/// Everything inside the shadow root.
#[component]
pub fn Panel(shared: Shared, announcements: Announcements) -> impl IntoView {
    let now = age::clock(shared);
    let about = shared.surroundings;
    view! {
        <section class="panel" part="panel" aria-label="Agent assist">
            <header class="head">
                <h2 class="name">{"Assist"}</h2>
                <span class="count" aria-label=about.text(count) hidden=about.unless(|state| state.live > 0)>
                    {about.text(|state| state.live.to_string())}
                </span>
                <div class="who">
                    <Connection shared />
                    <span class="agent" title="Signed-in agent" hidden=about.unless(|state| !state.agent.is_empty())>
                        {about.text(|state| state.agent.clone())}
                    </span>
                </div>
            </header>
            <Notices shared now />
            <Feed shared now />
            <Announcer announcements />
        </section>
    }
}

fn count(state: &State) -> String {
    let plural = if state.live == 1 { "" } else { "s" };
    format!("{} alert{plural}", state.live)
}
