//! What is taken, and what the answer says.

use cuecard_server::backbone::publications::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{OTHER, Stage, alert, answer, body, problem, prompt, suggestion};

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_is_taken_and_can_be_asked_for() {
    let stage = Stage::new().await;
    let window = json!({"start": "2126-11-20T09:50:10+01:00", "end": "2126-11-20T08:52:00Z"});
    let request = suggestion(&json!({
        "id": "s1", "priority": "HIGH", "source": "returns-model", "window": window, "revision": 3,
    }));
    let response = stage
        .request(Method::POST, "/v1/suggestions")
        .json(&request)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 202);
    assert_eq!(response.headers()["location"], "/v1/cards/s1");
    assert!(response.headers().get("idempotency-replayed").is_none());
    assert_eq!(
        body(response).await,
        json!({
            "id": "s1", "kind": "suggestion", "state": "queued", "relevance": 0.85, "expires_at": "2126-11-20T08:52:00.000Z",
            "superseded": null, "stale": [], "dropped": [],
        })
    );
    assert_eq!(
        stage.get("/v1/cards/s1").await,
        (
            200,
            json!({
                "id": "s1", "kind": "suggestion", "state": "queued", "agent_id": "AGT-1", "interaction_id": "INT-1",
                "relevance": 0.85, "published_at": "2126-11-20T08:50:10.765Z", "expires_at": "2126-11-20T08:52:00.000Z",
                "supersedes": null, "revision": 3, "outcomes": [], "platform": [],
            })
        )
    );
    assert_eq!(
        stage.get("/v1/interactions/INT-1").await,
        (
            200,
            json!({
                "id": "INT-1", "agent_id": "AGT-1", "revision": null, "active": 1, "accepted": 0, "decided": 0,
                "acceptance_rate": null, "adoption": {"prompts": 0, "snippets": 0}, "outcomes": {}, "stale": [],
            })
        )
    );
    // To another client there is no such card.
    for method in [Method::GET, Method::DELETE] {
        let (status, code, ..) =
            problem(answer(stage.bare(method, "/v1/cards/s1").bearer_auth(OTHER)).await);
        assert_eq!((status, code.as_str()), (404, "unknown_card"));
    }
    assert_eq!(
        stage.audited().await,
        [
            ["published", "model", "s1", "ok"].map(str::to_owned),
            ["refused", "other", "", "unknown_card"].map(str::to_owned),
            ["refused", "other", "", "unknown_card"].map(str::to_owned)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_the_platform_is_its_frame() {
    let stage = Stage::new().await;
    stage
        .post(
            "/v1/suggestions",
            &suggestion(&json!({"id": "s", "expires_in_seconds": 60})),
        )
        .await;
    stage
        .post(
            "/v1/alerts",
            &alert(&json!({"id": "a", "text": "<b>loud</b>", "level": null, "risk_score": 0.97})),
        )
        .await;
    stage
        .post(
            "/v1/prompts",
            &prompt(&json!({"id": "p", "level": 4, "override": true})),
        )
        .await;
    let mut frames: Vec<(String, Value)> = Vec::new();
    for kind in [Kind::Alert, Kind::Prompt, Kind::Suggestion] {
        let left = stage.app.backbone.unsettled(kind, 10).await.unwrap();
        frames.extend(left.into_iter().map(|one| (one.id.to_string(), one.frame)));
    }
    let session = frames[1].1["payload"]["session_id"].clone();
    assert!(session.as_str().unwrap().starts_with("SESS-"));
    assert_eq!(
        frames,
        [
            (
                "a".to_owned(),
                json!({
                    "contentId": "a", "title": "CRITICAL Risk Alert Detected", "type": "html",
                    "content": "<strong>Risk Score:</strong> 97.0%<br/>\n<p>&lt;b&gt;loud&lt;/b&gt;</p>",
                    "metadata": {"interactionId": "INT-1", "agentId": "AGT-1", "riskLevel": "CRITICAL", "timestamp": "2126-11-20T08:50:10.765Z"},
                })
            ),
            (
                "p".to_owned(),
                json!({
                    "frame_id": "p",
                    "payload": {
                        "session_id": session, "agent_id": "AGT-1", "interaction_id": "INT-1",
                        "snippets": [{"snippet_id": "KB-1", "content": "Use code RET24.", "tags": ["retention"], "source_system": "CRM"}],
                        "priority_override": true, "priority_level": 4, "relevance_score": 0.75, "timestamp": 4_950_838_210.765, "ttl_seconds": 45,
                    },
                })
            ),
            (
                "s".to_owned(),
                json!({
                    "type": "agentassist.suggest", "interactionId": "INT-1",
                    "suggestion": {
                        "id": "s", "content": "Offer a refund", "priority": "MEDIUM", "relevanceScore": 0.85,
                        "contextWindow": {"start": "2126-11-20T08:50:10.765Z", "end": "2126-11-20T08:51:10.765Z"},
                        "injectedAt": "2126-11-20T08:50:10.765Z",
                    },
                })
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_snippets_the_best_ten_are_taken() {
    let stage = Stage::new().await;
    let snippet = |n: usize, tags: &[&str], source: &str| json!({"snippet_id": format!("KB-{n}"), "content": "x", "tags": tags, "source_system": source});
    let mut snippets: Vec<Value> = (0..10).map(|n| snippet(n, &[], "WIKI")).collect();
    snippets.push(snippet(10, &["Billing"], "WIKI"));
    snippets.push(snippet(11, &[], "CRM"));
    let (status, taken) = stage
        .post(
            "/v1/prompts",
            &prompt(&json!({"id": "p", "snippets": snippets, "topics": ["billing"]})),
        )
        .await;
    assert_eq!(status, 202, "{taken}");
    assert_eq!(taken["dropped"], json!(["KB-8", "KB-9"]));
    // To the last digit as deployed publishers add it up.
    assert_eq!(taken["relevance"], 0.999_999_999_999_999_9);
    let kept = stage.app.backbone.unsettled(Kind::Prompt, 1);
    let kept = kept.await.unwrap().remove(0);
    let first: Vec<&str> = kept.frame["payload"]["snippets"]
        .as_array()
        .unwrap()
        .iter()
        .take(3)
        .map(|one| one["snippet_id"].as_str().unwrap())
        .collect();
    assert_eq!(first, ["KB-10", "KB-11", "KB-0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_the_same_card() {
    let stage = Stage::new().await;
    let post = async |key: &str, request: &Value| {
        let request = stage
            .request(Method::POST, "/v1/suggestions")
            .header("idempotency-key", key)
            .json(request);
        let response = request.send().await.unwrap();
        let replayed = response.headers().contains_key("idempotency-replayed");
        (response.status().as_u16(), replayed, body(response).await)
    };
    let (status, replayed, first) = post("key-1", &suggestion(&json!({}))).await;
    assert_eq!((status, replayed), (202, false));
    let (status, replayed, again) = post("key-1", &suggestion(&json!({}))).await;
    assert_eq!((status, replayed, &again), (202, true, &first));
    let (status, _, other) = post("key-2", &suggestion(&json!({}))).await;
    assert_eq!(status, 202);
    assert_ne!(other["id"], first["id"]);
    let (status, _, refused) =
        post("key-1", &suggestion(&json!({"content": "Something else"}))).await;
    assert_eq!(
        (status, &refused["code"], &refused["field"]),
        (
            422,
            &json!("idempotency_key_reused"),
            &json!("Idempotency-Key")
        )
    );
    for bad in ["", "a b", &"x".repeat(201), "ü"] {
        let (status, _, refused) = post(bad, &suggestion(&json!({}))).await;
        assert_eq!(
            (status, &refused["field"]),
            (422, &json!("Idempotency-Key")),
            "{bad:?}"
        );
    }
    assert_eq!(stage.get("/v1/interactions/INT-1").await.1["active"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_are_active_and_an_end_frees_a_place() {
    let stage = Stage::new().await;
    for n in 0..5 {
        assert_eq!(
            stage
                .post(
                    "/v1/suggestions",
                    &suggestion(&json!({"id": format!("s{n}")}))
                )
                .await
                .0,
            202
        );
    }
    let sixth = suggestion(&json!({"id": "s5"}));
    let (status, code, field, detail) = problem(stage.post("/v1/suggestions", &sixth).await);
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (409, "buffer_limit", "interaction_id")
    );
    assert_eq!(
        detail,
        "interaction \"INT-1\" has 5 active suggestions, expected fewer than 5"
    );
    assert_eq!(
        stage.delete("/v1/cards/s0").await,
        (200, json!({"id": "s0", "state": "withdrawn"}))
    );
    assert_eq!(
        stage.delete("/v1/cards/s0").await.0,
        200,
        "twice is the same as once"
    );
    assert_eq!(stage.post("/v1/suggestions", &sixth).await.0, 202);
    let (status, code, field, _) = problem(
        stage
            .post(
                "/v1/suggestions",
                &suggestion(&json!({"id": "s5", "interaction_id": "INT-2"})),
            )
            .await,
    );
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (409, "duplicate", "id")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relevance_follows_how_suggestions_were_taken() {
    let stage = Stage::new().await;
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "a"})))
        .await;
    let card = cuecard_protocol::CardId::parse("a").unwrap();
    let report = cuecard_server::backbone::publications::Report::Accepted;
    assert!(stage.app.backbone.note(&card, report).await.unwrap());
    let (_, taken) = stage
        .post(
            "/v1/suggestions",
            &suggestion(&json!({"id": "b", "relevance": 0.97})),
        )
        .await;
    assert_eq!(taken["relevance"], 1.0);
    assert_eq!(stage.get("/v1/cards/b").await.1["relevance"], 1.0);
    let stands = stage.get("/v1/interactions/INT-1").await.1;
    assert_eq!(
        (
            &stands["acceptance_rate"],
            &stands["accepted"],
            &stands["decided"]
        ),
        (&json!(1.0), &json!(1), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_card_supersedes_and_a_later_state_makes_stale() {
    let stage = Stage::new().await;
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "old"})))
        .await;
    stage
        .post(
            "/v1/suggestions",
            &suggestion(&json!({"id": "early", "revision": 1})),
        )
        .await;
    let (_, taken) = stage
        .post(
            "/v1/suggestions",
            &suggestion(&json!({"id": "new", "supersedes": "old", "revision": 2})),
        )
        .await;
    assert_eq!(
        (&taken["superseded"], &taken["stale"]),
        (&json!("old"), &json!(["early"]))
    );
    let (_, changed) = stage
        .put(
            "/v1/interactions/INT-1",
            &json!({"revision": 3, "agent_id": "AGT-2"}),
        )
        .await;
    assert_eq!(
        (
            &changed["revision"],
            &changed["agent_id"],
            &changed["stale"],
            &changed["active"]
        ),
        (&json!(3), &json!("AGT-2"), &json!(["new"]), &json!(0))
    );
    let mut ends = Vec::new();
    for id in ["old", "early", "new"] {
        ends.push(stage.get(&format!("/v1/cards/{id}")).await.1["state"].clone());
    }
    assert_eq!(ends, ["superseded", "stale", "stale"]);
    let (status, code, field, detail) = problem(
        stage
            .post("/v1/suggestions", &suggestion(&json!({"revision": 2})))
            .await,
    );
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (409, "stale", "revision")
    );
    assert_eq!(
        detail,
        "revision is 2, expected at least 3, at which the conversation stands"
    );
    let (status, code, field, _) = problem(
        stage
            .post(
                "/v1/suggestions",
                &suggestion(&json!({"supersedes": "none"})),
            )
            .await,
    );
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (422, "unknown_superseded", "supersedes")
    );
    let (status, code, _, detail) = problem(stage.delete("/v1/cards/old").await);
    assert_eq!(
        (status, code.as_str(), detail.as_str()),
        (
            409,
            "already_over",
            "the card is superseded, expected one that is not over"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_goes_to_whoever_holds_the_interaction() {
    let stage = Stage::new().await;
    let request = suggestion(&json!({"agent_id": null, "interaction_id": "INT-9"}));
    let (status, code, field, _) = problem(stage.post("/v1/suggestions", &request).await);
    assert_eq!(
        (status, code.as_str(), field.as_str()),
        (422, "unknown_agent", "agent_id")
    );
    assert_eq!(
        stage
            .put("/v1/interactions/INT-9", &json!({"agent_id": "AGT-7"}))
            .await
            .0,
        200
    );
    let (status, taken) = stage.post("/v1/suggestions", &request).await;
    assert_eq!(status, 202, "{taken}");
    let id = taken["id"].as_str().unwrap();
    assert_eq!(
        stage.get(&format!("/v1/cards/{id}")).await.1["agent_id"],
        "AGT-7"
    );
    // A UUID v4, as the platform's own clients use.
    assert_eq!((id.len(), &id[14..15]), (36, "4"));
}
