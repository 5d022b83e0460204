//! The keyboard alone is enough.

use cuecard_panel::{CardState, Event, Filter, Status, Way};
use cuecard_protocol::{CardId, Millis};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Stage, live, prompt, suggestion, view};

fn id(id: &str) -> CardId {
    CardId::parse(id).expect("an id")
}

fn dismiss(card: &str) -> Event {
    Event::Dismiss {
        card_id: id(card),
        reason: None,
    }
}

fn insert(card: &str, snippet: &str) -> Event {
    Event::Take {
        card_id: id(card),
        snippet_id: snippet.into(),
        way: Way::Insert,
        values: Vec::new(),
    }
}

#[wasm_bindgen_test]
async fn arrows_go_from_card_to_card_and_stop_at_the_ends() {
    let stage = Stage::new();
    let mut gone = suggestion("b");
    gone.state = CardState::Undoable {
        until: cuecard::shell::now().plus(Millis(5_000)),
        reason: None,
    };
    stage
        .show(view(vec![live("a", 0), gone, suggestion("c")]))
        .await;
    for (key, focused) in [
        ("ArrowDown", "a"),
        ("ArrowDown", "c"),
        ("j", "c"),
        ("k", "a"),
        ("ArrowUp", "a"),
    ] {
        assert!(stage.press(key), "{key}");
        assert_eq!(stage.focused(), focused, "{key}");
    }
    assert_eq!(stage.done(), []);
}

#[wasm_bindgen_test]
async fn enter_accepts_delete_dismisses_and_both_go_on() {
    let stage = Stage::new();
    let cards = ["a", "b", "c"].map(suggestion);
    stage.show(view(cards.to_vec())).await;
    stage.press("ArrowDown");
    assert!(stage.press("Enter") && stage.press("Delete") && stage.press("Backspace"));
    assert_eq!(
        stage.done(),
        [Event::Accept(id("a")), dismiss("b"), dismiss("c")]
    );
    // After the last card comes the one before it.
    assert_eq!(stage.focused(), "b");
}

#[wasm_bindgen_test]
async fn enter_on_an_alert_or_a_button_decides_nothing_by_itself() {
    let stage = Stage::new();
    stage.show(view(vec![live("a", 0), suggestion("s")])).await;
    stage.press("ArrowDown");
    assert!(!stage.press("Enter"));
    stage
        .one("[data-card-id='s'] button.accept")
        .focus()
        .expect("focus");
    assert!(!stage.press("Enter"), "the button's own");
    assert_eq!(stage.done(), []);
}

#[wasm_bindgen_test]
async fn numbers_pick_a_snippet_of_the_focused_prompt_from_another_card_of_the_topmost() {
    let stage = Stage::new();
    stage
        .show(view(vec![
            prompt("p1", true),
            live("a", 0),
            prompt("p2", false),
        ]))
        .await;
    assert!(!stage.press("2"), "no card has the focus");
    stage.one("[data-card-id='a']").focus().expect("focus");
    assert!(stage.press("2"));
    stage.press("ArrowDown");
    assert_eq!(stage.focused(), "p2");
    assert!(stage.press("1") && stage.press("Enter"));
    assert!(!stage.press("3"), "there is no third");
    assert_eq!(
        stage.done(),
        [
            insert("p1", "KB \"2\""),
            insert("p2", "KB-1"),
            insert("p2", "KB-1")
        ]
    );
}

#[wasm_bindgen_test]
async fn z_takes_the_last_dismissal_back() {
    let stage = Stage::new();
    let rows = [("a", 3_000), ("b", 5_000), ("c", 4_000)].map(|(name, ms)| {
        let mut row = suggestion(name);
        row.state = CardState::Undoable {
            until: cuecard::shell::now().plus(Millis(ms)),
            reason: None,
        };
        row
    });
    stage.show(view(rows.to_vec())).await;
    assert!(stage.press("z"));
    assert_eq!(stage.done(), [Event::Undo(id("b"))]);
}

#[wasm_bindgen_test]
async fn the_sheet_of_keys_comes_and_goes() {
    let stage = Stage::new();
    stage.show(view(vec![suggestion("a")])).await;
    let is_shown = || stage.all(".keys:not([hidden])").len() == 1;
    stage.press("ArrowDown");
    for (key, shown) in [("?", true), ("?", false), ("?", true), ("Escape", false)] {
        assert!(stage.press(key), "{key}");
        TimeoutFuture::new(5).await;
        assert_eq!(is_shown(), shown, "{key}");
    }
    assert!(!stage.press("Escape"), "there is nothing left to leave");
    assert_eq!(stage.focused(), "a");
}

#[wasm_bindgen_test]
async fn where_the_agent_writes_keys_are_letters() {
    let stage = Stage::new();
    stage
        .show(view(vec![suggestion("a"), prompt("p", false)]))
        .await;
    assert!(stage.press("/"));
    TimeoutFuture::new(5).await;
    assert_eq!(stage.focused(), "query");
    for key in ["1", "z", "j", "Delete", "?", "/", "Enter"] {
        assert!(!stage.press(key), "{key}");
    }
    assert!(stage.press("Escape"));
    TimeoutFuture::new(5).await;
    assert_eq!(stage.focused(), "a");
    assert_eq!(stage.all(".find[hidden]").len(), 1);
    assert_eq!(stage.done(), [Event::Filter(Filter::default())]);
}

#[wasm_bindgen_test]
async fn the_keyboard_stays_in_the_panel_when_its_button_goes() {
    let stage = Stage::new();
    let many = ["a", "b", "c", "d"].map(suggestion).to_vec();
    stage.show(view(many)).await;
    stage.press("?");
    stage.one(".hide-keys").focus().expect("focus");
    assert!(stage.press("Escape"));
    assert_eq!(stage.focused(), "panel", "the sheet is closed");

    stage.one("button.search").click();
    stage.show(view(vec![suggestion("a")])).await;
    stage.one("button.search").focus().expect("focus");
    stage.one("button.search").click();
    assert_eq!(stage.focused(), "panel", "there is little to search");

    let mut down = view(vec![]);
    let trying = Status::Reconnecting { next_try_at: None };
    for status in [Status::Connecting, trying.clone(), trying] {
        down.status = status;
        stage.show(down.clone()).await;
    }
    stage.one("[data-action='try-now']").focus().expect("focus");
    stage.show(view(vec![])).await;
    assert_eq!(stage.focused(), "panel", "the notice is gone");
}
