//! Every way in which a delivery can be wrong, and what a right one becomes.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use super::*;

/// The time of [`RECORDED`].
const AT: Millis = Millis(1_795_164_610_765);

/// The recorded alert of platform wire section 12.
fn frame() -> Value {
    json!({
        "contentId": "risk-alert-INT-RISK-1-1795164610765",
        "title": "CRITICAL Risk Alert Detected",
        "content": "\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n<strong>Interaction:</strong> INT-RISK-1<br/>\n<strong>Risk Score:</strong> 97.0%<br/>\n<strong>Contributing Factors:</strong>\n<ul style=\"margin-top: 8px;\"><li>threat language</li><li>repeat caller</li></ul>\n</div>\n",
        "type": "html",
        "metadata": {"interactionId": "INT-RISK-1", "agentId": "AGT-1", "riskLevel": "CRITICAL", "timestamp": "2026-11-20T08:50:10.765Z"},
    })
}

fn element(content: Value) -> AppElement {
    AppElement {
        content_type: CUSTOM_CARD.to_owned(),
        card_type: "Text".to_owned(),
        object_id: "risk-alert-INT-RISK-1-1795164610765".to_owned(),
        content,
    }
}

fn take_at(element: &AppElement, now: Millis) -> Result<Delivery, Refusal> {
    let context = Context {
        contact_id: "INT-RISK-1",
        now,
        cleaner: &Cleaner::new(&[]),
        is_here: &|agent| agent.as_str() == "AGT-1",
        recipient: None,
        trusted_sources: &[],
    };
    card(element, &context).map_err(|refusal| *refusal)
}

fn take(content: Value) -> Result<Delivery, Refusal> {
    take_at(&element(content), AT)
}

/// The recorded frame with one field changed.
fn with(path: &str, value: Value) -> Value {
    let mut frame = frame();
    *frame.pointer_mut(path).unwrap() = value;
    frame
}

fn without(parent: &str, field: &str) -> Value {
    let mut frame = frame();
    frame
        .pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(field);
    frame
}

fn refused(content: Value) -> (&'static str, String) {
    let refusal = take(content).unwrap_err();
    (refusal.reason.as_str(), refusal.detail)
}

fn alert_of(delivery: Delivery) -> Alert {
    match delivery.card.body {
        CardBody::Alert(alert) => alert,
        other => panic!("expected an alert, got {other:?}"),
    }
}

#[test]
fn the_recorded_alert_becomes_a_card() {
    let expected = Delivery {
        agent: AgentId::parse("AGT-1").unwrap(),
        card: Card {
            id: CardId::parse("risk-alert-INT-RISK-1-1795164610765").unwrap(),
            interaction_id: InteractionId::parse("INT-RISK-1").unwrap(),
            published_at: AT,
            received_at: AT.plus(Millis(30)),
            expires_at: AT.plus(Millis(600_000)),
            body: CardBody::Alert(Alert {
                level: AlertLevel::Critical,
                title: "CRITICAL Risk Alert Detected".to_owned(),
                score: Some(0.97),
                html: "\n<div data-style=\"padding:12px;background:#fff3cd;border-left:4px solid #ffc107\">\n<strong>Interaction:</strong> INT-RISK-1<br>\n<strong>Risk Score:</strong> 97.0%<br>\n<strong>Contributing Factors:</strong>\n<ul data-style=\"margin-top:8px\"><li>threat language</li><li>repeat caller</li></ul>\n</div>\n".to_owned(),
            }),
        },
        is_cut: false,
    };
    let now = AT.plus(Millis(30));
    assert_eq!(take_at(&element(frame()), now).as_ref(), Ok(&expected));
    let as_text = Value::String(frame().to_string());
    assert_eq!(
        take_at(&element(as_text), now).as_ref(),
        Ok(&expected),
        "content may be a string holding JSON"
    );
}

