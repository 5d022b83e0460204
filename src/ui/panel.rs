//! The panel: header, status, search, feed, keys, live regions. Leptos makes the elements, once; `patch` brings what changes
//! about them up to date.

use cuecard_panel::Status;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

use super::patch::{Part, Text};
use super::skeleton::{self, next};
use super::surroundings::{Open, State};
use super::{composer, drawn, find, keys, reading, status, tasks};
use crate::shell::Words;

/// From this many cards on, the search is worth a button; its key works always.
const WORTH_SEARCHING: usize = 4;

/// Everything that will be inside the shadow root.
pub fn build(words: &Words, has_composer: bool) -> Result<Element, JsValue> {
    let view = view! {
        <section class="panel" part="panel" aria-label=words.say("Agent assist") lang=words.tag() dir=words.direction() tabindex="-1">
            <header class="head" part="header">
                <h2 class="name">{words.say("Assist")}</h2>
                <span class={"count"} part="count"></span>
                <div class="who">
                    <span class={"state"} part="state">
                        <span><span class={"word"}></span><span class={"unseen stop-reason"}></span></span>
                    </span>
                    <span class="agent" title=words.say("Signed-in agent")></span>
                </div>
                <div class={"tools"} part="tools"></div>
            </header>
            <div class={"switch"} part="switch"></div>
            <div class={"find"} part="find"></div>
            <div class="notice" part="notice">
                <p>
                    <b class={"trouble"}></b>" "<span class={"detail"}></span>
                    <span class="aside">{words.say("Nothing is lost: missed cards follow.")}</span>
                </p>
                <button type="button" class={"button"} part="button" data-action="try-now"></button>
            </div>
            <div class="notice newer" part="notice" data-state="outdated">
                <p>{words.say("A newer version of this panel is ready.")}</p>
                <button type="button" class="button" part="button" data-action="reload">{words.say("Reload")}</button>
            </div>
            <div class={"notice offer"} part="notice offer"></div>
            <div class={"news"} part="news"></div>
            <div class={"feed"} part="feed" tabindex="-1"></div>
            <p class={"hidden-count older"}></p>
            <div class={"empty"} part="empty"><p class={"empty-title"}></p><p class={"empty-text"}></p></div>
            <p class="hidden-count filtered">
                <span class={"filtered-count"}></span>
                <button type="button" class="button" part="button" data-action="clear-filter">{words.say("Clear")}</button>
            </p>
            <div class={"composer"} part="composer"></div>
            <div class={"keys"} part="keys"></div>
            <div class={"unseen"} aria-live="polite" aria-atomic="true"></div>
            <div class={"unseen"} aria-live="assertive" aria-atomic="true"></div>
        </section>
    };
    let place = web_sys::DocumentFragment::new()?;
    view.build().mount(place.unchecked_ref(), None);
    let panel = place.first_element_child().ok_or("no panel")?;
    for (selector, fill) in FILLED {
        let part = panel.query_selector(selector)?.ok_or(*selector)?;
        fill(&part, words)?;
    }
    let part = panel.query_selector(".composer")?.ok_or("no composer")?;
    composer::fill(&part, words, has_composer)?;
    Ok(panel)
}

/// Fills an empty element, in the agent's language.
type Fill = fn(&Element, &Words) -> Result<(), JsValue>;

/// The parts that are built out of a skeleton.
const FILLED: &[(&str, Fill)] = &[
    (".tools", fill_tools),
    (".switch", tasks::fill_switch),
    (".find", find::fill),
    (".offer", tasks::fill_offer),
    (".news", reading::fill),
    (".keys", keys::fill),
];

/// The words that change.
pub const TEXTS: &[Text] = &[
    (".count", |state, words| words.quantity(state.live)),
    (".word", status::word),
    (".stop-reason", status::reason),
    (".agent", |state, _| state.agent.clone()),
    (".trouble", status::notice),
    ("[data-action=try-now]", status::way_out),
    (".older", |state, words| {
        words.count("{0} older card hidden|{0} older cards hidden", state.hidden)
    }),
    (".empty-title", empty_title),
    (".empty-text", empty_text),
    (".filtered-count", |state, words| {
        words.count(
            "{0} card hidden by the filter|{0} cards hidden by the filter",
            state.filtered,
        )
    }),
];

