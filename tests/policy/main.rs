//! Drawing needs nothing that Trusted Types forbid. A program of its own, because what it forbids stays forbidden.

#![cfg(target_arch = "wasm32")]

#[path = "../web/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the other tests, which need more of it"
)]
mod support;

use cuecard::shell::sanitize::Cleaner;
use cuecard_panel::{CardState, Status, Text};
use cuecard_protocol::{ActionKind, Millis};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{OnPage, Stage, all_violations, forbid, live, prompt, suggestion, view};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const POLICY: &str = "require-trusted-types-for 'script'; trusted-types 'none'";

#[wasm_bindgen_test]
async fn every_state_can_be_drawn_and_the_second_sanitiser_gives_way_to_plain_text() {
    forbid(POLICY);
    let stage = Stage::new();
    let now = cuecard::shell::now();
    let mut dismissed = live("b", 0);
    dismissed.state = CardState::Undoable {
        until: now.plus(Millis(5_000)),
        reason: None,
    };
    let mut asked = suggestion("s");
    asked.state = dismissed.state.clone();
    let mut decided = suggestion("d");
    decided.state = CardState::Refused {
        kind: ActionKind::Accepted,
        why: Text::plain("its time was over"),
    };
    let shown = vec![
        prompt("p", true),
        live("a", 0),
        suggestion("t"),
        dismissed,
        asked,
        decided,
    ];
    let statuses = [
        Status::Connecting,
        Status::Connected,
        Status::Reconnecting {
            next_try_at: Some(now.plus(Millis(5_000))),
        },
        Status::Reconnecting { next_try_at: None },
        Status::Stopped {
            reason: Text::plain("over"),
        },
    ];
    for status in statuses {
        for cards in [vec![], shown.clone()] {
            let mut view = view(cards);
            (view.status, view.hidden, view.is_outdated) = (status.clone(), 2, true);
            stage.show(view).await;
        }
    }
    assert_eq!(stage.ids(), ["p", "a", "t"]);
    assert_eq!(all_violations(), "[]");

    let target = OnPage::new("div").attached();
    Cleaner::load()
        .await
        .render("<b>threat</b> language", &target.0);
    assert_eq!(target.0.text_content().as_deref(), Some("threat language"));
    assert_eq!(target.0.child_element_count(), 0);
}