#[test]
fn malformed_content_is_refused_and_not_repeated() {
    for (content, detail) in [
        (
            json!("{nonsense"),
            "field content is text that is not JSON (line 1, column 2)",
        ),
        (
            json!("[1]"),
            "field content is an array, expected an object",
        ),
        (json!(null), "field content is null, expected an object"),
        (json!(7), "field content is a number, expected an object"),
        (json!({}), "field type is missing, expected text"),
        (
            with("/type", json!(1)),
            "field type is a number, expected text",
        ),
        (
            without("", "contentId"),
            "field contentId is missing, expected text",
        ),
        (
            with("/contentId", json!("a b")),
            "field contentId is no valid id (3 bytes)",
        ),
        (
            with("/contentId", json!("x".repeat(1 << 20))),
            "field contentId is no valid id (1048576 bytes)",
        ),
        (
            with("/contentId", json!(["x"])),
            "field contentId is a list, expected text",
        ),
        (
            without("", "metadata"),
            "field metadata.agentId is missing, expected text",
        ),
        (
            with("/metadata", json!("AGT-1")),
            "field metadata.agentId is missing, expected text",
        ),
        (
            without("/metadata", "agentId"),
            "field metadata.agentId is missing, expected text",
        ),
        (
            with("/metadata/agentId", json!("a\nb")),
            "field metadata.agentId is no valid id (3 bytes)",
        ),
        (
            without("/metadata", "interactionId"),
            "field metadata.interactionId is missing, expected text",
        ),
        (
            with("/metadata/interactionId", json!("")),
            "field metadata.interactionId is no valid id (0 bytes)",
        ),
        (
            without("/metadata", "riskLevel"),
            "field metadata.riskLevel is missing, expected text",
        ),
        (
            with("/metadata/riskLevel", json!("high")),
            "field metadata.riskLevel is neither CRITICAL nor HIGH",
        ),
        (
            without("", "title"),
            "field title is missing, expected text",
        ),
        (
            with("/title", json!({"a": 1})),
            "field title is an object, expected text",
        ),
        (
            without("", "content"),
            "field content is missing, expected text",
        ),
        (
            with("/content", json!(false)),
            "field content is a boolean, expected text",
        ),
    ] {
        assert_eq!(refused(content), ("malformed", detail.to_owned()));
    }
}

#[test]
fn a_refusal_says_whose_it_was_as_far_as_that_is_known() {
    let refusal = take(with("/content", json!(1))).unwrap_err();
    assert_eq!(refusal.agent, AgentId::parse("AGT-1").ok());
    assert_eq!(refusal.interaction, InteractionId::parse("INT-RISK-1").ok());
    assert_eq!(
        refusal.card,
        CardId::parse("risk-alert-INT-RISK-1-1795164610765").ok()
    );
    let refusal = take(json!("{")).unwrap_err();
    assert_eq!((refusal.agent, refusal.interaction), (None, None));
    assert_eq!(
        refusal.card,
        CardId::parse("risk-alert-INT-RISK-1-1795164610765").ok(),
        "from objectId"
    );
}

#[test]
fn kinds_that_are_not_shown_are_refused_as_such() {
    let mut summary = element(json!({"summary": "secret"}));
    summary.content_type = "rtSummary".to_owned();
    let refusal = take_at(&summary, AT).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.detail.as_str()),
        (
            Reason::Unsupported,
            "contentType \"rtSummary\", expected customCard"
        )
    );
    for (kind, detail) in [
        (
            "later",
            "frame of type \"later\", expected html, agentassist.suggest or PROMPT_SYNC",
        ),
        (
            "what the customer said",
            "frame of type of 22 bytes, expected html, agentassist.suggest or PROMPT_SYNC",
        ),
    ] {
        assert_eq!(
            refused(json!({"type": kind})),
            ("unsupported", detail.to_owned())
        );
    }
}

#[test]
fn an_alert_for_somebody_else_is_refused() {
    assert_eq!(
        refused(with("/metadata/agentId", json!("AGT-2"))),
        (
            "unknown_agent",
            "field metadata.agentId names nobody who is here".to_owned()
        )
    );
    assert_eq!(
        refused(with("/metadata/interactionId", json!("INT-2"))),
        (
            "mismatch",
            "contactId is not the frame's metadata.interactionId".to_owned()
        )
    );
    assert_eq!(
        refused(with("/contentId", json!("other"))),
        (
            "mismatch",
            "objectId is not the frame's contentId".to_owned()
        )
    );
}

