//! Who gets in, and who does not.

use cuecard_protocol::Millis;
use cuecard_server::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::stage::{Stage, assertion, problem, problem_in_full, seconds};

const LATER: Millis = Millis(1_900_000_000_000);

#[tokio::test]
async fn an_assertion_opens_a_session_once() {
    let stage = Stage::with("embed_origins = ['https://crm.example.net']\n[cards]\nimage_origins = ['https://img.example.com']").await;
    let mut browser = stage.browser();
    let token = assertion("A-1", "j1", seconds(stage.app.clock.now()) + 30);
    let answer = browser.open_session(&json!({ "assertion": token })).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-Http-cuecard="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=None; Partitioned"),
        "{cookie}"
    );
    let mut info: Value = answer.json().await.unwrap();
    assert!(info["expires_at"].take().as_u64().is_some());
    assert_eq!(
        info,
        json!({
            "agent_id": "A-1", "version": cuecard_protocol::VERSION, "locale": "en", "expires_at": null,
            "image_origins": ["https://img.example.com"],
        })
    );
    let again = stage
        .browser()
        .open_session(&json!({ "assertion": token }))
        .await;
    assert_eq!(problem(again).await, (401, "used_assertion".into()));
}

#[tokio::test]
async fn a_browser_is_told_of_the_session_that_it_has_and_nothing_changes() {
    let clock = Clock::manual(LATER);
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let mut browser = stage.browser();
    let current = async |browser: &crate::stage::Browser| {
        let request = browser.request(Method::GET, "/api/session");
        request.send().await.unwrap()
    };
    assert_eq!(
        problem(current(&browser).await).await,
        (401, "no_session".into())
    );
    let opened = browser.open_session(&json!({ "agent_id": "A-1" })).await;
    let told: Value = opened.json().await.unwrap();
    clock.advance(Millis::from_secs(60));
    let answer = current(&browser).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().get("set-cookie").is_none());
    assert_eq!(answer.json::<Value>().await.unwrap(), told);
    let ended = browser.request(Method::DELETE, "/api/session");
    ended.send().await.unwrap();
    assert_eq!(
        problem(current(&browser).await).await,
        (401, "no_session".into())
    );
}

#[tokio::test]
async fn bad_assertions_open_nothing() {
    let stage = Stage::new().await;
    let now = seconds(stage.app.clock.now());
    let far = assertion("A-1", "j2", now + 120);
    let over = assertion("A-1", "j3", now - 1);
    let good = assertion("A-1", "j4", now + 30);
    let body = good.split('.').nth(1).unwrap();
    // {"alg":"none"} and {"alg":"HS512"}, with a signature that was made for HS256.
    let unsigned = format!("eyJhbGciOiJub25lIn0.{body}.");
    let other = format!(
        "eyJhbGciOiJIUzUxMiJ9.{body}.{}",
        good.rsplit('.').next().unwrap()
    );
    for token in [far, over, unsigned, other, "nonsense".into(), String::new()] {
        let answer = stage
            .browser()
            .open_session(&json!({ "assertion": token }))
            .await;
        assert!(answer.headers().get("set-cookie").is_none());
        assert_eq!(problem(answer).await, (401, "bad_assertion".into()));
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "agent_id": "A 1" }),
        json!({ "assertion": 7 }),
    ] {
        let answer = stage.browser().open_session(&body).await;
        assert_eq!(problem(answer).await, (400, "bad_request".into()));
    }
    let long = "x".repeat(20_000);
    let answer = stage
        .browser()
        .open_session(&json!({ "assertion": long }))
        .await;
    assert_eq!(problem(answer).await, (413, "body_too_large".into()));
}

