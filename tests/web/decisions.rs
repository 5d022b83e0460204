//! A decision stays in sight until it is safe, and a dismissal asks in passing why.

use cuecard_panel::{CardState, Event, Status, Text};
use cuecard_protocol::{ActionKind, CardId, Millis};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::support::{Stage, suggestion, view, write};

#[wasm_bindgen_test]
async fn a_decision_is_a_slim_row_from_pending_to_done_or_refused() {
    let stage = Stage::new();
    let kind = ActionKind::Accepted;
    let why = Text::plain("its time was over");
    for (state, name, words) in [
        (
            CardState::Deciding { kind },
            "deciding",
            "AcceptedContent of aSaving…Will be sent when the connection is back",
        ),
        (
            CardState::Decided { kind },
            "decided",
            "AcceptedContent of a",
        ),
        (
            CardState::Refused { kind, why },
            "refused",
            "Not acceptedContent of aits time was over",
        ),
    ] {
        let mut row = suggestion("a");
        row.state = state;
        stage.show(view(vec![row, suggestion("b")])).await;
        let slim = stage.one(".decided[data-card-id='a']");
        assert_eq!(slim.get_attribute("data-state").as_deref(), Some(name));
        assert_eq!(slim.text_content().as_deref(), Some(words));
        assert_eq!(stage.ids(), ["b"], "a slim row is no card");
    }
}

#[wasm_bindgen_test]
async fn the_surroundings_of_a_pending_decision_know_the_connection() {
    let stage = Stage::new();
    let mut lost = view(vec![]);
    lost.status = Status::Reconnecting { next_try_at: None };
    stage.show(lost).await;
    assert_eq!(
        stage.one(".panel").get_attribute("data-state").as_deref(),
        Some("reconnecting")
    );
}

#[wasm_bindgen_test]
async fn the_focus_goes_from_a_decided_card_to_its_neighbour() {
    let stage = Stage::new();
    let cards = ["a", "b", "c"].map(suggestion);
    stage.show(view(cards.to_vec())).await;
    for (focus, expected) in [
        ("[data-card-id='b']", "c"),
        ("[data-card-id='b'] .accept", "accept"),
    ] {
        stage.show(view(cards.to_vec())).await;
        stage.one(focus).focus().expect("focus");
        let mut decided = cards.to_vec();
        decided[1].state = CardState::Deciding {
            kind: ActionKind::Accepted,
        };
        stage.show(view(decided)).await;
        assert_eq!(stage.focused(), expected, "{focus}");
        let card = stage.root.active_element().expect("a focus");
        assert!(
            card.matches("[data-card-id='c'], [data-card-id='c'] *")
                .expect("a selector")
        );
    }
}

#[wasm_bindgen_test]
async fn a_reason_may_be_picked_or_written_while_the_row_stays() {
    let stage = Stage::new();
    let id = CardId::parse("a").expect("an id");
    let card = suggestion("a");
    let undoable = |reason: Option<&str>, ms| {
        let mut row = card.clone();
        row.state = CardState::Undoable {
            until: cuecard::shell::now().plus(Millis(ms)),
            reason: reason.map(Into::into),
        };
        view(vec![row])
    };
    stage.show(undoable(None, 2_000)).await;
    assert_eq!(stage.says(".undo-time"), "2 sec");
    let chip: HtmlElement = stage.all(".reasons .chip").remove(1).unchecked_into();
    chip.click();
    let input: HtmlInputElement = stage.one(".other").unchecked_into();
    input.focus().expect("focus");
    write(&input, "no such plan");
    let because = |reason: &str| Event::Dismiss {
        card_id: id.clone(),
        reason: Some(reason.into()),
    };
    assert_eq!(
        stage.done(),
        [because("Already done"), because("no such plan")]
    );

    stage.show(undoable(Some("Already done"), 5_000)).await;
    assert_eq!(stage.says(".undo-time"), "5 sec");
    assert_eq!(
        stage.says(".reasons .chip[aria-pressed='true']"),
        "Already done"
    );
    assert!(
        stage.root.active_element().as_ref() == Some(&input),
        "who writes is not disturbed"
    );
}

#[wasm_bindgen_test]
async fn what_is_typed_on_after_the_offer_ended_reaches_no_card() {
    let stage = Stage::new();
    let mut row = suggestion("a");
    row.state = CardState::Undoable {
        until: cuecard::shell::now().plus(Millis(5_000)),
        reason: None,
    };
    stage.show(view(vec![row, suggestion("b")])).await;
    stage.one(".other").focus().expect("focus");
    stage.show(view(vec![suggestion("b")])).await;
    assert_eq!(stage.focused(), "panel");
    assert!(!stage.press("Backspace"));
    assert_eq!(stage.done(), []);
}
