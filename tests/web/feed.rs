//! A view becomes rows: only what changed is built anew, and the keyboard stays where the agent works.

use cuecard_panel::{CardState, Event, Status, Text};
use cuecard_protocol::{AlertLevel, CardId, Millis};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Stage, card, live, row, until, view};

#[wasm_bindgen_test]
async fn a_card_shows_all_that_it_says() {
    let stage = Stage::new();
    stage
        .show(view(vec![row(card(
            "c1",
            AlertLevel::High,
            "<p>threat <b>language</b></p>",
        ))]))
        .await;
    let article = stage.one("article[data-card-id='c1']");
    assert_eq!(article.get_attribute("data-kind").as_deref(), Some("alert"));
    assert_eq!(article.get_attribute("data-level").as_deref(), Some("HIGH"));
    assert_eq!(
        article.get_attribute("aria-label").as_deref(),
        Some("High alert: Title of c1")
    );
    for (selector, text) in [
        (".badge", "High"),
        ("h3.title", "Title of c1"),
        (".score", "Risk 97%"),
        ("time", "just now"),
        (".body", "threat language"),
        (".about", "Interaction INT-1"),
    ] {
        assert_eq!(
            stage.one(selector).text_content().as_deref(),
            Some(text),
            "{selector}"
        );
    }
    assert_eq!(
        stage
            .one("button[data-action='dismiss']")
            .get_attribute("aria-label")
            .as_deref(),
        Some("Dismiss Title of c1")
    );
}

#[wasm_bindgen_test]
async fn a_replaced_card_is_built_anew_and_the_others_keep_their_nodes() {
    let stage = Stage::new();
    stage
        .show(view(vec![live("a", 0), live("b", 0), live("c", 0)]))
        .await;
    assert_eq!(stage.ids(), ["a", "b", "c"]);
    let before = stage.all("article");

    stage
        .show(view(vec![live("a", 0), live("b", 1), live("c", 0)]))
        .await;
    let after = stage.all("article");
    assert_eq!(stage.ids(), ["a", "b", "c"]);
    assert!(
        before[0] == after[0] && before[2] == after[2],
        "a and c were touched"
    );
    assert!(before[1] != after[1], "b was kept");
    assert_eq!(stage.all(".body")[1].text_content().as_deref(), Some("b 1"));

    stage
        .show(view(vec![live("d", 0), live("c", 0), live("a", 0)]))
        .await;
    let last = stage.all("article");
    assert_eq!(stage.ids(), ["d", "c", "a"]);
    assert!(
        last[1] == after[2] && last[2] == after[0],
        "a move is not a new row"
    );
}

#[wasm_bindgen_test]
async fn dismiss_and_undo_go_to_the_core_and_the_focus_goes_along() {
    let stage = Stage::new();
    stage.show(view(vec![live("a", 0), live("b", 0)])).await;
    let dismiss = stage.all("button[data-action='dismiss']");
    let dismiss: &web_sys::HtmlElement = wasm_bindgen::JsCast::unchecked_ref(&dismiss[0]);
    dismiss.focus().expect("focus");
    dismiss.click();
    let a = CardId::parse("a").expect("an id");
    assert_eq!(
        stage.done(),
        [Event::Dismiss {
            card_id: a.clone(),
            reason: None
        }]
    );

    let mut dismissed = live("a", 0);
    dismissed.state = CardState::Undoable {
        until: cuecard::shell::now().plus(Millis(5_000)),
        reason: None,
    };
    stage.show(view(vec![dismissed, live("b", 0)])).await;
    assert_eq!(stage.ids(), ["b"]);
    let undo = stage.one("button[data-action='undo']");
    assert!(
        stage.root.active_element().as_ref() == Some(&undo),
        "the focus is on Undo"
    );
    assert_eq!(
        stage.one(".undo-time").text_content().as_deref(),
        Some("5 sec")
    );
    undo.click();
    assert_eq!(stage.done(), [Event::Undo(a)]);

    stage.show(view(vec![live("a", 0), live("b", 0)])).await;
    assert_eq!(stage.ids(), ["a", "b"]);
    let focused = stage
        .root
        .active_element()
        .and_then(|button| button.get_attribute("aria-label"));
    assert_eq!(focused.as_deref(), Some("Dismiss Title of a"));
}

#[wasm_bindgen_test]
async fn when_the_focused_card_leaves_its_place_keeps_the_focus() {
    let stage = Stage::new();
    stage
        .show(view(vec![live("a", 0), live("b", 0), live("c", 0)]))
        .await;
    let focus = |index: usize| {
        wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlElement>(
            stage.all("button[data-action='dismiss']").remove(index),
        )
        .focus()
    };
    let label = || {
        stage
            .root
            .active_element()
            .and_then(|element| element.get_attribute("aria-label"))
    };
    focus(1).expect("focus");
    stage.show(view(vec![live("a", 0), live("c", 0)])).await;
    assert_eq!(label().as_deref(), Some("Dismiss Title of c"));
    stage.show(view(vec![live("a", 0)])).await;
    assert_eq!(label().as_deref(), Some("Dismiss Title of a"));
    stage.show(view(vec![])).await;
    assert!(stage.root.active_element().as_ref() == Some(&stage.one(".feed")));
}

