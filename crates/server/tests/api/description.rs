//! The description of the API, and the page to try it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::stage::Stage;

async fn description(stage: &Stage) -> Value {
    stage
        .bare(Method::GET, "/openapi.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_is_described_with_all_its_answers() {
    let stage = Stage::alone().await;
    let api = description(&stage).await;
    assert_eq!(api["openapi"], "3.1.0");
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers: BTreeSet<&str> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            found.push(format!(
                "{method} {path}: {}",
                answers.into_iter().collect::<Vec<_>>().join(" ")
            ));
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let kind = if status.starts_with('2') {
                    "application/json"
                } else {
                    "application/problem+json"
                };
                assert!(
                    answer["content"][kind]["schema"]["$ref"].is_string(),
                    "{method} {path} {status}"
                );
            }
        }
    }
    found.sort();
    assert_eq!(
        found,
        [
            "delete /v1/cards/{id}: 200 400 401 403 404 405 409 422 429 503",
            "get /v1/cards/{id}: 200 400 401 403 404 405 422 429 503",
            "get /v1/interactions/{id}: 200 400 401 403 405 422 429 503",
            "get /v1/outcomes: 200 400 401 403 405 422 429 503",
            "post /v1/alerts: 202 400 401 403 405 409 413 415 422 429 503",
            "post /v1/prompts: 202 400 401 403 405 409 413 415 422 429 503",
            "post /v1/suggestions: 202 400 401 403 405 409 413 415 422 429 503",
            "put /v1/interactions/{id}: 200 400 401 403 405 413 415 422 429 503",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_are_described_as_they_are_kept() {
    let stage = Stage::alone().await;
    let api = description(&stage).await;
    let schema = |name: &str| api["components"]["schemas"][name].clone();
    let suggestion = schema("SuggestionRequest");
    assert_eq!(suggestion["additionalProperties"], false);
    assert_eq!(
        suggestion["required"],
        serde_json::json!(["interaction_id", "content", "relevance"])
    );
    for (field, limits) in [
        (
            "content",
            serde_json::json!({"minLength": 1, "maxLength": 2000}),
        ),
        (
            "relevance",
            serde_json::json!({"minimum": 0.7, "maximum": 1.0}),
        ),
        (
            "expires_in_seconds",
            serde_json::json!({"minimum": 1, "maximum": 3600}),
        ),
        (
            "id",
            serde_json::json!({"pattern": "^[A-Za-z0-9_-]+$", "maxLength": 128}),
        ),
    ] {
        for (name, limit) in limits.as_object().unwrap() {
            assert_eq!(
                suggestion["properties"][field][name].as_f64(),
                limit.as_f64(),
                "{field} {name}: {}",
                suggestion["properties"][field]
            );
        }
    }
    for name in [
        "AlertRequest",
        "PromptRequest",
        "SnippetRequest",
        "InteractionRequest",
        "Window",
    ] {
        assert_eq!(schema(name)["additionalProperties"], false, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_to_try_it_has_everything_from_here() {
    let stage = Stage::alone().await;
    let page = stage.bare(Method::GET, "/docs").send().await.unwrap();
    assert_eq!(page.url().path(), "/docs/");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("http"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "swagger-initializer.js",
    ] {
        assert!(html.contains(file), "{file}");
        let answer = stage
            .bare(Method::GET, &format!("/docs/{file}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{file}");
    }
    assert!(
        !html.contains("<script>"),
        "inline scripts do not run under the policy: {html}"
    );
    let start = stage
        .bare(Method::GET, "/docs/swagger-initializer.js")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(start.contains("/openapi.json"), "{start}");
    assert_eq!(
        stage
            .bare(Method::GET, "/docs/none")
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}
