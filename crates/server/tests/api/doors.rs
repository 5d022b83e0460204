//! Who may come in.

use reqwest::Method;
use serde_json::json;

use super::stage::{KEY, READER, Stage, answer, body, problem, suggestion};
use cuecard_server::clock::Clock;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_a_known_key() {
    let stage = Stage::new().await;
    for header in [
        None,
        Some(String::new()),
        Some(KEY.to_owned()),
        Some(format!("Basic {KEY}")),
        Some("Bearer".to_owned()),
        Some(format!("Bearer {KEY}x")),
        Some(format!("Bearer {}", &KEY[..KEY.len() - 1])),
    ] {
        let mut request = stage.bare(Method::GET, "/v1/outcomes");
        if let Some(value) = &header {
            request = request.header("authorization", value);
        }
        let response = request.send().await.unwrap();
        assert_eq!(
            response.headers()["www-authenticate"],
            "Bearer realm=\"cuecard\"",
            "{header:?}"
        );
        let (status, code, field, detail) =
            problem((response.status().as_u16(), body(response).await));
        assert_eq!(
            (status, code.as_str(), field.as_str()),
            (401, "bad_api_key", ""),
            "{header:?}"
        );
        assert!(!detail.contains(KEY), "{detail}");
    }
    // The scheme's case does not matter.
    let request = stage
        .bare(Method::GET, "/v1/outcomes")
        .header("authorization", format!("bearer {KEY}"));
    assert_eq!(answer(request).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_do_what_its_scopes_say() {
    let stage = Stage::new().await;
    for (method, path, scope) in [
        (Method::POST, "/v1/alerts", "alerts:write"),
        (Method::POST, "/v1/suggestions", "suggestions:write"),
        (Method::POST, "/v1/prompts", "prompts:write"),
        (Method::GET, "/v1/cards/a", "cards:read"),
        (Method::DELETE, "/v1/cards/a", "cards:write"),
        (Method::GET, "/v1/interactions/INT-1", "cards:read"),
        (Method::PUT, "/v1/interactions/INT-1", "interactions:write"),
    ] {
        let request = stage
            .bare(method, path)
            .bearer_auth(READER)
            .json(&json!({}));
        let detail = format!("the key \"reader\" lacks a scope, expected {scope}");
        assert_eq!(
            problem(answer(request).await),
            (403, "missing_scope".into(), String::new(), detail),
            "{path}"
        );
    }
    let request = stage.bare(Method::GET, "/v1/outcomes").bearer_auth(READER);
    assert_eq!(
        answer(request).await,
        (200, json!({"outcomes": [], "next": 0}))
    );
    // Who was refused what is known afterwards.
    let refused = stage.audited().await;
    assert_eq!(refused.len(), 7);
    assert_eq!(refused[0], ["refused", "reader", "", "missing_scope"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_push_clients_out_of_the_trail() {
    let stage = Stage::new().await;
    for _ in 0..150 {
        let stranger = stage.bare(Method::GET, "/v1/outcomes");
        assert_eq!(answer(stranger).await.0, 401);
    }
    let request = stage.bare(Method::GET, "/v1/cards/a").bearer_auth(READER);
    assert_eq!(answer(request).await.0, 403);
    let refused = stage.audited().await;
    assert_eq!(refused.len(), 101);
    assert_eq!(refused[100], ["refused", "reader", "", "missing_scope"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_an_allowance_of_its_own() {
    let clock = Clock::manual(super::stage::START);
    let settings = "requests_per_second = 2\nburst = 3";
    let stage = Stage::with("", settings, clock.clone()).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(stage.get("/v1/outcomes").await.0);
    }
    assert_eq!(statuses, [200, 200, 200, 429]);
    let response = stage
        .request(Method::GET, "/v1/outcomes")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(
        problem((429, body(response).await)).3,
        "expected at most 2 requests a second, 3 at once"
    );
    let others = stage.bare(Method::GET, "/v1/outcomes").bearer_auth(READER);
    assert_eq!(answer(others).await.0, 200);
    clock.advance(cuecard_protocol::Millis(500));
    assert_eq!(stage.get("/v1/outcomes").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_taken_is_a_problem_too() {
    let stage = Stage::new().await;
    let (status, code, ..) = problem(stage.get("/v1/nothing").await);
    assert_eq!((status, code.as_str()), (404, "not_found"));
    let response = stage
        .request(Method::PATCH, "/v1/cards/a")
        .send()
        .await
        .unwrap();
    let allowed: Vec<String> = response.headers()["allow"]
        .to_str()
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect();
    assert_eq!(allowed, ["GET", "HEAD", "DELETE"]);
    assert_eq!(problem((405, body(response).await)).1, "method_not_allowed");
    for id in ["unknown", "no%20id", "%ff", "a.b"] {
        let (status, code, ..) = problem(stage.get(&format!("/v1/cards/{id}")).await);
        let expected = if id == "%ff" {
            (400, "bad_request")
        } else {
            (404, "unknown_card")
        };
        assert_eq!((status, code.as_str()), expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_platform_nothing_is_taken() {
    let stage = Stage::alone().await;
    assert_eq!(
        problem(stage.post("/v1/suggestions", &suggestion(&json!({}))).await),
        (
            503,
            "no_platform".into(),
            String::new(),
            "the setting platform.suggestions_url is missing, expected the platform's URL".into()
        )
    );
}
