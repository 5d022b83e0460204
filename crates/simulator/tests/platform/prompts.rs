//! The prompts socket: platform wire, sections 5, 12 and 14.

use std::time::Duration;

use cuecard_simulator::{Options, Scenario, Simulator};
use serde_json::{Value, json};

use crate::client::{PROMPTS_SCOPES, Socket, closed, now, prompts_url, start_with, token};

/// Recorded from the reference client, but for its time.
const RECORDED: &str = r#"{"type": "PROMPT_SYNC", "frame_id": "5fc410d7-21c1-4a1b-b9c6-56500c606047", "sequence": 1, "payload": {"session_id": "SESS-998877", "agent_id": "AGT-4455", "interaction_id": "INT-112233", "snippets": [{"snippet_id": "KB-1001", "content": "Verify customer account status before escalation.", "tags": ["billing", "escalation"], "source_system": "CRM"}, {"snippet_id": "KB-1002", "content": "Apply retention discount code RET24.", "tags": ["retention", "discount"], "source_system": "KNOWLEDGE_BASE"}], "priority_override": true, "priority_level": 5, "relevance_score": 0.7999999999999999, "timestamp": NOW, "ttl_seconds": 45}}"#;

/// The age of a prompt that is to be fresh. It is so for 2 s: a clock that is ahead leaves a busy machine more time.
const FRESH: f64 = -40.0;

/// A platform that bears such a clock.
async fn start() -> Simulator {
    start_with(Options {
        scenario: Scenario::none(),
        clock_skew: Duration::from_mins(1),
        ..Options::default()
    })
    .await
}

fn seconds(ago: f64) -> f64 {
    now().as_duration().as_secs_f64() - ago
}

fn prompt(frame_id: &str, session_id: &str) -> Value {
    json!({
        "type": "PROMPT_SYNC", "frame_id": frame_id, "sequence": 1,
        "payload": {
            "session_id": session_id, "agent_id": "AGT-1", "interaction_id": "INT-1",
            "snippets": [{"snippet_id": "KB-1", "content": "text", "tags": ["a"], "source_system": "CRM"}],
            "priority_override": true, "priority_level": 5, "relevance_score": 0.75,
            "timestamp": seconds(FRESH), "ttl_seconds": 45,
        },
    })
}

#[tokio::test]
async fn the_recorded_client_passes_unchanged() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-4455").await;
    let token = token(&simulator, PROMPTS_SCOPES).await;
    let path = format!("/realtime/v1?access_token={token}");
    let headers = "User-Agent: Python/3.11 websockets/17.4\r\n";
    let mut client = Socket::raw(&simulator, &path, headers).await;
    let text = RECORDED.replace("NOW", &seconds(FRESH).to_string());
    client.send_text(&text).await;
    let message = desktop.receive_text().await;
    let compact = text.replace(": ", ":").replace(", ", ",");
    assert!(
        message.contains(&format!(r#""content":{compact}"#)),
        "delivered unchanged, but for the spaces: {message}"
    );
    let message: Value = serde_json::from_str(&message).unwrap();
    let mut body = message["body"].clone();
    body["utcTimestamp"].take();
    body["acpAppElements"][0]["content"].take();
    assert_eq!(
        body,
        json!({
            "agentAssistSource": "agent-assist", "contactId": "INT-112233", "utcTimestamp": null,
            "acpAppElements": [{
                "contentType": "customCard", "cardType": "Text",
                "objectId": "5fc410d7-21c1-4a1b-b9c6-56500c606047", "content": null,
            }],
        })
    );
    // Nothing comes before the echo: a prompt has no answer.
    client.close("").await;
    assert_eq!(closed(&simulator, "prompts").await, ("client".into(), 1000));
    let everything = serde_json::to_string(&simulator.seen(0, None)).unwrap();
    assert!(
        !everything.contains(&token),
        "the token is nowhere in what was seen"
    );
}

#[tokio::test]
async fn upgrades_are_refused_by_status() {
    let simulator = start().await;
    let status = async |token: &str| {
        Socket::open(&prompts_url(&simulator, token))
            .await
            .map(|_| ())
            .unwrap_err()
    };
    let unauthorized = |message: &str| (401, json!({"error": "unauthorized", "message": message}));
    assert_eq!(
        status("").await,
        unauthorized("no access token was presented")
    );
    assert_eq!(
        status("bogus").await,
        unauthorized("the access token is unknown or has been revoked")
    );
    let scoped = token(&simulator, "agentassist:write interactions:read").await;
    assert_eq!(
        status(&scoped).await,
        (
            403,
            json!({"error": "forbidden", "message": "the access token lacks the scope realtime:read"})
        )
    );
    let reader = token(&simulator, "realtime:read").await;
    let mut client = Socket::open(&prompts_url(&simulator, &reader))
        .await
        .unwrap();
    client.send(&prompt("f1", "S1")).await;
    assert_eq!(client.refused().await, ("forbidden".into(), json!("f1")));
}

#[tokio::test]
async fn a_prompt_without_snippets_is_delivered_as_any() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::prompts(&simulator).await;
    let mut frame = prompt("f1", "S1");
    frame["payload"]["snippets"] = json!([]);
    client.send(&frame).await;
    let message: Value = serde_json::from_str(&desktop.receive_text().await).unwrap();
    assert_eq!(message["body"]["acpAppElements"][0]["content"], frame);
    client.assert_quiet().await;
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_the_socket_stays_open() {
    let simulator = start().await;
    let snippets = |count| {
        Value::from(vec![
            prompt("", "")["payload"]["snippets"][0].clone();
            count
        ])
    };
    let wrong = [
        ("/type", json!("SYNC"), "unknown_type"),
        ("/type", json!(null), "invalid_field"),
        ("/sequence", json!("1"), "invalid_field"),
        ("/payload", json!({}), "invalid_field"),
        ("/payload/session_id", json!(""), "invalid_field"),
        ("/payload/interaction_id", json!("a b"), "invalid_field"),
        ("/payload/agent_id", json!("a b"), "unknown_agent"),
        ("/payload/snippets", snippets(11), "snippet_limit"),
        ("/payload/snippets", snippets(10_000), "snippet_limit"),
        ("/payload/priority_level", json!(3), "priority_override"),
        ("/payload/priority_level", json!(0), "invalid_field"),
        ("/payload/priority_level", json!(6), "invalid_field"),
        ("/payload/priority_level", json!(300), "invalid_field"),
        ("/payload/relevance_score", json!(-1), "invalid_field"),
        ("/payload/relevance_score", json!(2), "invalid_field"),
        ("/payload/ttl_seconds", json!(9), "invalid_field"),
        ("/payload/ttl_seconds", json!(121), "invalid_field"),
        ("/payload/timestamp", json!(seconds(2.5)), "stale"),
        (
            "/payload/timestamp",
            json!(seconds(-3_600.0)),
            "invalid_field",
        ),
        (
            "/payload/timestamp",
            json!(seconds(0.0) * 1000.0),
            "invalid_field",
        ),
        ("/payload/timestamp", json!(-1), "invalid_field"),
    ];
    for (n, (pointer, value, code)) in wrong.into_iter().enumerate() {
        let mut client = Socket::prompts(&simulator).await;
        let id = format!("f{n}");
        let mut frame = prompt(&id, "S");
        *frame.pointer_mut(pointer).unwrap() = value;
        client.send(&frame).await;
        assert_eq!(
            client.refused().await,
            (code.into(), json!(id)),
            "{pointer}"
        );
        // What was refused is not remembered.
        client.send(&prompt(&id, "S")).await;
        client.assert_quiet().await;
    }
    let mut client = Socket::prompts(&simulator).await;
    for text in ["{", "[]", r#"{"relevance_score": NaN}"#] {
        client.send_text(text).await;
        assert_eq!(client.refused().await, ("invalid_json".into(), Value::Null));
    }
}

#[tokio::test]
async fn a_repeat_is_told_even_when_it_is_stale() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::prompts(&simulator).await;
    client.send(&prompt("f1", "S1")).await;
    let mut late = prompt("f1", "S1");
    late["payload"]["timestamp"] = json!(seconds(30.0));
    client.send(&late).await;
    assert_eq!(client.refused().await, ("duplicate".into(), json!("f1")));
    assert_eq!(desktop.receive_card().await, "f1");
    desktop.assert_quiet().await;
}

