//! `POST /api/typing`: who may tell, what may be told, and how often.

use cuecard_protocol::{AgentId, InteractionId, Millis};
use cuecard_server::clock::Clock;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::stage::{Browser, Stage, problem};

fn body(n: u64, typing: bool) -> Value {
    json!({ "interaction_id": "INT-1", "typing": typing, "life": "a1", "n": n, "keystrokes": 1 })
}

async fn tell(browser: &Browser, body: &Value) -> Response {
    let request = browser.request(Method::POST, "/api/typing").json(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_panel_with_a_session_may_tell_and_a_late_call_is_as_well() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    for (n, typing) in [(2, true), (1, false), (2, true), (3, false)] {
        let answer = tell(&browser, &body(n, typing)).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.text().await.unwrap(), "");
    }
}

#[tokio::test]
async fn nobody_else_may() {
    let stage = Stage::new().await;
    let stranger = tell(&stage.browser(), &body(1, true)).await;
    assert_eq!(problem(stranger).await, (401, "no_session".into()));

    let browser = stage.browser_of("A-1").await;
    let bare = browser
        .bare(Method::POST, "/api/typing")
        .json(&body(1, true));
    let bare = bare.send().await.unwrap();
    assert_eq!(problem(bare).await, (403, "missing_header".into()));

    let mut foreign = browser.clone();
    foreign.origin = "https://evil.example".into();
    let foreign = tell(&foreign, &body(1, true)).await;
    assert_eq!(problem(foreign).await, (403, "wrong_origin".into()));

    let get = browser.request(Method::GET, "/api/typing").send().await;
    assert_eq!(
        problem(get.unwrap()).await,
        (405, "method_not_allowed".into())
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let mut bad_id = body(1, true);
    bad_id["interaction_id"] = json!("has a space");
    let mut bad_n = body(1, true);
    bad_n["n"] = json!(-1);
    for bad in [bad_id, bad_n, json!([]), json!({})] {
        let answer = tell(&browser, &bad).await;
        assert_eq!(problem(answer).await, (400, "bad_request".into()), "{bad}");
    }
    for life in [String::new(), "x".repeat(65)] {
        let mut bad = body(1, true);
        bad["life"] = json!(life);
        let answer = tell(&browser, &bad).await;
        assert_eq!(problem(answer).await, (422, "invalid_field".into()));
    }
}

#[tokio::test]
async fn each_agent_may_tell_five_times_a_second_and_ten_times_at_once() {
    let clock = Clock::manual(Millis(1_900_000_000_000));
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let browser = stage.browser_of("A-1").await;
    let other = stage.browser_of("A-2").await;
    // An agent without a socket is forgotten after some time, and with it what it has used up.
    let _socket = browser.connect().await;
    for n in 1..=10 {
        let answer = tell(&browser, &body(n, n % 2 == 1)).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    let answer = tell(&browser, &body(11, true)).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(problem(answer).await, (429, "too_many_requests".into()));
    let answer = tell(&other, &body(1, true)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    clock.advance(Millis(1_000));
    for n in 11..=15 {
        let answer = tell(&browser, &body(n, false)).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
    let answer = tell(&browser, &body(16, true)).await;
    assert_eq!(problem(answer).await, (429, "too_many_requests".into()));
}

#[tokio::test]
async fn a_server_that_goes_away_takes_the_end_of_a_burst_but_no_beginning() {
    let mut stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let answer = tell(&browser, &body(1, true)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let hold = stage.app.shutdown.hold();
    let ended = tokio::spawn(stage.take_running().shutdown());
    stage.app.shutdown.draining().await;
    // The desk hears of the drain a moment later; until then a `true` is taken, and turned off with the rest.
    let mut n = 1;
    loop {
        n += 1;
        let answer = tell(&browser, &body(n, true)).await;
        if answer.status() != StatusCode::NO_CONTENT {
            assert_eq!(answer.headers()["retry-after"], "2");
            assert_eq!(problem(answer).await, (503, "draining".into()));
            break;
        }
    }
    let answer = tell(&browser, &body(n + 1, false)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    drop(hold);
    ended.await.unwrap();
}

#[tokio::test]
async fn nobody_types_in_a_conversation_that_somebody_else_holds() {
    let stage = Stage::new().await;
    let interaction = InteractionId::parse("INT-1").unwrap();
    let holder = AgentId::parse("A-2").unwrap();
    stage
        .app
        .backbone
        .learn(&interaction, &holder)
        .await
        .unwrap();
    let browser = stage.browser_of("A-1").await;
    let answer = tell(&browser, &body(1, true)).await;
    assert_eq!(problem(answer).await, (403, "not_holder".into()));
    // What may have begun before that was known can end.
    let answer = tell(&browser, &body(2, false)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let browser = stage.browser_of("A-2").await;
    let answer = tell(&browser, &body(1, true)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}
