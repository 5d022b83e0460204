//! What the webhook's endpoint takes, and what it refuses and with which words.

use cuecard_protocol::Millis;
use cuecard_server::clock::Clock;
use cuecard_server::signature::{SIGNATURE, TIMESTAMP, sign};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::world::{SECRET, World, eventually};

/// 2026-11-20T08:50:10.765Z.
const NOW: Millis = Millis(1_795_164_610_765);
const EVENT: &str = r#"{"interactionId":"INT-1","agentId":"AGT-1"}"#;

struct Request {
    content_type: Option<&'static str>,
    timestamp: Option<String>,
    signature: Option<String>,
    body: Vec<u8>,
}

/// A request that is signed well at this time.
fn signed_at(body: &[u8], now: Millis) -> Request {
    let (timestamp, signature) = sign(&SECRET.into(), now, body);
    Request {
        content_type: Some("application/json"),
        timestamp: Some(timestamp),
        signature: Some(signature),
        body: body.to_vec(),
    }
}

fn signed(body: &str) -> Request {
    signed_at(body.as_bytes(), NOW)
}

async fn send(world: &World, request: Request) -> Response {
    let mut post = client().post(world.url()).body(request.body);
    for (name, value) in [
        ("Content-Type", request.content_type.map(str::to_owned)),
        (TIMESTAMP, request.timestamp),
        (SIGNATURE, request.signature),
    ] {
        if let Some(value) = value {
            post = post.header(name, value);
        }
    }
    post.send().await.unwrap()
}

fn client() -> Client {
    cuecard_cxone::http::client().unwrap()
}

async fn world(lines: &str) -> World {
    World::with(&format!("[webhooks]\n{lines}\n"), Clock::manual(NOW)).await
}

fn secret() -> String {
    format!("secret = '{SECRET}'")
}

#[tokio::test]
async fn what_is_signed_is_taken_and_a_repeat_is_no_news() {
    let world = world(&secret()).await;
    let charset = Request {
        content_type: Some("Application/JSON; charset=utf-8"),
        ..signed(
            r#" {"agentId": "AGT-1", "interactionId": "INT-1", "event": "interaction.completed"}"#,
        )
    };
    let later = signed_at(EVENT.as_bytes(), NOW.plus(Millis::from_secs(300)));
    for request in [signed(EVENT), signed(EVENT), charset, later] {
        let answer = send(&world, request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), r#"{"received":true}"#);
    }
    // There is no form, so that is all.
    eventually("the evaluation", async || world.jobs().await.is_empty()).await;
    assert_eq!(send(&world, signed(EVENT)).await.status(), 200);
    assert_eq!(
        world.jobs().await,
        [],
        "an evaluated interaction makes no job"
    );
    let received = world.audited("webhook_received").await;
    let outcomes: Vec<_> = received
        .iter()
        .map(|[_, outcome]| outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["ok", "repeat", "repeat", "repeat", "repeat"]);
    let unneeded = [["INT-1".to_owned(), "no_form".to_owned()]];
    assert_eq!(world.audited("task_unneeded").await, unneeded);
}