/// The parts that are there at times only.
pub const PARTS: &[Part] = &[
    (".count", |state| state.live > 0),
    (".agent", |state| !state.agent.is_empty()),
    (".notice", status::is_down),
    (".notice .aside", status::is_reconnecting),
    (".newer", |state| state.is_outdated),
    (".older", |state| state.hidden > 0),
    (".empty", |state| state.is_empty),
    (".filtered", |state| state.filtered > 0),
    (".icon.search", is_worth_searching),
    (".find", |state| state.open.search),
    (".keys", |state| state.open.keys),
];

/// What stands in for an empty list: calm, and true; it says so when the panel could not know.
fn empty_title(state: &State, words: &Words) -> String {
    words.say(match state.status {
        _ if state.filtered > 0 => "Nothing matches",
        Status::Connected | Status::Reconnecting { .. } => "No cards",
        Status::Connecting => "Getting ready",
        Status::Stopped { .. } => "Not connected",
    })
}

fn empty_text(state: &State, words: &Words) -> String {
    words.say(match state.status {
        _ if state.filtered > 0 => "No card on show matches.",
        Status::Connected => "When a conversation needs your attention, it shows up here.",
        Status::Connecting => "Cards show up here as soon as the panel is connected.",
        Status::Reconnecting { .. } => "What comes meanwhile shows up once the connection is back.",
        Status::Stopped { .. } => "Cards show up here once the panel is connected again.",
    })
}

/// [`fill_tools`] goes through them in this order.
const TOOLS: skeleton::Parts = &[
    ("button", "icon search"),
    ("button", "icon insights"),
    ("button", "icon keyboard"),
];

fn fill_tools(tools: &Element, words: &Words) -> Result<(), JsValue> {
    tools.append_child(&skeleton::copy(TOOLS)?)?;
    let search = tools.first_element_child().ok_or("no search")?;
    search.set_attribute("aria-label", &words.say("Search"))?;
    search.set_attribute("title", &with_key(words, "Search", "/"))?;
    let insights = next(&search)?;
    insights.set_attribute("aria-label", &words.say("Insights"))?;
    insights.set_attribute("title", &with_key(words, "Insights", "I"))?;
    insights.set_attribute("aria-expanded", "false")?;
    let keyboard = next(&insights)?;
    keyboard.set_attribute("aria-label", &words.say("Keyboard"))?;
    keyboard.set_attribute("title", &with_key(words, "Keyboard", "?"))
}

/// What a button does, and the key that does it, too.
pub fn with_key(words: &Words, what: &'static str, key: &str) -> String {
    format!("{} ( {key} )", words.say(what))
}

/// Names the count of cards.
pub fn name_count(panel: &Element, words: &Words, state: &State) -> Result<(), JsValue> {
    let Some(count) = panel.query_selector(".count")? else {
        return Ok(());
    };
    // A bare `span` may not have a name.
    count.set_attribute("role", "img")?;
    count.set_attribute("aria-label", &words.count("{0} card|{0} cards", state.live))
}

fn is_worth_searching(state: &State) -> bool {
    // Without the cards that wait: a button that comes moves what stands beside it.
    let searched = state.live - state.waiting + state.filtered;
    searched >= WORTH_SEARCHING || state.open.search
}

/// Says on the buttons what the agent has opened.
pub fn name_open(panel: &Element, open: Open) -> Result<(), JsValue> {
    for (tool, is_open) in [(".icon.search", open.search), (".icon.keyboard", open.keys)] {
        if let Some(tool) = panel.query_selector(tool)? {
            tool.set_attribute("aria-expanded", drawn::word(is_open))?;
        }
    }
    Ok(())
}
