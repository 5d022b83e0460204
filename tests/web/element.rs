//! `<cuecard-panel>` from the host's side: on the page, off it, and on it again.

use cuecard_protocol::{AlertLevel, Seq, ServerMessage};
use gloo_timers::future::TimeoutFuture;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::ShadowRoot;

use crate::support::{OnPage, all_requests, all_sent, card, give_assertions, held, say, until};

fn panel(agent: &str) -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", agent).expect("an attribute");
    panel.attached()
}

fn root(panel: &OnPage) -> ShadowRoot {
    panel.0.shadow_root().expect("an open shadow root")
}

fn shows(panel: &OnPage, selector: &str) -> bool {
    root(panel)
        .query_selector(selector)
        .is_ok_and(|found| found.is_some())
}

fn message(seq: u64, id: &str) -> String {
    let card = (*card(id, AlertLevel::Critical, "<p>hello</p>")).clone();
    serde_json::to_string(&ServerMessage::Card {
        seq: Seq(seq),
        card,
    })
    .expect("JSON")
}

#[wasm_bindgen_test]
async fn a_panel_that_is_built_anew_while_it_speaks_is_whole() {
    let panel = panel("A-anew");
    let element = panel.0.clone();
    let heard = Closure::<dyn FnMut()>::new(move || {
        if !element.has_attribute("lang") {
            element.set_attribute("lang", "en-GB").expect("a language");
        }
    });
    panel
        .0
        .add_event_listener_with_callback("cuecard:status", heard.as_ref().unchecked_ref())
        .expect("a listener");
    until("connected", || {
        panel.0.has_attribute("lang") && shows(&panel, ".state[data-state='connected']")
    })
    .await;
    assert_eq!(root(&panel).child_nodes().length(), 1);
    assert!(shows(&panel, ".tools > button + button + button"));
    assert!(!shows(&panel, ".notice:not([hidden])"));
    say(&message(1, "anew"));
    until("the card is on screen", || {
        shows(&panel, "article[data-card-id='anew']")
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_card_comes_and_is_reported_and_everything_is_let_go() {
    let before = held();
    for round in 0..3 {
        let panel = panel("A-1");
        until("connected", || {
            shows(&panel, ".state[data-state='connected']")
        })
        .await;
        say(&message(1, &format!("card-{round}")));
        until("the card is on screen", || {
            shows(&panel, &format!("article[data-card-id='card-{round}']"))
        })
        .await;
        until("the card was reported", || {
            all_sent().contains(&format!(r#""card_id":"card-{round}","kind":"rendered""#))
        })
        .await;
        let held_root = root(&panel);
        panel.0.remove();
        assert_eq!(
            held_root.child_nodes().length(),
            0,
            "nodes stay after the element has left"
        );
        // What was on its way when the panel left.
        TimeoutFuture::new(20).await;
        assert_eq!(held(), before, "round {round}");
    }
}

#[wasm_bindgen_test]
async fn a_panel_that_is_moved_is_built_again() {
    let before = held();
    let panel = panel("A-1");
    until("connected", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
    let elsewhere = OnPage::new("div").attached();
    elsewhere.0.append_child(&panel.0).expect("moved");
    until("connected again", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
    assert_eq!(
        root(&panel)
            .query_selector_all(".panel")
            .expect("a list")
            .length(),
        1
    );
    drop(panel);
    TimeoutFuture::new(20).await;
    assert_eq!(held(), before);
}

#[wasm_bindgen_test]
async fn a_panel_that_leaves_at_once_leaves_nothing() {
    // What other tests had on its way.
    TimeoutFuture::new(50).await;
    let before = held();
    let panel = panel("A-1");
    drop(panel);
    TimeoutFuture::new(50).await;
    assert_eq!(held(), before);
}

#[wasm_bindgen_test]
async fn several_panels_live_side_by_side() {
    let (one, two) = (panel("A-1"), panel("A-2"));
    until("both are connected", || {
        [&one, &two]
            .iter()
            .all(|panel| shows(panel, ".state[data-state='connected']"))
    })
    .await;
    // The newest socket is that of the second.
    say(&message(1, "only-two"));
    until("the card is on screen", || shows(&two, "article")).await;
    assert!(!shows(&one, "article"));
    drop(one);
    say(&message(2, "still"));
    until("the other goes on", || {
        shows(&two, "article[data-card-id='still']")
    })
    .await;
}

#[wasm_bindgen_test]
async fn every_request_carries_header_and_cookie_and_no_ticket_is_in_an_address() {
    let panel = panel("A-9");
    until("connected", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
    let requests: Vec<Value> = serde_json::from_str(&all_requests()).expect("JSON");
    let mine = requests
        .iter()
        .position(|request| request["body"] == r#"{"agent_id":"A-9"}"#)
        .expect("a session for A-9");
    for (request, path) in requests[mine..].iter().zip(["/api/session", "/api/ticket"]) {
        assert_eq!(request["pathname"], path);
        assert_eq!(request["header"], "1");
        assert_eq!(request["credentials"], "include");
    }
}

#[wasm_bindgen_test]
async fn the_host_gives_assertions_by_a_function() {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    give_assertions(&panel.0);
    let panel = panel.attached();
    until("connected", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
    assert!(
        all_requests().contains(r#"{\"assertion\":\"signed-false\"}"#),
        "{}",
        all_requests()
    );
}

#[wasm_bindgen_test]
async fn without_an_agent_the_panel_says_so() {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel").attached();
    until("stopped", || {
        shows(&panel, ".notice[data-state='stopped']:not([hidden])")
    })
    .await;
    panel.0.set_attribute("agent", "A-1").expect("an attribute");
    until("connected", || {
        shows(&panel, ".state[data-state='connected']")
    })
    .await;
}