#[wasm_bindgen_test]
async fn what_comes_under_the_id_of_another_is_drawn() {
    let stage = Stage::new();
    let first = card("a", AlertLevel::High, "<p>old</p>");
    stage.show(view(vec![row(first)])).await;
    // Removed and published anew between two frames; then its level rises.
    for (level, name, html) in [
        (AlertLevel::High, "HIGH", "<p>new</p>"),
        (AlertLevel::Critical, "CRITICAL", "<p>new</p>"),
    ] {
        stage.show(view(vec![row(card("a", level, html))])).await;
        assert_eq!(stage.says(".body"), "new");
        let shown = stage.one("article").get_attribute("data-level");
        assert_eq!(shown.as_deref(), Some(name));
    }
}

#[wasm_bindgen_test]
async fn the_focus_goes_along_with_a_row_that_moves() {
    let stage = Stage::new();
    let order = |ids: [&str; 3]| view(ids.map(|id| live(id, 0)).to_vec());
    stage.show(order(["a", "b", "c"])).await;
    for selector in ["[data-card-id='c']", "[data-card-id='c'] .dismiss"] {
        stage.one(selector).focus().expect("focus");
        for ids in [["c", "a", "b"], ["a", "b", "c"], ["b", "c", "a"]] {
            stage.show(order(ids)).await;
            assert_eq!(stage.ids(), ids);
            let focused = stage.root.active_element();
            assert!(focused.as_ref() == Some(&stage.one(selector)), "{selector}");
        }
    }
}

#[wasm_bindgen_test]
async fn the_focus_is_never_taken_from_elsewhere() {
    let stage = Stage::new();
    stage.show(view(vec![live("a", 0), live("b", 0)])).await;
    stage.show(view(vec![live("b", 0)])).await;
    assert!(stage.root.active_element().is_none());
}

#[wasm_bindgen_test]
async fn a_card_on_screen_is_reported_once() {
    let stage = Stage::new();
    stage.show(view(vec![live("a", 0)])).await;
    until("the card was seen", || !stage.events.borrow().is_empty()).await;
    stage.show(view(vec![live("a", 0)])).await;
    stage.show(view(vec![live("b", 0), live("a", 0)])).await;
    until("the second card was seen", || {
        stage.events.borrow().len() > 1
    })
    .await;
    let seen = ["a", "b"].map(|id| Event::CardSeen(CardId::parse(id).expect("an id")));
    assert_eq!(*stage.events.borrow(), seen);
}

#[wasm_bindgen_test]
async fn the_status_line_is_there_from_the_start_and_counts_down_beside_it() {
    let stage = Stage::new();
    let status = stage.one(".state > span");
    stage.show(view(vec![])).await;
    assert_eq!(status.text_content().as_deref(), Some("Connected"));
    assert_eq!(
        stage
            .all(".hidden-count[hidden], .count[hidden], .empty:not([hidden])")
            .len(),
        4
    );
    assert_eq!(stage.all(".notice:not([hidden])").len(), 0);

    let mut lost = view(vec![]);
    lost.status = Status::Reconnecting {
        next_try_at: Some(cuecard::shell::now().plus(Millis(9_000))),
    };
    stage.show(lost).await;
    assert_eq!(status.text_content().as_deref(), Some("Reconnecting"));
    assert!(
        stage
            .one(".notice:not([hidden])")
            .text_content()
            .is_some_and(|text| text.contains("Next try in 9 sec.")),
        "{}",
        stage.text()
    );
    stage.one("button[data-action='try-now']").click();
    assert_eq!(stage.events.take(), [Event::TryNow]);

    let mut stopped = view(vec![]);
    stopped.status = Status::Stopped {
        reason: Text::plain("No such agent."),
    };
    let mut trying = view(vec![]);
    trying.status = Status::Reconnecting { next_try_at: None };
    let try_now = stage.one("button[data-action='try-now']");
    try_now.focus().expect("focus");
    for (view, is_disabled) in [(trying, "true"), (stopped, "false")] {
        stage.show(view).await;
        assert_eq!(
            try_now.get_attribute("aria-disabled").as_deref(),
            Some(is_disabled)
        );
        assert!(stage.root.active_element().as_ref() == Some(&try_now));
    }
    assert_eq!(stage.all("[role='status']").len(), 0, "one voice is enough");
    assert_eq!(
        stage.one(".count").get_attribute("role").as_deref(),
        Some("img")
    );
    assert_eq!(
        status.text_content().as_deref(),
        Some("Disconnected. No such agent.")
    );

    let mut outdated = view(vec![]);
    outdated.is_outdated = true;
    outdated.hidden = 3;
    stage.show(outdated).await;
    assert_eq!(
        stage
            .all(".notice:not([hidden]) > button[data-action='reload']")
            .len(),
        1
    );
    assert_eq!(stage.all(".notice:not([hidden])").len(), 1);
    assert_eq!(
        stage
            .one(".hidden-count:not([hidden])")
            .text_content()
            .as_deref(),
        Some("3 older cards hidden")
    );
}
