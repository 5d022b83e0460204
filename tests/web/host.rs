//! What the host page hears: decisions, and snippets that it may take.

use cuecard_protocol::{Card, Seq, ServerMessage};
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::support::{
    OnPage, all_sent, heard, held, listen_to, prompt, say, suggestion, take_inserts, until,
};

fn panel() -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", "A-1").expect("an attribute");
    listen_to(&panel.0);
    panel.attached()
}

fn find(panel: &OnPage, selector: &str) -> Option<HtmlElement> {
    let root = panel.0.shadow_root()?;
    root.query_selector(selector).ok()??.dyn_into().ok()
}

async fn click(panel: &OnPage, selector: &str) {
    until(selector, || find(panel, selector).is_some()).await;
    if let Some(button) = find(panel, selector) {
        button.click();
    }
}

async fn connected() -> OnPage {
    let panel = panel();
    until("connected", || {
        find(&panel, ".state[data-state='connected']").is_some()
    })
    .await;
    panel
}

fn message(seq: u64, card: &Card) -> String {
    let card = card.clone();
    let seq = Seq(seq);
    serde_json::to_string(&ServerMessage::Card { seq, card }).expect("JSON")
}

fn events() -> Value {
    serde_json::from_str(&heard()).expect("JSON")
}

#[wasm_bindgen_test]
async fn a_host_that_takes_the_text_is_all_it_needs() {
    let panel = connected().await;
    take_inserts(true);
    say(&message(1, &prompt("ph-1", true).card));
    click(&panel, "[data-card-id='ph-1'] button.insert").await;
    assert_eq!(
        events(),
        json!([{"type": "cuecard:insert", "bubbles": true, "composed": true, "cancelable": true, "detail": {
            "card_id": "ph-1", "interaction_id": "INT-1", "snippet_id": "KB-1", "text": "Text of KB-1"}}])
    );
    until("it was said so", || {
        find(&panel, "[data-handed='Inserted']").is_some()
    })
    .await;
    assert!(all_sent().contains(r#""card_id":"ph-1","kind":"adopted""#));
}

#[wasm_bindgen_test]
async fn a_text_that_nobody_takes_goes_to_the_clipboard_or_says_that_it_cannot() {
    let panel = connected().await;
    take_inserts(false);
    say(&message(1, &prompt("ph-2", true).card));
    click(&panel, "[data-card-id='ph-2'] button.insert").await;
    // Whether the browser allows it depends on who runs it; the panel says what was the case.
    until("it was said so", || {
        find(
            &panel,
            "[data-handed='Copied'], [data-handed='Could not copy']",
        )
        .is_some()
    })
    .await;
    let is_copied = find(&panel, "[data-handed='Copied']").is_some();
    assert_eq!(
        all_sent().contains(r#""card_id":"ph-2","kind":"adopted""#),
        is_copied
    );
}

#[wasm_bindgen_test]
async fn the_host_hears_what_was_accepted_and_nothing_is_left_behind() {
    let before = held();
    let panel = connected().await;
    say(&message(1, &suggestion("sh-1").card));
    click(&panel, "[data-card-id='sh-1'] button.accept").await;
    assert_eq!(
        events(),
        json!([{"type": "cuecard:accept", "bubbles": true, "composed": true, "cancelable": false,
            "detail": {"card_id": "sh-1", "interaction_id": "INT-1", "kind": "suggestion"}}])
    );
    until("the row says so", || {
        find(
            &panel,
            ".decided[data-card-id='sh-1'][data-state='deciding']",
        )
        .is_some()
    })
    .await;
    drop(panel);
    until("all is let go", || held() == before).await;
}
