//! The suggestions socket: platform wire, sections 4, 12 and 14. Who may say what is here, what comes of it in
//! `outcomes`.

mod outcomes;

use std::time::Duration;

use cuecard_simulator::Simulator;
use serde_json::{Value, json};

use crate::client::{End, SUGGESTIONS_SCOPES, Socket, closed, http, iso, now, pass, start, token};

/// Recorded from the reference client, but for its times.
const RECORDED: &str = r#"{"type":"agentassist.suggest","interactionId":"INTERACTION_12345","suggestion":{"id":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae","content":"Verify return policy eligibility before processing refund","priority":"HIGH","relevanceScore":0.85,"contextWindow":{"start":"NOW","end":"END"},"injectedAt":"NOW"}}"#;
const SUCCESS: &str = r#"{"type":"auth.success"}"#;

fn suggestion(id: &str) -> Value {
    json!({
        "type": "agentassist.suggest",
        "interactionId": "INT-1",
        "suggestion": {
            "id": id, "content": "Offer a credit", "priority": "HIGH", "relevanceScore": 0.85,
            "contextWindow": {"start": iso(0), "end": iso(300)}, "injectedAt": iso(0),
        },
    })
}

/// A simulator in which AGT-1 holds INT-1.
async fn start_held() -> Simulator {
    let simulator = start().await;
    simulator.set_interaction("INT-1", "AGT-1");
    simulator
}

