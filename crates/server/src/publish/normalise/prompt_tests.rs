//! Every way in which a prompt can be wrong, and what a right one becomes.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use super::*;

/// The time of the recorded prompt.
const AT: Millis = Millis(1_795_164_588_846);

/// The recorded prompt of platform wire section 12.
fn frame() -> Value {
    json!({
        "type": "PROMPT_SYNC", "frame_id": "5fc410d7-21c1-4a1b-b9c6-56500c606047", "sequence": 1,
        "payload": {
            "session_id": "SESS-998877", "agent_id": "AGT-4455", "interaction_id": "INT-112233",
            "snippets": [
                {"snippet_id": "KB-1001", "content": "Verify customer account status before escalation.", "tags": ["billing", "escalation"], "source_system": "CRM"},
                {"snippet_id": "KB-1002", "content": "Apply retention discount code RET24.", "tags": ["retention", "discount"], "source_system": "KNOWLEDGE_BASE"},
            ],
            "priority_override": true, "priority_level": 5, "relevance_score": 0.799_999_999_999_999_9,
            "timestamp": 1_795_164_588.846_339_2, "ttl_seconds": 45,
        },
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut frame = frame();
    *frame.pointer_mut(path).unwrap() = value;
    frame
}

fn take_at(content: Value, now: Millis) -> Result<Delivery, Refusal> {
    let element = AppElement {
        content_type: CUSTOM_CARD.to_owned(),
        card_type: "Text".to_owned(),
        object_id: "5fc410d7-21c1-4a1b-b9c6-56500c606047".to_owned(),
        content,
    };
    let surroundings = Context {
        contact_id: "INT-112233",
        now,
        cleaner: &Cleaner::new(&[]),
        is_here: &|agent| agent.as_str() == "AGT-4455",
        recipient: None,
        trusted_sources: &["CRM".to_owned()],
    };
    card(&element, &surroundings).map_err(|refusal| *refusal)
}

fn refused(content: Value) -> (&'static str, String) {
    let refusal = take_at(content, AT).unwrap_err();
    (refusal.reason.as_str(), refusal.detail)
}

fn prompt_of(delivery: Delivery) -> (Prompt, bool) {
    match delivery.card.body {
        CardBody::Prompt(prompt) => (prompt, delivery.is_cut),
        other => panic!("expected a prompt, got {other:?}"),
    }
}

#[test]
fn the_recorded_prompt_becomes_a_card() {
    let now = AT.plus(Millis(20));
    let snippet = |id: &str, content: &str, tags: [&str; 2], source: &str| Snippet {
        id: id.to_owned(),
        content: content.to_owned(),
        tags: tags.map(str::to_owned).to_vec(),
        source: source.to_owned(),
    };
    assert_eq!(
        take_at(frame(), now),
        Ok(Delivery {
            agent: AgentId::parse("AGT-4455").unwrap(),
            card: Card {
                id: CardId::parse("5fc410d7-21c1-4a1b-b9c6-56500c606047").unwrap(),
                interaction_id: InteractionId::parse("INT-112233").unwrap(),
                published_at: AT,
                received_at: now,
                expires_at: AT.plus(Millis::from_secs(45)),
                body: CardBody::Prompt(Prompt {
                    level: 5,
                    is_pinned: true,
                    relevance: 0.799_999_999_999_999_9,
                    snippets: vec![
                        snippet(
                            "KB-1001",
                            "Verify customer account status before escalation.",
                            ["billing", "escalation"],
                            "CRM"
                        ),
                        snippet(
                            "KB-1002",
                            "Apply retention discount code RET24.",
                            ["retention", "discount"],
                            "KNOWLEDGE_BASE"
                        ),
                    ],
                }),
            },
            is_cut: false,
        })
    );
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_reason() {
    for (content, reason, detail) in [
        (
            with("/payload/snippets", json!([])),
            "snippet_limit",
            "prompt has 0 snippets, expected 1 to 10",
        ),
        (
            with("/payload/snippets", json!("secret")),
            "malformed",
            "field payload.snippets is no list",
        ),
        (
            with("/payload/snippets/1/content", json!(["secret"])),
            "malformed",
            "field content is a list, expected text",
        ),
        (
            with("/payload/snippets/1/snippet_id", json!("")),
            "malformed",
            "field snippet_id is no valid id (0 bytes)",
        ),
        (
            with("/payload/snippets/1/tags", json!(["x", {}])),
            "malformed",
            "field tags is an object, expected texts only inside the list",
        ),
        (
            with("/payload/priority_level", json!(3)),
            "priority_override",
            "override at priority level 3, expected 4 or more for an override",
        ),
        (
            with("/payload/priority_level", json!(6)),
            "malformed",
            "priority level is 6, expected 1 to 5",
        ),
        (
            with("/payload/priority_level", json!(4.5)),
            "malformed",
            "field payload.priority_level is 4.5, expected a small whole number",
        ),
        (
            with("/payload/priority_override", json!("yes")),
            "malformed",
            "field payload.priority_override is text, expected a boolean",
        ),
        (
            with("/payload/ttl_seconds", json!(9)),
            "malformed",
            "time to live is 9000 ms, expected 10000 ms to 120000 ms",
        ),
        (
            with("/payload/ttl_seconds", json!(-1)),
            "malformed",
            "field payload.ttl_seconds is -1, expected a small whole number",
        ),
        (
            with("/payload/relevance_score", json!(1.1)),
            "malformed",
            "field payload.relevance_score is 1.1, expected 0 to 1",
        ),
        (
            with("/payload/timestamp", json!(1_795_164_543.846)),
            "stale",
            "made 45 s ago, expected at most 45 s",
        ),
        (
            with("/payload/timestamp", json!("now")),
            "malformed",
            "field payload.timestamp is text, expected a number",
        ),
        (
            with("/payload/agent_id", json!("AGT-2")),
            "unknown_agent",
            "field payload.agent_id names nobody who is here",
        ),
        (
            with("/payload/interaction_id", json!("INT-2")),
            "mismatch",
            "contactId is not the frame's payload.interaction_id",
        ),
        (
            with("/frame_id", json!("another")),
            "mismatch",
            "objectId is not the frame's frame_id",
        ),
        (
            with("/payload", json!(7)),
            "malformed",
            "field payload.agent_id is missing, expected text",
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
fn of_ten_thousand_snippets_the_best_ten_are_shown() {
    let snippets: Vec<Value> = (0..10_000)
        .map(|n| json!({"snippet_id": n.to_string(), "content": "x", "source_system": if n == 9_999 { "crm" } else { "WIKI" }}))
        .collect();
    let (prompt, is_cut) =
        prompt_of(take_at(with("/payload/snippets", snippets.into()), AT).unwrap());
    let ids: Vec<&str> = prompt
        .snippets
        .iter()
        .map(|snippet| snippet.id.as_str())
        .collect();
    assert_eq!(
        (ids, is_cut),
        (
            vec!["9999", "0", "1", "2", "3", "4", "5", "6", "7", "8"],
            true
        )
    );
}

#[test]
fn of_two_snippets_with_one_id_the_first_is_shown() {
    let snippets =
        json!([{"snippet_id": "a", "content": "1"}, {"snippet_id": "a", "content": "2"}]);
    let (prompt, _) = prompt_of(take_at(with("/payload/snippets", snippets), AT).unwrap());
    assert_eq!(prompt.snippets.len(), 1);
    assert_eq!(prompt.snippets[0].content, "1");
}

proptest! {
    /// Whatever a publisher sends, its card fits a message.
    #[test]
    fn every_prompt_fits_a_message(
        texts in prop::collection::vec((r"\PC{0,60}", 0_usize..60, prop::collection::vec(r"\PC{0,60}", 0..15)), 1..15)
    ) {
        let snippets: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(n, (text, times, tags))| json!({
                "snippet_id": format!("{n}{}", "i".repeat(120)), "content": text.repeat(*times), "tags": tags, "source_system": text,
            }))
            .collect();
        let (prompt, _) = prompt_of(take_at(with("/payload/snippets", snippets.into()), AT).unwrap());
        prop_assert!((1..=10).contains(&prompt.snippets.len()));
        for snippet in &prompt.snippets {
            prop_assert!(snippet.content.chars().count() <= MAX_CONTENT && snippet.tags.len() <= MAX_TAGS);
            prop_assert!(snippet.tags.iter().all(|tag| tag.chars().count() <= MAX_TAG));
        }
        prop_assert!(serde_json::to_vec(&prompt).unwrap().len() <= MAX_ENCODED_BYTES + 1_024);
    }
}