#[tokio::test]
async fn every_endpoint_says_what_is_wrong_with_a_body() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let ask = async |path: &str, kind: &str, body: String| {
        let request = browser.request(Method::POST, path);
        let request = request.header("content-type", kind).body(body);
        let answer = request.send().await.unwrap();
        problem_in_full(answer).await
    };
    let secret = "a-word-of-the-caller";
    for path in ["/api/session", "/api/context", "/api/typing"] {
        let long = json!({ "life": "x".repeat(20_000) }).to_string();
        let (code, body) = ask(path, "application/json", long).await;
        assert_eq!(code, (413, "body_too_large".into()), "{path}");
        assert_eq!(
            body["detail"], "the body is larger, expected at most 16384 bytes",
            "{path}"
        );
        let (code, body) = ask(path, "text/plain", "{}".into()).await;
        assert_eq!(code, (415, "wrong_media_type".into()), "{path}");
        assert_eq!(body["field"], "Content-Type", "{path}");
        for bad in [format!("{{\"{secret}"), json!({ secret: 1 }).to_string()] {
            let (code, body) = ask(path, "application/json", bad).await;
            assert_eq!(code, (400, "bad_request".into()), "{path}");
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains("expected a body such as {"), "{detail}");
            assert!(!detail.contains(secret), "{detail}");
        }
    }
    // Its hello is read as on a socket, whatever it says that it is.
    let (code, _) = ask("/api/replay", "text/plain", "x".repeat(20_000)).await;
    assert_eq!(code, (413, "body_too_large".into()));
    let (code, _) = ask("/api/replay", "text/plain", "{}".into()).await;
    assert_eq!(code, (400, "bad_request".into()));
}

#[tokio::test]
async fn a_session_that_the_store_could_not_end_is_not_said_to_have_ended() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let end = async || {
        let request = browser.request(Method::DELETE, "/api/session");
        request.send().await.unwrap()
    };
    let status = async || {
        let request = browser.request(Method::GET, "/api/session");
        request.send().await.unwrap().status()
    };
    // Where the store keeps which sessions were ended.
    let store = rusqlite::Connection::open(stage.dir.path().join("cuecard.db")).unwrap();
    store
        .execute("ALTER TABLE once RENAME TO away", [])
        .unwrap();
    let answer = end().await;
    assert!(answer.headers().get("set-cookie").is_none());
    assert_eq!(problem(answer).await, (503, "store_failed".into()));

    store
        .execute("ALTER TABLE away RENAME TO once", [])
        .unwrap();
    assert_eq!(status().await, StatusCode::OK, "nobody said that it ended");
    assert_eq!(end().await.status(), StatusCode::NO_CONTENT);
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
    assert_eq!(end().await.status(), StatusCode::NO_CONTENT, "again");
}

#[tokio::test]
async fn a_plain_agent_id_is_for_development_only() {
    let stage = Stage::production().await;
    let answer = stage
        .browser()
        .open_session(&json!({ "agent_id": "A-1" }))
        .await;
    assert_eq!(problem(answer).await, (401, "bad_assertion".into()));
    let token = assertion("A-1", "j1", seconds(stage.app.clock.now()) + 30);
    let answer = stage
        .browser()
        .open_session(&json!({ "assertion": token }))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.ends_with("; Secure; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
}

#[tokio::test]
async fn every_request_carries_the_header() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    for (method, path) in [
        (Method::POST, "/api/session"),
        (Method::DELETE, "/api/session"),
        (Method::POST, "/api/ticket"),
        (Method::GET, "/api/nowhere"),
    ] {
        let answer = browser.bare(method.clone(), path).send().await.unwrap();
        assert_eq!(
            problem(answer).await,
            (403, "missing_header".into()),
            "{method} {path}"
        );
        let answer = browser
            .bare(method, path)
            .header("x-cuecard", "0")
            .send()
            .await
            .unwrap();
        assert_eq!(problem(answer).await, (403, "missing_header".into()));
    }
    let answer = browser
        .request(Method::GET, "/api/nowhere")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(answer).await, (404, "not_found".into()));
    let answer = browser
        .request(Method::PUT, "/api/ticket")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(answer).await, (405, "method_not_allowed".into()));
}

#[tokio::test]
async fn other_origins_stay_outside() {
    let stage = Stage::with("allowed_origins = ['https://desk.example.com']").await;
    let mut browser = stage.browser_of("A-1").await;
    let ticket = browser.ticket().await;
    browser.origin = "https://evil.example".into();
    for path in ["/api/session", "/api/ticket"] {
        let answer = browser
            .request(Method::POST, path)
            .json(&json!({ "agent_id": "A-1" }))
            .send()
            .await
            .unwrap();
        assert!(
            answer
                .headers()
                .get("access-control-allow-origin")
                .is_none()
        );
        assert_eq!(problem(answer).await, (403, "wrong_origin".into()));
    }
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((403, "wrong_origin".into()))
    );
    // Allowed, but the ticket was made for another.
    browser.origin = "https://desk.example.com".into();
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((403, "foreign_ticket".into()))
    );
    let own = browser.ticket().await;
    assert!(browser.connect_with(&own).await.is_ok());
}