#[test]
fn time_stamps_are_believed_within_reason() {
    let published = |timestamp: Value| {
        take(with("/metadata/timestamp", timestamp))
            .map(|delivery| (delivery.card.published_at, delivery.card.expires_at))
    };
    let at = |ms: u64| Ok((Millis(ms), Millis(ms + 600_000)));
    assert_eq!(published(json!("2026-11-20T08:50:10.000Z")), at(AT.0 - 765));
    assert_eq!(
        published(json!("2026-11-20T08:50:12.765Z")),
        at(AT.0 + 2000),
        "2 s ahead is a clock"
    );
    assert_eq!(
        published(json!("2026-11-20T08:50:12.766Z")),
        at(AT.0),
        "more is not"
    );
    assert_eq!(published(json!("9999-01-01T00:00:00Z")), at(AT.0));
    assert_eq!(
        published(json!("2026-11-20T08:40:10.766Z")),
        at(AT.0 - 599_999),
        "a millisecond is left"
    );
    for malformed in [
        json!("soon"),
        json!(""),
        json!(1_795_164_610_765_u64),
        json!(null),
        json!("9".repeat(1 << 20)),
    ] {
        assert_eq!(published(malformed), at(AT.0));
    }
    assert_eq!(
        take(without("/metadata", "timestamp"))
            .unwrap()
            .card
            .published_at,
        AT
    );
    assert_eq!(
        refused(with(
            "/metadata/timestamp",
            json!("2026-11-20T08:40:10.765Z")
        )),
        ("stale", "made 600 s ago, expected at most 600 s".to_owned())
    );
    assert_eq!(
        refused(with("/metadata/timestamp", json!("1960-01-01T00:00:00Z"))).0,
        "stale"
    );
}

#[test]
fn huge_titles_and_bodies_are_cut() {
    let delivery = take(with("/title", json!("x".repeat(1_000_000)))).unwrap();
    assert_eq!(alert_of(delivery).title, format!("{}…", "x".repeat(199)));
    let delivery = take(with(
        "/content",
        json!(format!("<p>Risk Score: 91.5% {}</p>", "y".repeat(1 << 20))),
    ))
    .unwrap();
    assert!(delivery.is_cut);
    let alert = alert_of(delivery);
    assert_eq!(alert.score, Some(0.915));
    assert!(alert.html.len() < 40_000 && alert.html.contains("cut here"));
    let tangle = format!("<p>{}{}", "<b x>".repeat(1000), "</p><p>x".repeat(1000));
    assert!(take(with("/content", json!(tangle))).unwrap().is_cut);
}

#[test]
fn an_empty_title_is_the_levels_own() {
    assert_eq!(
        alert_of(take(with("/title", json!(" \n"))).unwrap()).title,
        "CRITICAL Risk Alert Detected"
    );
}

#[test]
fn a_score_is_read_only_where_one_is() {
    for (body, expected) in [
        ("<strong>Risk Score:</strong> 97.0%<br/>", Some(0.97)),
        ("Risk Score: 100%", Some(1.0)),
        ("Risk Score:0.0%", Some(0.0)),
        ("Risk Score: 101%", None),
        ("Risk Score: 97.0", None),
        ("Risk Score: 97", None),
        ("Risk Score: .%", None),
        ("Risk Score: 9.7.0%", None),
        ("Risk Score: high 97%", None),
        ("Risk Score: -1%", None),
        ("Risk Score:", None),
        ("97.0%", None),
        ("Risk Score: ٩%", None),
    ] {
        assert_eq!(score(body), expected, "{body:?}");
    }
}

/// Any JSON at all.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!("html")),
        Just(json!("AGT-1")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                "type|title|content|contentId|metadata|agentId|interactionId|riskLevel|timestamp",
                inner,
                0..6
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_content_makes_it_panic(content in any_json(), text in any::<bool>()) {
        let content = if text { Value::String(content.to_string()) } else { content };
        drop(take(content));
    }

    #[test]
    fn no_single_wrong_field_makes_it_panic(
        path in prop::sample::select(vec!["/contentId", "/title", "/content", "/type", "/metadata", "/metadata/agentId", "/metadata/riskLevel", "/metadata/timestamp"]),
        value in any_json(),
    ) {
        if let Ok(delivery) = take(with(path, value)) {
            prop_assert!(delivery.card.expires_at > delivery.card.received_at);
            prop_assert!(delivery.card.published_at <= delivery.card.received_at.plus(CLOCK_TOLERANCE));
        }
    }
}
