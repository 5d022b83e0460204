//! What became of cards: in order, nothing skipped, and at once for whoever waits.

use cuecard_protocol::{
    Action, ActionId, ActionKind, Card, CardBody, CardId, InteractionId, Suggestion,
};
use cuecard_server::backbone::publications::Report;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::stage::{OTHER, PATIENCE, START, Stage, agent, answer, problem, suggestion};

fn id(text: &str) -> CardId {
    CardId::parse(text).unwrap()
}

fn names(page: &Value) -> Vec<String> {
    page["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["card_id"].as_str().unwrap(),
                one["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

/// As many requests as may wait at once, all of which do wait: one more was refused, which is the second part.
async fn all_that_may_wait(stage: &Stage) -> (JoinSet<(u16, Value)>, (u16, Value)) {
    let mut waiting = JoinSet::new();
    for _ in 0..17 {
        waiting.spawn(answer(stage.request(Method::GET, "/v1/outcomes?wait=30")));
    }
    let refused = timeout(PATIENCE, waiting.join_next()).await;
    let refused = refused.expect("one does not wait").unwrap().unwrap();
    (waiting, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_in_pages_without_a_hole() {
    let stage = Stage::new().await;
    for n in 0..3 {
        stage
            .post(
                "/v1/suggestions",
                &suggestion(&json!({"id": format!("s{n}")})),
            )
            .await;
        assert!(
            stage
                .app
                .backbone
                .note(&id(&format!("s{n}")), Report::Sent)
                .await
                .unwrap()
        );
    }
    stage.delete("/v1/cards/s1").await;
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let (status, page) = stage
            .get(&format!("/v1/outcomes?after={after}&limit=2"))
            .await;
        assert_eq!(status, 200);
        if page["outcomes"] == json!([]) {
            assert_eq!(page["next"], after);
            break;
        }
        all.extend(names(&page));
        after = page["next"].as_u64().unwrap();
    }
    assert_eq!(all, ["s0 sent", "s1 sent", "s2 sent", "s1 withdrawn"]);
    let (_, first) = stage.get("/v1/outcomes?limit=1").await;
    assert_eq!(
        first["outcomes"][0],
        json!({
            "n": first["next"], "card_id": "s0", "kind": "suggestion", "outcome": "sent", "at": "2126-11-20T08:50:10.765Z",
            "agent_id": "AGT-1", "interaction_id": "INT-1", "reason": null, "snippet_id": null, "published_at": "2126-11-20T08:50:10.765Z",
        })
    );
    // Another client's list is another.
    let others = stage.bare(Method::GET, "/v1/outcomes").bearer_auth(OTHER);
    assert_eq!(answer(others).await.1["outcomes"], json!([]));
    let (status, code, field, _) = problem(stage.get("/v1/outcomes?after=1000").await);
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (422, "invalid_field", "after")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_told_at_once() {
    let stage = Stage::new().await;
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "s"})))
        .await;
    let (waiting, _) = all_that_may_wait(&stage).await;
    stage
        .app
        .backbone
        .note(&id("s"), Report::Sent)
        .await
        .unwrap();
    // Whoever is not told answers an empty page when its 30 s are over.
    let told = timeout(PATIENCE, waiting.join_all())
        .await
        .expect("they are told at once");
    for (_, page) in told {
        assert_eq!(names(&page), ["s sent"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_of_a_key_wait_and_no_more() {
    let stage = Stage::new().await;
    let (waiting, refused) = all_that_may_wait(&stage).await;
    assert_eq!(
        problem(refused),
        (
            429,
            "too_many_requests".into(),
            String::new(),
            "expected at most 16 requests that wait at once".into()
        )
    );
    // Who does not wait, and another key, are not concerned.
    assert_eq!(stage.get("/v1/outcomes").await.0, 200);
    let others = stage
        .bare(Method::GET, "/v1/outcomes?wait=1")
        .bearer_auth(OTHER);
    assert_eq!(answer(others).await.0, 200);
    assert_eq!(waiting.len(), 16, "the others wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_does_not_wait_for_those_who_wait() {
    let mut stage = Stage::new().await;
    let (waiting, _) = all_that_may_wait(&stage).await;
    let running = stage.take_running();
    timeout(PATIENCE, running.shutdown())
        .await
        .expect("the drain ends");
    for answer in waiting.join_all().await {
        assert_eq!(answer, (200, json!({"outcomes": [], "next": 0})));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_told_with_the_agents_words() {
    let stage = Stage::new().await;
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "s"})))
        .await;
    let card = Card {
        id: id("s"),
        interaction_id: InteractionId::parse("INT-1").unwrap(),
        published_at: START,
        received_at: START,
        expires_at: START.plus(cuecard_protocol::Millis::from_secs(300)),
        body: CardBody::Suggestion(Suggestion {
            content: "Offer a refund".into(),
            priority: None,
            relevance: 0.85,
            source: None,
        }),
    };
    stage.app.backbone.append(&agent(), card).await.unwrap();
    let action = |name: &str, kind, reason: Option<&str>| Action {
        id: ActionId::parse(name).unwrap(),
        card_id: id("s"),
        kind,
        at: START,
        reason: reason.map(str::to_owned),
        snippet_id: None,
        until: None,
    };
    for action in [
        action("1", ActionKind::Rendered, None),
        action("2", ActionKind::Dismissed, Some("Done already")),
        action("3", ActionKind::Accepted, None),
    ] {
        stage.app.backbone.record(&agent(), &action).await.unwrap();
    }
    let (_, page) = stage.get("/v1/outcomes").await;
    assert_eq!(
        names(&page),
        ["s sent", "s delivered", "s rendered", "s dismissed"]
    );
    assert_eq!(page["outcomes"][3]["reason"], "Done already");
    let (_, status) = stage.get("/v1/cards/s").await;
    assert_eq!(
        (&status["state"], &status["outcomes"]),
        (&json!("dismissed"), &page["outcomes"])
    );
    assert_eq!(
        stage.get("/v1/interactions/INT-1").await.1["outcomes"],
        json!({"suggestion": {"delivered": 1, "dismissed": 1, "rendered": 1, "sent": 1}})
    );
}