#[tokio::test]
async fn configured_origins_may_read_answers_and_nobody_else() {
    let stage = Stage::with("allowed_origins = ['https://desk.example.com']").await;
    let browser = stage.browser();
    let preflight = async |origin: &str| {
        let request = browser
            .client
            .request(Method::OPTIONS, format!("{}/api/ticket", stage.url));
        let request = request
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        request
            .header("access-control-request-headers", "x-cuecard,content-type")
            .send()
            .await
            .unwrap()
    };
    let answer = preflight("https://desk.example.com").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://desk.example.com"
    );
    assert_eq!(answer.headers()["access-control-allow-credentials"], "true");
    assert_eq!(
        answer.headers()["access-control-allow-headers"],
        "content-type,x-cuecard"
    );
    let answer = preflight("https://evil.example").await;
    for name in [
        "access-control-allow-origin",
        "access-control-allow-credentials",
    ] {
        assert!(answer.headers().get(name).is_none(), "{name}");
    }
    let mut desk = stage.browser();
    desk.origin = "https://desk.example.com".into();
    let answer = desk
        .request(Method::POST, "/api/ticket")
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://desk.example.com"
    );
    assert_eq!(problem(answer).await, (401, "no_session".into()));
}

#[tokio::test]
async fn a_ticket_opens_one_socket_in_time_for_its_session() {
    let clock = Clock::manual(LATER);
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let browser = stage.browser_of("A-1").await;
    let other = stage.browser_of("A-2").await;

    let ticket = browser.ticket().await;
    assert_eq!(
        other.connect_with(&ticket).await.err(),
        Some((403, "foreign_ticket".into()))
    );
    assert_eq!(
        stage.browser().connect_with(&ticket).await.err(),
        Some((401, "no_session".into()))
    );
    assert!(browser.connect_with(&ticket).await.is_ok());
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((401, "used_ticket".into()))
    );

    let ticket = browser.ticket().await;
    clock.advance(Millis::from_secs(30));
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((401, "expired_ticket".into()))
    );

    assert_eq!(
        browser.upgrade("cuecard.v1").await.err(),
        Some((401, "no_ticket".into()))
    );
    assert_eq!(
        browser.upgrade("cuecard.v1, ticket.x").await.err(),
        Some((401, "no_ticket".into()))
    );
    let ticket = format!("ticket.{}", browser.ticket().await);
    assert_eq!(
        browser.upgrade(&ticket).await.err(),
        Some((400, "bad_request".into()))
    );
    assert!(
        browser
            .upgrade(&format!("{ticket}, cuecard.v1"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn of_many_who_use_one_ticket_at_once_one_gets_in() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let ticket = browser.ticket().await;
    let tries = (0..8).map(|_| browser.connect_with(&ticket));
    let outcomes = futures_util::future::join_all(tries).await;
    let sockets: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_ok()).collect();
    assert_eq!(sockets.len(), 1);
}

#[tokio::test]
async fn a_session_survives_a_restart_and_a_used_ticket_stays_used() {
    let mut stage = Stage::new().await;
    let mut browser = stage.browser_of("A-1").await;
    let ticket = browser.ticket().await;
    drop(browser.connect_with(&ticket).await.unwrap());
    // The port is to be another, and with it the origin.
    while stage.url == browser.url {
        let dir = stage.stop().await;
        stage = Stage::at(dir, "", Clock::system()).await;
    }
    browser.url.clone_from(&stage.url);
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((403, "wrong_origin".into()))
    );
    browser.origin.clone_from(&stage.url);
    assert!(browser.connect_with(&browser.ticket().await).await.is_ok());
}

#[tokio::test]
async fn refusals_are_counted_and_audited() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-audit").await;
    browser
        .bare(Method::POST, "/api/ticket")
        .send()
        .await
        .unwrap();
    let audited = stage.audited().await;
    let expected = |event: &str, outcome: &str| {
        (
            event.into(),
            "A-audit".into(),
            String::new(),
            outcome.into(),
        )
    };
    assert!(
        audited.ends_with(&[
            expected("session_opened", "ok"),
            expected("refused", "missing_header")
        ]),
        "{audited:?}"
    );
    let metrics = stage
        .browser()
        .client
        .get(format!("{}/metrics", stage.url))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("cuecard_refused_total{reason=\"missing_header\"}"),
        "{metrics}"
    );
}
