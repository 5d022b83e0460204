//! What one client's requests do to others' cards, to its own of before, and when it goes away.

use std::time::Duration;

use cuecard_protocol::CardId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::stage::{KEY, PATIENCE, POSTER, Stage, alert, answer, problem, suggestion};

#[tokio::test(flavor = "multi_thread")]
async fn an_id_stays_taken_when_its_card_is_over() {
    let stage = Stage::new().await;
    let path = "/v1/suggestions";
    stage.post(path, &suggestion(&json!({"id": "s"}))).await;
    let refused = (
        409,
        "duplicate".to_owned(),
        "id".to_owned(),
        "id is \"s\", expected one that no other card has or had".to_owned(),
    );
    let replacing = suggestion(&json!({"id": "s", "supersedes": "s"}));
    assert_eq!(problem(stage.post(path, &replacing).await), refused);
    stage.delete("/v1/cards/s").await;
    let again = suggestion(&json!({"id": "s"}));
    assert_eq!(problem(stage.post(path, &again).await), refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_moves_only_its_own_cards_on_and_takes_no_conversation_over() {
    let stage = Stage::new().await;
    let post = async |more: &Value| {
        let request = stage.bare(Method::POST, "/v1/suggestions");
        answer(request.bearer_auth(POSTER).json(&suggestion(more))).await
    };
    let mine = suggestion(&json!({"id": "mine", "revision": 1}));
    stage.post("/v1/suggestions", &mine).await;
    let (status, taken) = post(&json!({"id": "p1", "revision": 8, "agent_id": "AGT-2"})).await;
    assert_eq!((status, &taken["stale"]), (202, &json!([])));
    let (_, taken) = post(&json!({"id": "p2", "revision": 9, "agent_id": "AGT-2"})).await;
    assert_eq!(taken["stale"], json!(["p1"]));
    let stands = stage.get("/v1/interactions/INT-1").await.1;
    assert_eq!(
        (&stands["agent_id"], &stands["revision"], &stands["active"]),
        (&json!("AGT-1"), &Value::Null, &json!(2))
    );
    // Whose key may, says so with a post.
    let taken_over = suggestion(&json!({"agent_id": "AGT-3"}));
    stage.post("/v1/suggestions", &taken_over).await;
    let (_, changed) = stage
        .put("/v1/interactions/INT-1", &json!({"revision": 10}))
        .await;
    assert_eq!(
        (&changed["agent_id"], &changed["stale"], &changed["active"]),
        (&json!("AGT-3"), &json!(["mine"]), &json!(1))
    );
    let trail = stage.audited().await;
    let gone: Vec<&str> = trail
        .iter()
        .filter(|[event, ..]| event == "stale")
        .map(|[_, _, card, _]| card.as_str())
        .collect();
    assert_eq!(gone, ["p1", "mine", "p2"]);
}

/// Clients that have sent their request and are gone before the answer: some before it was read, some after.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_noted_although_nobody_waits_for_the_answer() {
    let mut stage = Stage::new().await;
    let address = stage.url.strip_prefix("http://").unwrap().to_owned();
    let deadline = Instant::now() + PATIENCE;
    let mut n = 0;
    // On a machine that stalls, all of the first may be gone too early.
    while n < 40 || kept(&stage, n).await.is_empty() {
        assert!(Instant::now() < deadline, "expected some to be kept");
        let body = alert(&json!({"id": format!("a{n}")})).to_string();
        let request = format!(
            "POST /v1/alerts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut socket = TcpStream::connect(&address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(100 * n)).await;
        drop(socket);
        n += 1;
    }
    stage.take_running().shutdown().await;
    let trail = stage.audited().await;
    let kept = kept(&stage, n).await;
    assert!(!kept.is_empty());
    for id in kept {
        let line = ["published", "model", id.as_str(), "ok"].map(str::to_owned);
        assert!(trail.contains(&line), "{id} is kept and not noted");
    }
}

/// Which of the first `n` of these alerts are kept.
async fn kept(stage: &Stage, n: u64) -> Vec<CardId> {
    let mut kept = Vec::new();
    for n in 0..n {
        let id = CardId::parse(format!("a{n}")).unwrap();
        let status = stage.app.backbone.status("model", &id).await.unwrap();
        kept.extend(status.map(|_| id));
    }
    kept
}
