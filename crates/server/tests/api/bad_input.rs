//! Everything that can be wrong with a request: named, with what was found and what was expected, and without repeating
//! anybody's words.

use cuecard_server::backbone::publications::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Stage, alert, answer, problem, prompt, suggestion};

/// `(request, status, code, field, detail)`.
type Case = (Value, u16, &'static str, &'static str, &'static str);

async fn check(path: &str, cases: impl IntoIterator<Item = Case>) {
    let stage = Stage::new().await;
    for (request, status, code, field, detail) in cases {
        let found = problem(stage.post(path, &request).await);
        assert_eq!(
            found,
            (status, code.into(), field.into(), detail.into()),
            "{request}"
        );
    }
    for kind in [Kind::Alert, Kind::Suggestion, Kind::Prompt] {
        let kept = stage.app.backbone.unsettled(kind, 10).await.unwrap();
        assert_eq!(kept, [], "nothing was kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_suggestions() {
    let late = json!({"start": "2126-11-20T09:00:00Z", "end": "2126-11-20T09:05:00Z"});
    check("/v1/suggestions", [
        (suggestion(&json!({"content": null})), 422, "invalid_field", "content", "content is missing, expected a value"),
        (suggestion(&json!({"content": ""})), 422, "invalid_field", "content", "content is text of 0 characters, expected 1 to 2000 characters"),
        (suggestion(&json!({"content": " \u{2066}\n"})), 422, "invalid_field", "content", "content is text of 3 characters that nobody sees, expected 1 to 2000 characters"),
        (suggestion(&json!({"content": "ü".repeat(2001)})), 422, "invalid_field", "content", "content is text of 2001 characters, expected 1 to 2000 characters"),
        (suggestion(&json!({"content": 7})), 422, "invalid_field", "content", "content is 7, expected text"),
        (suggestion(&json!({"relevance": "very secret"})), 422, "invalid_field", "relevance", "relevance is \"very secret\", expected a number"),
        (suggestion(&json!({"relevance": -1})), 422, "relevance", "relevance", "relevance is -1, expected 0.70 to 1"),
        (suggestion(&json!({"relevance": 2})), 422, "relevance", "relevance", "relevance is 2, expected 0.70 to 1"),
        (suggestion(&json!({"relevance": 0.699})), 422, "relevance", "relevance", "relevance is 0.699, expected 0.70 to 1"),
        (suggestion(&json!({"id": "a b"})), 422, "invalid_field", "id", "id is \"a b\", expected 1 to 128 of the characters A-Z a-z 0-9 _ -"),
        (suggestion(&json!({"agent_id": ""})), 422, "invalid_field", "agent_id", "agent_id is \"\", expected 1 to 128 bytes without spaces or control characters"),
        (suggestion(&json!({"priority": "x".repeat(33)})), 422, "invalid_field", "priority", "priority is text of 33 characters, expected 1 to 32 characters"),
        (suggestion(&json!({"text": "secret"})), 422, "invalid_field", "text", "text is not a known field, expected one of interaction_id, agent_id, content, priority, relevance, window, expires_in_seconds, source, id, supersedes, revision"),
        (suggestion(&json!({"expires_in_seconds": 0})), 422, "invalid_field", "expires_in_seconds", "expires_in_seconds is 0, expected 1 to 3600"),
        (suggestion(&json!({"expires_in_seconds": 1.5})), 422, "invalid_field", "expires_in_seconds", "expires_in_seconds is 1.5, expected a whole number, at least 0"),
        (suggestion(&json!({"window": {"start": "2126-11-20T08:51:00Z", "end": "2126-11-20T08:50:00Z"}})), 422, "context_window", "window.end", "window.end is 2126-11-20T08:50:00.000Z, expected a time behind window.start (2126-11-20T08:51:00.000Z)"),
        (suggestion(&json!({"window": {"start": "2126-11-20T08:00:00Z", "end": "2126-11-20T08:01:00Z"}})), 422, "context_window", "window", "context window is 4950835200000 ms to 4950835260000 ms, expected one that holds now (4950838210765 ms) within 2000 ms"),
        (suggestion(&json!({"window": late})), 422, "context_window", "window", "context window is 4950838800000 ms to 4950839100000 ms, expected one that holds now (4950838210765 ms) within 2000 ms"),
        (suggestion(&json!({"window": {"start": "2126-11-20T08:50:00"}})), 422, "invalid_field", "window.start", "window.start is \"2126-11-20T08:50:00\", expected ISO 8601 with a zone, such as 2026-11-20T08:50:10.765Z"),
        (suggestion(&json!({"window": {"end": 5}})), 422, "invalid_field", "window.end", "window.end is 5, expected text"),
        (suggestion(&json!({"window": {"stop": "2126-11-20T08:50:00Z"}})), 422, "invalid_field", "window.stop", "window.stop is not a known field, expected start or end"),
        (suggestion(&json!({"window": {"end": "2126-11-20T09:50:11Z"}})), 422, "context_window", "window.end", "window.end is 2126-11-20T09:50:11.000Z, expected at most 3600 s from now"),
        (suggestion(&json!({"window": {"end": "2126-11-20T08:55:00Z"}, "expires_in_seconds": 5})), 422, "invalid_field", "expires_in_seconds", "expires_in_seconds is 5, expected only one of it and window.end"),
        (suggestion(&json!({"revision": -1})), 422, "invalid_field", "revision", "revision is -1, expected a whole number, at least 0"),
        (suggestion(&json!({"revision": 1_u64 << 53})), 422, "invalid_field", "revision", "revision is 9007199254740992, expected 0 to 9007199254740991"),
        (json!([]), 422, "invalid_field", "the body", "the body is a list, expected an object"),
        (json!("secret"), 422, "invalid_field", "the body", "the body is \"secret\", expected an object"),
    ]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_prompts() {
    let snippet = |more: &Value| {
        let mut snippet = json!({"snippet_id": "KB-1", "content": "secret words"});
        snippet
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        prompt(&json!({"snippets": [{"snippet_id": "KB-0", "content": "x"}, snippet]}))
    };
    check("/v1/prompts", [
        (prompt(&json!({"snippets": []})), 422, "snippet_limit", "snippets", "snippets is a list of 0, expected 1 to 10000"),
        (prompt(&json!({"snippets": null})), 422, "invalid_field", "snippets", "snippets is missing, expected a value"),
        (prompt(&json!({"level": 3, "override": true})), 422, "priority_override", "override", "override at priority level 3, expected 4 or more for an override"),
        (prompt(&json!({"override": true})), 422, "priority_override", "override", "override at priority level 3, expected 4 or more for an override"),
        (prompt(&json!({"override": "yes"})), 422, "invalid_field", "override", "override is \"yes\", expected true or false"),
        (prompt(&json!({"level": 0})), 422, "invalid_field", "level", "level is 0, expected 1 to 5"),
        (prompt(&json!({"level": 1000})), 422, "invalid_field", "level", "level is 1000, expected 1 to 5"),
        (prompt(&json!({"ttl_seconds": 9})), 422, "invalid_field", "ttl_seconds", "ttl_seconds is 9, expected 10 to 120"),
        (prompt(&json!({"ttl_seconds": 121})), 422, "invalid_field", "ttl_seconds", "ttl_seconds is 121, expected 10 to 120"),
        (prompt(&json!({"topics": ["a", "x".repeat(41)]})), 422, "invalid_field", "topics[1]", "topics[1] is text of 41 characters, expected 1 to 40 characters"),
        (prompt(&json!({"topics": [["secret"]]})), 422, "invalid_field", "topics[0]", "topics[0] is a list, expected text"),
        (prompt(&json!({"session_id": ""})), 422, "invalid_field", "session_id", "session_id is text of 0 characters, expected 1 to 128 characters"),
        (snippet(&json!({"content": ["secret"]})), 422, "invalid_field", "snippets[1].content", "snippets[1].content is a list, expected text"),
        (snippet(&json!({"content": "x".repeat(2001)})), 422, "invalid_field", "snippets[1].content", "snippets[1].content is text of 2001 characters, expected 1 to 2000 characters"),
        (snippet(&json!({"snippet_id": "KB-0"})), 422, "invalid_field", "snippets[1].snippet_id", "snippets[1].snippet_id is \"KB-0\", expected an id that no other snippet of the prompt has"),
        (snippet(&json!({"tags": vec!["x"; 11]})), 422, "invalid_field", "snippets[1].tags", "snippets[1].tags is a list of 11, expected 0 to 10"),
        (snippet(&json!({"tags": ["x", ""]})), 422, "invalid_field", "snippets[1].tags[1]", "snippets[1].tags[1] is text of 0 characters, expected 1 to 40 characters"),
        (snippet(&json!({"words": "secret"})), 422, "invalid_field", "snippets[1].words", "snippets[1].words is not a known field, expected one of snippet_id, content, tags, source_system"),
    ]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_alerts() {
    check(
        "/v1/alerts",
        [
            (
                alert(&json!({"level": null})),
                422,
                "invalid_field",
                "level",
                "level is missing, expected it or risk_score",
            ),
            (
                alert(&json!({"level": "LOW"})),
                422,
                "invalid_field",
                "level",
                "level is \"LOW\", expected HIGH or CRITICAL",
            ),
            (
                alert(&json!({"level": null, "risk_score": 0.849})),
                422,
                "invalid_field",
                "risk_score",
                "risk_score is 0.849, expected 0.85 to 1",
            ),
            (
                alert(&json!({"level": null, "risk_score": 1.01})),
                422,
                "invalid_field",
                "risk_score",
                "risk_score is 1.01, expected 0.85 to 1",
            ),
            (
                alert(&json!({"risk_score": 0.9})),
                422,
                "invalid_field",
                "risk_score",
                "risk_score is 0.9, expected only one of it and level",
            ),
            (
                alert(&json!({"text": null})),
                422,
                "invalid_field",
                "html",
                "html is missing, expected it or text",
            ),
            (
                alert(&json!({"html": "<p>secret</p>"})),
                422,
                "invalid_field",
                "text",
                "text is text of 19 characters, expected only one of it and html",
            ),
            (
                alert(&json!({"text": null, "html": "x".repeat(32 * 1024 + 1)})),
                422,
                "invalid_field",
                "html",
                "html is text of 32769 bytes, expected 1 to 32768 bytes",
            ),
            (
                alert(&json!({"title": "t".repeat(201)})),
                422,
                "invalid_field",
                "title",
                "title is text of 201 characters, expected 1 to 200 characters",
            ),
            (
                alert(&json!({"title": {"secret": 1}})),
                422,
                "invalid_field",
                "title",
                "title is an object, expected text",
            ),
        ],
    )
    .await;
}

#[expect(clippy::too_many_lines, reason = "a table")]
#[tokio::test(flavor = "multi_thread")]
async fn of_bodies() {
    let stage = Stage::new().await;
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = stage.request(Method::POST, "/v1/suggestions").body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let (status, code, field, detail) = problem(answer(request).await);
        (status, code, field, detail)
    };
    let json = Some("application/json");
    let good = suggestion(&json!({})).to_string();
    let nan = good.replace("0.85", "NaN");
    for (kind, body, expected) in [
        (
            None,
            good.as_str(),
            (
                415,
                "wrong_media_type",
                "Content-Type",
                "Content-Type is missing, expected application/json",
            ),
        ),
        (
            Some("text/plain"),
            good.as_str(),
            (
                415,
                "wrong_media_type",
                "Content-Type",
                "Content-Type is \"text/plain\", expected application/json",
            ),
        ),
        (
            json,
            "",
            (
                400,
                "bad_request",
                "",
                "the body is no JSON (line 1, column 0), expected a JSON object",
            ),
        ),
        (
            json,
            "{\"secret",
            (
                400,
                "bad_request",
                "",
                "the body is no JSON (line 1, column 8), expected a JSON object",
            ),
        ),
        (
            json,
            nan.as_str(),
            (
                400,
                "bad_request",
                "",
                "the body is no JSON (line 1, column 90), expected a JSON object",
            ),
        ),
        (
            json,
            "{\"content\": \"secret\"} trailing",
            (
                400,
                "bad_request",
                "",
                "the body is no JSON (line 1, column 23), expected a JSON object",
            ),
        ),
        (
            json,
            "{\"content\": \"a\", \"content\": \"b\"}",
            (
                422,
                "invalid_field",
                "content",
                "content is there twice, expected once",
            ),
        ),
    ] {
        let (status, code, field, detail) = send(kind, body.as_bytes().to_vec()).await;
        let found = (status, code.as_str(), field.as_str(), detail.as_str());
        assert_eq!(
            (found.0, found.1, found.2),
            (expected.0, expected.1, expected.2),
            "{body}: {detail}"
        );
        if !body.contains("NaN") {
            assert_eq!(found.3, expected.3, "{body}");
        }
        assert!(!detail.contains("secret"), "{detail}");
    }
    let (status, code, _, detail) = send(json, vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(
        (status, code.as_str(), detail.as_str()),
        (
            413,
            "body_too_large",
            "the body is larger, expected at most 1048576 bytes"
        )
    );
    let mut not_utf8 = good.clone().into_bytes();
    let place = good.find("Offer").unwrap();
    not_utf8[place] = 0xff;
    assert_eq!(send(json, not_utf8).await.0, 400);
    let charset = stage
        .request(Method::POST, "/v1/suggestions")
        .header("content-type", "Application/JSON; charset=utf-8")
        .body(good);
    assert_eq!(answer(charset).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_prompt_of_ten_thousand_snippets() {
    let stage = Stage::new().await;
    let snippets: Vec<Value> = (0..10_001)
        .map(|n| json!({"snippet_id": n.to_string(), "content": "x"}))
        .collect();
    let post = async |snippets: &[Value]| {
        let request = prompt(&json!({"snippets": snippets}));
        stage.post("/v1/prompts", &request).await
    };
    let (status, taken) = post(&snippets[..10_000]).await;
    assert_eq!(
        (status, taken["dropped"].as_array().unwrap().len()),
        (202, 9_990)
    );
    assert_eq!(
        problem(post(&snippets).await),
        (
            422,
            "snippet_limit".into(),
            "snippets".into(),
            "snippets is a list of 10001, expected 1 to 10000".into()
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_html_is_taken_however_it_is_written() {
    let stage = Stage::new().await;
    let html = "\"".repeat(32 * 1024);
    let request = alert(&json!({"text": null, "html": html}));
    assert_eq!(stage.post("/v1/alerts", &request).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_interactions() {
    let stage = Stage::new().await;
    for (path, request, field, detail) in [
        (
            "/v1/interactions/a%20b",
            json!({}),
            "id",
            "id is \"a b\", expected 1 to 128 bytes without spaces or control characters",
        ),
        (
            "/v1/interactions/INT-1",
            json!({"revision": "3"}),
            "revision",
            "revision is \"3\", expected a whole number, at least 0",
        ),
        (
            "/v1/interactions/INT-1",
            json!({"agent": "A"}),
            "agent",
            "agent is not a known field, expected revision or agent_id",
        ),
    ] {
        assert_eq!(
            problem(stage.put(path, &request).await),
            (422, "invalid_field".into(), field.into(), detail.into())
        );
    }
}
