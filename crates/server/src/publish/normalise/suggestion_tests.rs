//! Every way in which a suggestion can be wrong, and what a right one becomes.

use cuecard_protocol::AgentId;
use serde_json::json;

use super::super::*;
use super::*;

/// The time of the recorded suggestion.
const AT: Millis = Millis(1_795_164_586_026);

/// The recorded suggestion of platform wire section 12.
fn frame() -> Value {
    json!({
        "type": "agentassist.suggest",
        "interactionId": "INTERACTION_12345",
        "suggestion": {
            "id": "54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae",
            "content": "Verify return policy eligibility before processing refund",
            "priority": "HIGH",
            "relevanceScore": 0.85,
            "contextWindow": {"start": "2026-11-20T08:49:46.026Z", "end": "2026-11-20T08:54:46.026Z"},
            "injectedAt": "2026-11-20T08:49:46.026Z",
        },
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut frame = frame();
    *frame.pointer_mut(path).unwrap() = value;
    frame
}

fn element(content: Value) -> AppElement {
    AppElement {
        content_type: CUSTOM_CARD.to_owned(),
        card_type: "Text".to_owned(),
        object_id: "54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae".to_owned(),
        content,
    }
}

fn take_for(recipient: Option<&str>, content: Value, now: Millis) -> Result<Delivery, Refusal> {
    let surroundings = Context {
        contact_id: "INTERACTION_12345",
        now,
        cleaner: &Cleaner::new(&[]),
        is_here: &|_| true,
        recipient: recipient.map(|agent| AgentId::parse(agent).unwrap()),
        trusted_sources: &[],
    };
    card(&element(content), &surroundings).map_err(|refusal| *refusal)
}

fn refused(content: Value) -> (&'static str, String) {
    let refusal = take_for(Some("AGT-1"), content, AT).unwrap_err();
    (refusal.reason.as_str(), refusal.detail)
}

#[test]
fn the_recorded_suggestion_becomes_a_card_of_whoever_holds_the_interaction() {
    let now = AT.plus(Millis(30));
    assert_eq!(
        suggested(&element(frame())).unwrap().1.as_str(),
        "INTERACTION_12345"
    );
    assert_eq!(
        take_for(Some("AGT-1"), frame(), now),
        Ok(Delivery {
            agent: AgentId::parse("AGT-1").unwrap(),
            card: Card {
                id: CardId::parse("54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae").unwrap(),
                interaction_id: InteractionId::parse("INTERACTION_12345").unwrap(),
                published_at: AT,
                received_at: now,
                expires_at: AT.plus(Millis::from_secs(300)),
                body: CardBody::Suggestion(Suggestion {
                    content: "Verify return policy eligibility before processing refund".to_owned(),
                    priority: Some("HIGH".to_owned()),
                    relevance: 0.85,
                    source: None,
                }),
            },
            is_cut: false,
        })
    );
    let refusal = take_for(None, frame(), now).unwrap_err();
    assert_eq!(
        (refusal.reason.as_str(), refusal.detail.as_str()),
        (
            "unknown_agent",
            "nobody who is here is known to hold the interaction"
        )
    );
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_reason() {
    let window = |start: &str, end: &str| {
        with(
            "/suggestion/contextWindow",
            json!({"start": start, "end": end}),
        )
    };
    let no_time = "field suggestion.contextWindow.start is no time, expected ISO 8601 with a zone";
    for (content, reason, detail) in [
        (
            with("/suggestion/relevanceScore", json!(0.69)),
            "relevance",
            "relevance is 0.69, expected 0.70 to 1",
        ),
        (
            with("/suggestion/relevanceScore", json!(-1)),
            "relevance",
            "relevance is -1, expected 0.70 to 1",
        ),
        (
            with("/suggestion/relevanceScore", json!("secret")),
            "malformed",
            "field suggestion.relevanceScore is text, expected a number",
        ),
        (
            window("2026-11-20T08:54:46Z", "2026-11-20T08:49:46Z"),
            "context_window",
            "context window is 1795164886000 ms to 1795164586000 ms, expected one that holds now (1795164586026 ms) within 2000 ms",
        ),
        (
            window("2026-11-20T08:49:49Z", "2026-11-20T08:54:46Z"),
            "context_window",
            "context window is 1795164589000 ms to 1795164886000 ms, expected one that holds now (1795164586026 ms) within 2000 ms",
        ),
        (
            window("2026-11-20T08:00:00Z", "2026-11-20T08:49:46Z"),
            "stale",
            "made 0 s ago, expected at most 0 s",
        ),
        (
            window("2026-11-20T08:49:46", "2026-11-20T08:54:46"),
            "malformed",
            no_time,
        ),
        (window("now", "later"), "malformed", no_time),
        (
            with("/suggestion/id", json!("a b")),
            "malformed",
            "field suggestion.id is no valid id (3 bytes)",
        ),
        (
            with("/suggestion/id", json!("another")),
            "mismatch",
            "objectId is not the frame's suggestion.id",
        ),
        (
            with("/interactionId", json!("INT-2")),
            "mismatch",
            "contactId is not the frame's interactionId",
        ),
        (
            with("/suggestion/content", json!(["secret"])),
            "malformed",
            "field suggestion.content is a list, expected text",
        ),
        (
            with("/suggestion/content", json!(" \u{202e} ")),
            "malformed",
            "field suggestion.content is empty, expected text",
        ),
        (
            with("/suggestion", json!("secret")),
            "malformed",
            "field suggestion.id is missing, expected text",
        ),
    ] {
        assert_eq!(
            refused(content.clone()),
            (reason, detail.to_owned()),
            "{content}"
        );
    }
}

#[test]
fn an_offset_is_a_time_like_any_other() {
    let content = with(
        "/suggestion/contextWindow",
        json!({"start": "2026-11-20T09:49:46.026+01:00", "end": "2026-11-20T14:24:46+05:30"}),
    );
    let delivery = take_for(Some("AGT-1"), content, AT).unwrap();
    assert_eq!(delivery.card.expires_at, Millis(1_795_164_886_000));
}

#[test]
fn a_time_of_injection_from_the_future_is_not_believed() {
    let at = |injected: Value| {
        let delivery = take_for(
            Some("AGT-1"),
            with("/suggestion/injectedAt", injected),
            AT.plus(Millis(500)),
        );
        delivery.unwrap().card.published_at
    };
    assert_eq!(
        at(json!("2026-11-20T08:49:48.526Z")),
        Millis(1_795_164_588_526)
    );
    // Then the window's start is.
    for nonsense in [json!("2026-11-20T08:49:48.527Z"), json!("soon"), json!(7)] {
        assert_eq!(at(nonsense), AT);
    }
}

#[test]
fn long_texts_are_cut_and_marked() {
    let mut content = with(
        "/suggestion/content",
        json!(format!("a\r\nb\u{7}{}", "ü".repeat(2_000))),
    );
    content["suggestion"]["source"] = json!("s".repeat(100));
    let Delivery { card, is_cut, .. } = take_for(Some("AGT-1"), content, AT).unwrap();
    let CardBody::Suggestion(suggestion) = card.body else {
        panic!("{card:?}")
    };
    assert!(
        is_cut && suggestion.content.starts_with("a\nb ü") && suggestion.content.ends_with("ü…")
    );
    assert_eq!(suggestion.content.chars().count(), 2_000);
    assert_eq!(
        suggestion.source.map(|source| source.chars().count()),
        Some(64)
    );
}
