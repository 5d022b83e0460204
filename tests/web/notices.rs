//! Notifications of the browser: asked for after a click, shown by one tab, gone with the panel.

use cuecard_panel::View;
use cuecard_protocol::{AlertLevel, Card, Seq, ServerMessage};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::support::{
    OnPage, Stage, all_notices, card, click_notice, held, locks, other_tab, permit, say,
    set_visible, suggestion, task, times_asked, until, until_locks, view,
};

/// The lock of the visible tabs.
const LOCK: &str = "cuecard-visible:A-1";

fn find(panel: &OnPage, selector: &str) -> Option<HtmlElement> {
    let root = panel.0.shadow_root()?;
    root.query_selector(selector).ok()??.dyn_into().ok()
}

async fn connected() -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", "A-1").expect("an attribute");
    let panel = panel.attached();
    until("connected", || {
        find(&panel, ".state[data-state='connected']").is_some()
    })
    .await;
    panel
}

fn come(seq: u64, card: &Card) {
    let (seq, card) = (Seq(seq), card.clone());
    say(&serde_json::to_string(&ServerMessage::Card { seq, card }).expect("JSON"));
}

fn shown() -> Value {
    serde_json::from_str(&all_notices()).expect("JSON")
}

fn critical(id: &str) -> Card {
    (*card(id, AlertLevel::Critical, "")).clone()
}

#[wasm_bindgen_test]
async fn a_hidden_tab_tells_a_click_leads_to_the_card_and_the_end_takes_it_back() {
    permit("granted");
    let before = held();
    let panel = connected().await;
    come(1, &critical("seen"));
    set_visible(false);
    // The lock of the visible tabs is free a moment later.
    until_locks(LOCK, "0,0").await;
    come(2, &task("t1").card);
    until("a notice", || shown() != json!([])).await;
    let notice = |is_open: bool| json!([{"title": "New task", "tag": "t1", "body": "Follow-up required", "isOpen": is_open}]);
    assert_eq!(shown(), notice(true));
    click_notice();
    set_visible(true);
    until("the card has the focus", || {
        find(&panel, "[data-card-id='t1']:focus").is_some()
    })
    .await;
    assert_eq!(shown(), notice(false));
    drop(panel);
    until("all is let go", || held() == before).await;
}

#[wasm_bindgen_test]
async fn nobody_is_told_while_another_tab_is_visible_or_without_permission() {
    for (permission, is_visible, told) in [
        ("denied", false, 0),
        ("granted", true, 0),
        ("granted", false, 1),
    ] {
        permit(permission);
        let panel = connected().await;
        other_tab("A-1", is_visible);
        set_visible(false);
        until_locks(LOCK, if is_visible { "1,0" } else { "0,0" }).await;
        come(1, &critical("c"));
        let count = || shown().as_array().map_or(0, Vec::len);
        until("it is told", || count() >= told).await;
        // Whoever asked for the lock before has its answer before.
        locks(LOCK).await;
        assert_eq!(count(), told, "{permission}, visible: {is_visible}");
        other_tab("A-1", false);
        set_visible(true);
        drop(panel);
    }
}

#[wasm_bindgen_test]
async fn the_offer_comes_with_a_reason_and_is_made_until_it_is_answered() {
    let stage = Stage::new();
    let is_shown = || stage.all(".offer:not([hidden])").len() == 1;
    let with = |has_missed, shows_tasks| View {
        has_missed,
        shows_tasks,
        ..view(vec![suggestion("a")])
    };
    permit("default");
    for (has_missed, shows_tasks, is_wanted) in [
        (false, false, false),
        (true, false, true),
        (false, true, true),
    ] {
        stage.show(with(has_missed, shows_tasks)).await;
        assert_eq!(is_shown(), is_wanted);
    }
    permit("denied");
    stage.show(with(true, true)).await;
    assert!(!is_shown());
    permit("default");
    stage.show(with(true, false)).await;
    assert!(is_shown());
    assert_eq!(times_asked(), 0);
    stage.one(".ask-notices").click();
    TimeoutFuture::new(5).await;
    assert_eq!((times_asked(), is_shown()), (1, false));
    // The browser would let us ask again; we do not, in this life of the page or the next.
    permit("default");
    stage.show(with(false, true)).await;
    assert!(!is_shown());
    let window = web_sys::window().expect("a window");
    let storage = window.local_storage().ok().flatten().expect("storage");
    assert_eq!(
        storage
            .get_item("cuecard:notices")
            .ok()
            .flatten()
            .as_deref(),
        Some("no")
    );
    storage.remove_item("cuecard:notices").expect("storage");
}