#[tokio::test]
async fn everything_else_is_refused_and_leaves_nothing() {
    let world = world(&secret()).await;
    let minutes = |minutes: u64| Millis::from_secs(minutes * 60);
    let unsigned = || Request {
        timestamp: None,
        signature: None,
        ..signed(EVENT)
    };
    let typed = |content_type| Request {
        content_type,
        ..signed(EVENT)
    };
    let hidden = |body: &str| signed(body);
    let wrong = Request {
        signature: signed("{}").signature,
        ..signed(EVENT)
    };
    let expected = "expected text of 1 to 256 bytes";
    let cases = [
        (unsigned(), 401, "unsigned", "the header X-Cuecard-Timestamp is missing, expected a signed webhook".to_owned()),
        (
            Request { signature: None, ..signed(EVENT) },
            401, "unsigned", "the header X-Cuecard-Signature is missing, expected a signed webhook".to_owned(),
        ),
        (
            wrong,
            401, "bad_signature", "the header X-Cuecard-Signature does not fit the body, expected v1= and its HMAC-SHA256 in hex".to_owned(),
        ),
        (
            Request { timestamp: Some("soon".to_owned()), ..signed(EVENT) },
            401, "bad_signature", "the header X-Cuecard-Timestamp is no whole number, expected seconds since the epoch".to_owned(),
        ),
        (
            signed_at(EVENT.as_bytes(), Millis(NOW.0 - minutes(6).0)),
            401, "old_signature", "the header X-Cuecard-Timestamp is 360 s away from this server's clock, expected at most 300 s".to_owned(),
        ),
        (
            signed_at(EVENT.as_bytes(), NOW.plus(minutes(6))),
            401, "old_signature", "the header X-Cuecard-Timestamp is 360 s away from this server's clock, expected at most 300 s".to_owned(),
        ),
        (typed(Some("text/plain")), 415, "wrong_media_type", "Content-Type is \"text/plain\", expected application/json".to_owned()),
        (typed(None), 415, "wrong_media_type", "Content-Type is missing, expected application/json".to_owned()),
        (hidden(r#"{"agentId":"A"}"#), 400, "bad_request", format!("interactionId is missing, {expected}")),
        (hidden(r#"{"interactionId":"","agentId":"A"}"#), 400, "bad_request", format!("interactionId is text of 0 bytes, {expected}")),
        (hidden(r#"{"interactionId":"I"}"#), 400, "bad_request", format!("agentId is missing, {expected}")),
        (hidden(r#"{"interactionId":"I","agentId":7}"#), 400, "bad_request", format!("agentId is no text, {expected}")),
        (
            hidden(r#"{"interactionId":"#),
            400, "bad_request", "the body is no JSON object, expected one with interactionId and agentId".to_owned(),
        ),
        (
            signed(&format!(r#"{{"more":"{}"}}"#, "x".repeat(100 * 1024))),
            413, "body_too_large", "the body is larger, expected at most 102400 bytes".to_owned(),
        ),
    ];
    let mut refused = Vec::new();
    for (request, status, code, detail) in cases {
        let answer = send(&world, request).await;
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let answered = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(
            (answered, &problem["code"], &problem["detail"]),
            (status, &json!(code), &json!(detail))
        );
        refused.push([String::new(), code.to_owned()]);
    }
    assert_eq!(world.audited("webhook_refused").await, refused);
    assert_eq!(world.audited("webhook_received").await, [[""; 2]; 0]);
    assert_eq!(world.jobs().await, []);
    assert_eq!(
        world
            .simulator
            .seen(0, None)
            .iter()
            .filter(|entry| entry.route == "forms")
            .count(),
        0
    );
    let metrics = world.running.app.metrics.render();
    assert!(
        metrics.contains("cuecard_webhooks_total{outcome=\"old_signature\"}"),
        "{metrics}"
    );

    let got = client().get(world.url()).send().await.unwrap();
    assert_eq!(got.status(), 405);
}

/// The answer may never come: whoever sends so much is cut off while still sending.
#[tokio::test]
async fn ten_megabytes_are_not_read() {
    let world = world(&secret()).await;
    let mut request = signed(EVENT);
    request.body = vec![b' '; 10_000_000];
    let mut post = client().post(world.url()).body(request.body);
    post = post.header("Content-Type", "application/json");
    if let Ok(answer) = post.send().await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(
        send(&world, signed(EVENT)).await.status(),
        200,
        "the server goes on"
    );
}

#[tokio::test]
async fn unsigned_ones_are_taken_where_the_settings_say_so_and_wrong_ones_never() {
    let unsigned = || Request {
        timestamp: None,
        signature: None,
        ..signed(EVENT)
    };
    let both = world(&format!("accept_unsigned = true\n{}", secret())).await;
    assert_eq!(send(&both, unsigned()).await.status(), 200);
    assert_eq!(send(&both, signed(EVENT)).await.status(), 200);
    let wrong = Request {
        signature: signed("{}").signature,
        ..signed(EVENT)
    };
    assert_eq!(send(&both, wrong).await.status(), 401);
    let alone = world("accept_unsigned = true").await;
    assert_eq!(send(&alone, unsigned()).await.status(), 200);
    assert_eq!(
        alone
            .running
            .app
            .config
            .webhooks
            .as_ref()
            .map(|webhooks| webhooks.accept_unsigned),
        Some(true)
    );
}

#[tokio::test]
async fn without_the_setting_there_is_no_such_place() {
    let world = World::with("", Clock::manual(NOW)).await;
    assert_eq!(send(&world, signed(EVENT)).await.status(), 404);
}
