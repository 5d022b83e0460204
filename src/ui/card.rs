//! One card. Many may come at once, so a card is a copy of a skeleton that was built once, filled by hand: few nodes,
//! few calls into the browser, no effect and no listener of its own.

use std::rc::Rc;

use cuecard_protocol::{Alert, AlertLevel, CardBody, Millis};
use leptos::prelude::*;
use leptos::tachys::view::{Mountable, Render};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DocumentFragment, Element, HtmlElement, Node};

use super::age;
use super::screen::Shared;
use crate::shell;

/// When the card came, by the server's clock; read again whenever ages are brought up to date.
const RECEIVED_AT: &str = "data-at";

/// A card of any kind.
#[component]
pub fn Card(shared: Shared, card: Rc<cuecard_protocol::Card>) -> impl IntoView {
    let CardBody::Alert(alert) = &card.body;
    let class = match alert.level {
        AlertLevel::Critical => "card critical",
        AlertLevel::High => "card high",
    };
    let fill = move |article: Element| {
        let CardBody::Alert(alert) = &card.body;
        // Fails only if skeleton and filling do not fit together, which any card at all would show.
        if let Err(error) = fill_alert(shared, &article, &card, alert) {
            leptos::logging::error!("card {} could not be drawn: {error:?}", card.id);
        }
        shared.observe(&article);
        let article = SendWrapper::new(article);
        on_cleanup(move || shared.unobserve(&article));
    };
    view! { <article class=class use:fill></article> }
}

/// Brings the ages of all cards below `list` up to date.
pub fn refresh_ages(list: &Element, now: Millis, clock_offset: i64) {
    let Ok(ages) = list.query_selector_all("time") else {
        return;
    };
    for index in 0..ages.length() {
        let Some(element) = ages
            .get(index)
            .and_then(|node| node.dyn_into::<Element>().ok())
        else {
            continue;
        };
        if let Some(at) = element
            .get_attribute(RECEIVED_AT)
            .and_then(|at| at.parse().ok())
        {
            element.set_text_content(Some(&age_of(Millis(at), now, clock_offset)));
        }
    }
}

fn age_of(received_at: Millis, now: Millis, clock_offset: i64) -> String {
    age::age(Millis(now.0.saturating_add_signed(clock_offset)).since(received_at))
}

fn fill_alert(
    shared: Shared,
    article: &Element,
    card: &cuecard_protocol::Card,
    alert: &Alert,
) -> Result<(), JsValue> {
    let level = match alert.level {
        AlertLevel::Critical => "Critical",
        AlertLevel::High => "High",
    };
    article.set_attribute("data-card-id", card.id.as_str())?;
    article.set_attribute("data-kind", card.kind())?;
    article.set_attribute("data-level", alert.level.as_str())?;
    article.set_attribute("aria-label", &format!("{level} alert: {}", alert.title))?;
    article.append_child(&copy_of_skeleton()?)?;

    let badge = article.first_element_child().ok_or("no badge")?;
    badge.set_text_content(Some(level));
    let title = next(&badge)?;
    title.set_text_content(Some(&alert.title));
    let score = next(&title)?;
    match alert.score {
        Some(value) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a score lies in 0 to 1, and a cast saturates"
            )]
            let percent = format!("{}%", (value * 100.0).round() as u8);
            score
                .unchecked_ref::<HtmlElement>()
                .style()
                .set_property("--score", &percent)?;
            score.set_text_content(Some(&format!("Risk {percent}")));
        }
        None => score.set_attribute("hidden", "")?,
    }
    let received = next(&score)?;
    let offset = shared.view.with_untracked(|view| view.clock_offset);
    received.set_attribute(RECEIVED_AT, &card.received_at.0.to_string())?;
    received.set_text_content(Some(&age_of(card.received_at, shell::now(), offset)));
    let dismiss = next(&received)?;
    dismiss.set_attribute("aria-label", &format!("Dismiss {}", alert.title))?;
    let body = next(&dismiss)?;
    shared.clean_into(&alert.html, &body);
    next(&body)?.set_text_content(Some(card.interaction_id.as_str()));
    Ok(())
}

fn next(element: &Element) -> Result<Element, JsValue> {
    element
        .next_element_sibling()
        .ok_or_else(|| "the skeleton of a card is too short".into())
}

thread_local! {
    static SKELETON: Result<DocumentFragment, JsValue> = skeleton();
}

fn copy_of_skeleton() -> Result<Node, JsValue> {
    SKELETON.with(|skeleton| {
        skeleton
            .as_ref()
            .map_err(Clone::clone)?
            .clone_node_with_deep(true)
    })
}

/// The children of an alert's article, in reading order; [`fill_alert`] goes through them in this order.
fn skeleton() -> Result<DocumentFragment, JsValue> {
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?;
    let holder = document.create_element("div")?;
    let children = view! {
        <span class={"badge"}></span>
        <h3 class={"title"}></h3>
        <span class={"score"}></span>
        <time class={"age"}></time>
        <button type={"button"} class={"dismiss"} data-action={"dismiss"} title={"Dismiss"}></button>
        <div class={"body"}></div>
        <p class={"interaction"}></p>
    };
    children.build().mount(&holder, None);
    let fragment = document.create_document_fragment();
    while let Some(child) = holder.first_child() {
        fragment.append_child(&child)?;
    }
    Ok(fragment)
}
