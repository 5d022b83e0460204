//! Deliveries into a real store and audit trail.

use cuecard_protocol::{LiveCard, Seq};
use serde_json::{Value, json};

use super::*;
use crate::publish::stage::{START, Stage, agent};

fn element(id: &str, changes: &[(&str, Value)]) -> Value {
    let mut content = json!({
        "contentId": id, "title": "HIGH Risk Alert Detected", "content": "<p>secret words</p>", "type": "html",
        "metadata": {"interactionId": format!("INT-{id}"), "agentId": "AGT-1", "riskLevel": "HIGH", "timestamp": "2026-11-20T08:50:10.765Z"},
    });
    for (path, value) in changes {
        *content.pointer_mut(path).unwrap() = value.clone();
    }
    json!({"contentType": "customCard", "cardType": "Text", "objectId": id, "content": content})
}

fn message(elements: &[Value]) -> MessageBody {
    serde_json::from_value(json!({"acpAppElements": elements})).unwrap()
}

async fn take(ingest: &Ingest, body: &MessageBody) {
    for delivery in ingest.check(body).await {
        ingest.deliver(delivery).await;
    }
}

async fn live(stage: &Stage) -> Vec<(Seq, String)> {
    let (_, cards) = stage.app.backbone.live(&agent()).await.unwrap();
    cards
        .into_iter()
        .map(|LiveCard { seq, card }| (seq, card.id.to_string()))
        .collect()
}

#[tokio::test]
async fn a_delivery_is_kept_once_and_audited_without_its_words() {
    let stage = Stage::new();
    let guard = stage.app.presence.joined(&agent());
    let ingest = Ingest::new(stage.app.clone());
    stage.app.clock.advance(Millis(40));
    take(&ingest, &message(&[element("a", &[])])).await;
    take(&ingest, &message(&[element("a", &[])])).await;
    assert_eq!(live(&stage).await, [(Seq(1), "a".to_owned())]);
    assert_eq!(
        stage.audited().await,
        [
            json!(["delivered", "AGT-1", "INT-a", "a", "ok", {"kind": "alert", "latency_ms": 40, "seq": 1}])
        ]
    );
    drop(guard);
}

#[tokio::test]
async fn what_is_refused_disturbs_nothing_beside_it() {
    let stage = Stage::new();
    let guard = stage.app.presence.joined(&agent());
    let ingest = Ingest::new(stage.app.clone());
    let mut suggestion = element("s", &[]);
    suggestion["content"] = json!({"type": "x.later", "suggestion": {"content": "secret words"}});
    let mut broken = element("b", &[]);
    broken["content"] = json!("{\"secret words");
    take(
        &ingest,
        &message(&[
            element("a", &[]),
            json!(7),
            broken,
            suggestion,
            element("u", &[("/metadata/agentId", json!("AGT-2"))]),
            element("m", &[("/metadata", json!("secret words"))]),
            element(
                "old",
                &[("/metadata/timestamp", json!("2026-11-20T08:00:00Z"))],
            ),
            element("z", &[("/title", json!("x".repeat(1_000_000)))]),
        ]),
    )
    .await;
    assert_eq!(
        live(&stage).await,
        [(Seq(1), "a".to_owned()), (Seq(2), "z".to_owned())]
    );
    let ok = |id: &str, seq: u64| json!(["delivered", "AGT-1", format!("INT-{id}"), id, "ok", {"kind": "alert", "latency_ms": 0, "seq": seq}]);
    assert_eq!(
        stage.audited().await,
        [
            json!(["refused", "", null, null, "malformed", {"detail": "the element cannot be read, expected an object with contentType"}]),
            json!(["refused", "", null, "b", "malformed", {"detail": "field content is text that is not JSON (line 1, column 14)"}]),
            json!(["refused", "", null, "s", "unsupported", {"detail": "frame of type \"x.later\", expected html, agentassist.suggest or PROMPT_SYNC"}]),
            json!(["refused", "AGT-2", "INT-u", "u", "unknown_agent", {"detail": "field metadata.agentId names nobody who is here"}]),
            json!(["refused", "", null, "m", "malformed", {"detail": "field metadata.agentId is missing, expected text"}]),
            json!(["refused", "AGT-1", "INT-old", "old", "stale", {"detail": "made 3010 s ago, expected at most 600 s"}]),
            ok("a", 1),
            ok("z", 2),
        ]
    );
    drop(guard);
}

#[tokio::test]
async fn a_card_for_an_occupied_slot_says_which_it_took() {
    let stage = Stage::new();
    let guard = stage.app.presence.joined(&agent());
    let ingest = Ingest::new(stage.app.clone());
    take(&ingest, &message(&[element("a", &[])])).await;
    take(
        &ingest,
        &message(&[element("b", &[("/metadata/interactionId", json!("INT-a"))])]),
    )
    .await;
    assert_eq!(live(&stage).await, [(Seq(2), "b".to_owned())]);
    assert_eq!(
        stage.audited().await[1],
        json!(["delivered", "AGT-1", "INT-a", "b", "ok", {"kind": "alert", "latency_ms": 0, "seq": 2, "superseded": "a"}])
    );
    drop(guard);
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_is_audited() {
    let stage = Stage::new();
    Ingest::new(stage.app.clone()).unreadable("no JSON, 7 bytes");
    assert_eq!(
        stage.audited().await,
        [json!(["refused", "", null, null, "unreadable", {"detail": "no JSON, 7 bytes"}])]
    );
    assert_eq!(stage.app.clock.now(), START);
}
