//! `GET /api/embed` and `POST /api/context`: in whose pages a frame may stand, and what it may believe of them.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::stage::{Browser, SECRET, Stage, problem, seconds};

fn claims(stage: &Stage, jti: &str) -> Value {
    json!({
        "aud": "cuecard", "sub": "A-1", "exp": seconds(stage.app.clock.now()) + 50, "jti": jti,
        "interaction": "INT-1", "context": { "customerName": "Ada" },
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn sign(claims: &Value, secret: &str) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

async fn verify(browser: &Browser, token: &str) -> Response {
    let request = browser.request(Method::POST, "/api/context");
    let body = json!({ "context": token });
    request.json(&body).send().await.unwrap()
}

#[tokio::test]
async fn the_origins_that_may_embed_are_told_to_the_frame() {
    let stage = Stage::with(
        "allowed_origins = ['https://desk.example.com']\nembed_origins = ['https://CRM.example.net']",
    )
    .await;
    let request = stage.browser().request(Method::GET, "/api/embed");
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({ "origins": ["https://crm.example.net"] }));
}

#[tokio::test]
async fn a_context_for_the_sessions_agent_is_told_back_once() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let token = sign(&claims(&stage, "j1"), SECRET);
    let answer = verify(&browser, &token).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        answer,
        json!({ "interaction": "INT-1", "context": { "customerName": "Ada" } })
    );
    let again = verify(&browser, &token).await;
    assert_eq!(problem(again).await, (409, "used_context".into()));

    let mut without = claims(&stage, "j2");
    without.as_object_mut().unwrap().remove("interaction");
    let answer = verify(&browser, &sign(&without, SECRET)).await;
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["interaction"], Value::Null);
}

#[tokio::test]
async fn all_other_contexts_are_refused_without_a_word_of_them() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let good = || claims(&stage, "j1");
    let now = seconds(stage.app.clock.now());
    for (token, said) in [
        (
            sign(&good(), "another secret of at least 32 bytes"),
            "the assertion is not accepted: InvalidSignature".to_owned(),
        ),
        (
            sign(&with(good(), "aud", json!("other")), SECRET),
            "the assertion is not accepted: InvalidAudience".to_owned(),
        ),
        (
            sign(&with(good(), "sub", json!("A-2")), SECRET),
            "sub is another agent than the session's, expected the same".to_owned(),
        ),
        (
            sign(&with(good(), "context", json!("Ada")), SECRET),
            "the claim context is not as expected: an object whose values are texts".to_owned(),
        ),
        (
            sign(&with(good(), "context", json!({ "Ada": 7 })), SECRET),
            "the claim context is not as expected: an object whose values are texts".to_owned(),
        ),
        (
            sign(&with(good(), "interaction", json!("Ada L")), SECRET),
            "the claim interaction is not as expected: an interaction's id, or absent".to_owned(),
        ),
    ] {
        let answer = verify(&browser, &token).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            (body["code"].as_str(), body["detail"].as_str()),
            (Some("bad_context"), Some(said.as_str()))
        );
    }
    for exp in [now - 1, now + 120] {
        let token = sign(&with(good(), "exp", json!(exp)), SECRET);
        assert_eq!(
            problem(verify(&browser, &token).await).await,
            (422, "bad_context".into())
        );
    }
    // None of them has used up the id.
    let answer = verify(&browser, &sign(&good(), SECRET)).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_context_opens_no_session_and_an_assertion_is_no_context() {
    let stage = Stage::new().await;
    let mut browser = stage.browser();
    let context = sign(&claims(&stage, "j1"), SECRET);
    let answer = browser.open_session(&json!({ "assertion": context })).await;
    assert_eq!(problem(answer).await, (401, "bad_assertion".into()));

    let stranger = verify(&browser, &context).await;
    assert_eq!(problem(stranger).await, (401, "no_session".into()));

    let browser = stage.browser_of("A-1").await;
    let mut assertion = claims(&stage, "j2");
    assertion.as_object_mut().unwrap().remove("context");
    let answer = verify(&browser, &sign(&assertion, SECRET)).await;
    assert_eq!(problem(answer).await, (422, "bad_context".into()));

    let mut foreign = browser.clone();
    foreign.origin = "https://evil.example".into();
    let answer = verify(&foreign, &context).await;
    assert_eq!(problem(answer).await, (403, "wrong_origin".into()));
    let body = browser
        .request(Method::POST, "/api/context")
        .json(&json!([7]));
    assert_eq!(
        problem(body.send().await.unwrap()).await,
        (400, "bad_request".into())
    );
}