#[tokio::test]
async fn the_recorded_client_passes_unchanged() {
    let simulator = start().await;
    simulator.set_interaction("INTERACTION_12345", "AGT-1");
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    // No User-Agent, no Accept, and the token is fetched behind the upgrade.
    let mut client = Socket::raw(&simulator, "/ws/v1", "").await;
    let answer = http()
        .post(format!("{}/oauth2/token", simulator.base_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&client_id=cid&client_secret=csecret&scope=agentassist%3Awrite+interaction%3Aread")
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let sent = now();
    let text = RECORDED
        .replace("NOW", &format!("{sent:.3}"))
        .replace("END", &iso(300));
    client
        .send_text(&format!(r#"{{"type":"auth","token":"{token}"}}"#))
        .await;
    client.send_text(&text).await;
    assert_eq!(client.receive_text().await, SUCCESS);
    let message = desktop.receive_text().await;
    assert!(
        message.contains(&format!(r#""content":{text}"#)),
        "delivered unchanged: {message}"
    );
    let message: Value = serde_json::from_str(&message).unwrap();
    let mut body = message["body"].clone();
    body["utcTimestamp"].take();
    body["acpAppElements"][0]["content"].take();
    assert_eq!(
        body,
        json!({
            "agentAssistSource": "agent-assist", "contactId": "INTERACTION_12345", "utcTimestamp": null,
            "acpAppElements": [{
                "contentType": "customCard", "cardType": "Text",
                "objectId": "54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae", "content": null,
            }],
        })
    );
    client.assert_quiet().await;

    for command in ["RENDERED", "ACCEPTED"] {
        let id = "54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae";
        let body = json!({"objectId": id, "contactId": "INTERACTION_12345", "agentId": "AGT-1", "at": iso(0), "reason": null});
        assert_eq!(
            desktop.command(command, "", body).await["command"],
            "RECEIVED"
        );
    }
    let ids = r#""interactionId":"INTERACTION_12345","suggestionId":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae""#;
    assert_eq!(
        client.receive_text().await,
        format!(
            r#"{{"type":"agentassist.ack",{ids},"sentTimestamp":{}}}"#,
            sent.as_millisecond()
        )
    );
    assert_eq!(
        client.receive_text().await,
        format!(r#"{{"type":"agentassist.accepted",{ids}}}"#)
    );
    client.close("").await;
    assert_eq!(
        closed(&simulator, "suggestions").await,
        ("client".into(), 1000)
    );
    let everything = serde_json::to_string(&simulator.seen(0, None)).unwrap();
    assert!(
        !everything.contains(token),
        "the token is nowhere in what was seen"
    );
}

#[tokio::test]
async fn what_comes_before_auth_is_held_and_taken_in_order() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let token = token(&simulator, SUGGESTIONS_SCOPES).await;
    let mut client = Socket::suggestions(&simulator).await;
    client.send(&suggestion("one")).await;
    client.send_text("nonsense").await;
    client.send(&suggestion("two")).await;
    client.assert_quiet().await;
    desktop.assert_quiet().await;
    client.send(&json!({"type": "auth", "token": token})).await;
    assert_eq!(client.receive_text().await, SUCCESS);
    assert_eq!(client.refused().await, ("invalid_json".into(), Value::Null));
    assert_eq!(desktop.receive_card().await, "one");
    assert_eq!(desktop.receive_card().await, "two");
    client.assert_quiet().await;
}

#[tokio::test]
async fn a_bad_token_refuses_everything_until_a_good_one() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::suggestions(&simulator).await;
    client.send(&suggestion("held")).await;
    client
        .send(&json!({"type": "Auth", "token": "bogus"}))
        .await;
    client.send_text(r#"{"type":"auth","token":"bogus"}"#).await;
    assert_eq!(
        client.receive_text().await,
        r#"{"type":"auth.failure","message":"the access token is unknown or has been revoked"}"#
    );
    client.send(&suggestion("behind")).await;
    assert_eq!(
        client.receive_text().await,
        r#"{"type":"auth.failure","message":"the client has not authenticated"}"#
    );
    for auth in [json!({"type": "auth"}), json!({"type": "auth", "token": 7})] {
        client.send(&auth).await;
        assert_eq!(
            client.receive_text().await,
            r#"{"type":"auth.failure","message":"no access token was presented"}"#
        );
    }
    let token = token(&simulator, SUGGESTIONS_SCOPES).await;
    client.send(&json!({"type": "auth", "token": token})).await;
    assert_eq!(client.receive_text().await, SUCCESS);
    client.send(&suggestion("good")).await;
    assert_eq!(desktop.receive_card().await, "good");
    desktop.assert_quiet().await;
    client.assert_quiet().await;
    let everything = serde_json::to_string(&simulator.seen(0, None)).unwrap();
    for secret in ["bogus", &token] {
        assert!(!everything.contains(secret), "{secret} was written down");
    }
}

#[tokio::test]
async fn a_client_has_its_time_and_room_for_auth_and_no_more() {
    let simulator = start().await;
    let mut silent = Socket::suggestions(&simulator).await;
    let mut talking = Socket::suggestions(&simulator).await;
    talking.send(&suggestion("early")).await;
    let mut known = Socket::injector(&simulator).await;
    // The limit is 30 s.
    pass(Duration::from_secs(31)).await;
    for client in [&mut silent, &mut talking] {
        assert_eq!(client.end().await, End::Close(4401, "no auth".into()));
    }
    known.assert_quiet().await;

    let simulator = start_held().await;
    let mut client = Socket::suggestions(&simulator).await;
    for n in 0..64 {
        client.send(&suggestion(&n.to_string())).await;
    }
    client.assert_quiet().await;
    client.send(&suggestion("64")).await;
    assert_eq!(client.refused().await, ("protocol".into(), Value::Null));
    assert_eq!(client.end().await, End::Close(1008, "refused".into()));
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_the_socket_stays_open() {
    let simulator = start_held().await;
    let mut client = Socket::injector(&simulator).await;
    let text = suggestion("s").to_string();
    for (frame, code, is_known) in [
        ("{".to_owned(), "invalid_json", false),
        (text.replace("0.85", "NaN"), "invalid_json", false),
        ("null".into(), "invalid_json", false),
        ("[]".into(), "invalid_json", false),
        ("{}".into(), "invalid_field", false),
        (r#"{"type":7}"#.into(), "invalid_field", false),
        (
            text.replace("agentassist.suggest", "ping"),
            "unknown_type",
            true,
        ),
        (
            text.replace("relevanceScore", "relevance"),
            "invalid_field",
            true,
        ),
        (text.replace("0.85", "\"0.85\""), "invalid_field", true),
    ] {
        client.send_text(&frame).await;
        let reference = if is_known { json!("s") } else { Value::Null };
        assert_eq!(client.refused().await, (code.into(), reference), "{frame}");
    }
    for (pointer, value, code) in [
        ("/interactionId", json!(""), "invalid_field"),
        ("/interactionId", json!("INT-2"), "unknown_agent"),
        ("/suggestion/id", json!("a b"), "invalid_field"),
        ("/suggestion/relevanceScore", json!(-1), "relevance"),
        ("/suggestion/relevanceScore", json!(0.699), "relevance"),
        ("/suggestion/relevanceScore", json!(2), "relevance"),
        ("/suggestion/injectedAt", json!("now"), "invalid_field"),
        (
            "/suggestion/contextWindow/start",
            json!(iso(400)),
            "context_window",
        ),
        (
            "/suggestion/contextWindow/start",
            json!(iso(60)),
            "context_window",
        ),
        (
            "/suggestion/contextWindow/end",
            json!(iso(-5)),
            "context_window",
        ),
        (
            "/suggestion/contextWindow/end",
            json!("2099-01-01T00:00:00"),
            "invalid_field",
        ),
        ("/suggestion/contextWindow", json!([]), "invalid_field"),
    ] {
        let mut frame = suggestion("s");
        *frame.pointer_mut(pointer).unwrap() = value.clone();
        client.send(&frame).await;
        let reference = frame["suggestion"]["id"].clone();
        assert_eq!(
            client.refused().await,
            (code.into(), reference),
            "{pointer} {value}"
        );
    }
    let mut abroad = suggestion("abroad");
    abroad["suggestion"]["contextWindow"]["end"] = json!("2099-01-01T00:00:00+05:30");
    client.send(&abroad).await;
    client.assert_quiet().await;
    let reader = token(&simulator, "interaction:read").await;
    client.send(&json!({"type": "auth", "token": reader})).await;
    assert_eq!(client.receive_text().await, SUCCESS);
    client.send(&suggestion("mine")).await;
    assert_eq!(client.refused().await, ("forbidden".into(), json!("mine")));
}