#[tokio::test]
async fn the_oldest_of_too_many_sessions_is_evicted_and_its_owner_told() {
    let simulator = start().await;
    let mut first = Socket::prompts(&simulator).await;
    let mut second = Socket::prompts(&simulator).await;
    first.send(&prompt("f1", "S1")).await;
    first.assert_quiet().await;
    for n in 2..=100 {
        second
            .send(&prompt(&format!("f{n}"), &format!("S{n}")))
            .await;
    }
    second.assert_quiet().await;
    first.send(&prompt("again", "S1")).await;
    first.assert_quiet().await;
    second.send(&prompt("f101", "S101")).await;
    assert_eq!(
        first.receive_text().await,
        r#"{"type":"error","code":"session_limit","message":"session \"S1\" was the oldest of more than 100 and is evicted","ref":"again"}"#
    );
    first.send(&prompt("f102", "S1")).await;
    assert_eq!(
        second.refused().await,
        ("session_limit".into(), json!("f2"))
    );
    first.assert_quiet().await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_sent_sixteen_frames_and_served_on() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::prompts(&simulator).await;
    for _ in 0..20 {
        client.send_text("{").await;
    }
    client.send(&prompt("f1", "S1")).await;
    assert_eq!(desktop.receive_card().await, "f1");
    for _ in 0..16 {
        assert_eq!(client.refused().await, ("invalid_json".into(), Value::Null));
    }
    client.assert_quiet().await;
}

#[tokio::test]
async fn an_absent_agent_gets_it_later() {
    let simulator = start().await;
    let mut client = Socket::prompts(&simulator).await;
    client.send(&prompt("f1", "S1")).await;
    client.assert_quiet().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(desktop.receive_card().await, "f1");
    // A prompt tells who holds an interaction.
    let mut injector = Socket::injector(&simulator).await;
    let now = format!("{:.3}", now());
    injector
        .send(&json!({
            "type": "agentassist.suggest", "interactionId": "INT-1",
            "suggestion": {
                "id": "s1", "content": "text", "priority": "HIGH", "relevanceScore": 0.7,
                "contextWindow": {"start": now, "end": "2099-01-01T00:00:00Z"}, "injectedAt": now,
            },
        }))
        .await;
    assert_eq!(desktop.receive_card().await, "s1");
}
