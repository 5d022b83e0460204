//! `POST /api/replay`: a panel that shares another one's socket catches up.

use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{LiveCard, Millis, Resume, Seq, ServerMessage};
use cuecard_server::broker::connection::Limits;
use cuecard_server::clock::Clock;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::stage::{Browser, Stage, problem};

async fn ask(browser: &Browser, body: &Value) -> Response {
    let request = browser.request(Method::POST, "/api/replay");
    request.body(body.to_string()).send().await.unwrap()
}

/// The messages that answer this hello.
async fn replayed(browser: &Browser, last_seq: u64, log: Option<&str>) -> Vec<ServerMessage> {
    let hello = json!({ "type": "hello", "last_seq": last_seq, "log": log, "version": "0" });
    let answer = ask(browser, &hello).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    let messages = text.lines().map(ServerMessage::parse);
    messages.collect::<Result<_, _>>().unwrap()
}

fn log_and_head(message: &ServerMessage, wanted: Resume) -> (String, Seq) {
    match message {
        ServerMessage::Welcome {
            log, head, resume, ..
        } if *resume == wanted => (log.clone(), *head),
        other => panic!("expected a welcome with {wanted:?}, got {other:?}"),
    }
}

#[tokio::test]
async fn a_new_panel_gets_all_cards_and_one_that_was_here_what_it_missed() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let html = "<i>\"quoted\"\n</i>".repeat(1_500);
    let cards = (1..=12).map(|n| stage.card(&format!("c{n}"), &html));
    stage.publish("A-1", cards).await;
    stage.publish("A-2", [stage.card("other", "x")]).await;

    let messages = replayed(&browser, 0, None).await;
    let (log, head) = log_and_head(&messages[0], Resume::Gap);
    assert_eq!(head, Seq(12));
    let seqs = messages[1..].iter().flat_map(|message| match message {
        ServerMessage::Snapshot { cards, .. } => cards.iter().map(|LiveCard { seq, .. }| seq.0),
        other => panic!("{other:?}"),
    });
    assert_eq!(seqs.collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert!(messages.len() > 4, "one message takes 64 KiB");
    let is_last =
        |message: &ServerMessage| matches!(message, ServerMessage::Snapshot { last: true, .. });
    let lasts = messages.iter().filter(|message| is_last(message)).count();
    assert!(lasts == 1 && is_last(messages.last().unwrap()));

    // More than one part of the log.
    let cards = (13..=120).map(|n| stage.card(&format!("c{n}"), "x"));
    stage.publish("A-1", cards).await;
    let messages = replayed(&browser, 12, Some(&log)).await;
    assert_eq!(log_and_head(&messages[0], Resume::Resumed).1, Seq(120));
    let seqs = messages[1..].iter().map(|message| match message {
        ServerMessage::Card { seq, .. } => seq.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(seqs.collect::<Vec<_>>(), (13..=120).collect::<Vec<_>>());

    let messages = replayed(&browser, 120, Some(&log)).await;
    log_and_head(&messages[0], Resume::Resumed);
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn only_a_hello_in_a_session_is_answered() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    for body in [
        json!({ "type": "ping" }),
        json!({ "type": "hello" }),
        json!(null),
    ] {
        let answer = ask(&browser, &body).await;
        assert_eq!(problem(answer).await, (400, "bad_request".into()), "{body}");
    }
    let hello = json!({ "type": "hello", "last_seq": 0, "version": "0" });
    let answer = ask(&stage.browser(), &hello).await;
    assert_eq!(problem(answer).await, (401, "no_session".into()));
    let mut of_another = hello.clone();
    of_another["agent_id"] = "A-2".into();
    let answer = ask(&browser, &of_another).await;
    assert_eq!(problem(answer).await, (401, "no_session".into()));
    let answer = browser.bare(Method::POST, "/api/replay");
    let answer = answer.body(hello.to_string()).send().await.unwrap();
    assert_eq!(problem(answer).await, (403, "missing_header".into()));
    let elsewhere = Browser {
        origin: "https://elsewhere.example".into(),
        ..browser
    };
    let answer = ask(&elsewhere, &hello).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn each_session_may_catch_up_once_a_second_and_32_times_at_once() {
    let clock = Clock::manual(Millis(1_900_000_000_000));
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let browser = stage.browser_of("A-1").await;
    let elsewhere = stage.browser_of("A-1").await;
    for _ in 0..32 {
        replayed(&browser, 0, None).await;
    }
    let hello = json!({ "type": "hello", "last_seq": 0, "version": "0" });
    let refused = async || {
        let answer = ask(&browser, &hello).await;
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(problem(answer).await, (429, "too_many_requests".into()));
    };
    refused().await;
    replayed(&elsewhere, 0, None).await;
    clock.advance(Millis(999));
    refused().await;
    clock.advance(Millis(1));
    replayed(&browser, 0, None).await;
    refused().await;
}

#[tokio::test]
async fn an_answer_that_is_cut_off_does_not_look_complete() {
    let impatient = Limits {
        behind_at_most: Millis(0),
        ..Limits::default()
    };
    let stage = Stage::limited(impatient).await;
    let browser = stage.browser_of("A-1").await;
    stage.publish("A-1", [stage.card("c0", "x")]).await;
    let log = log_and_head(&replayed(&browser, 0, None).await[0], Resume::Gap).0;
    let cards = (1..=600).map(|n| stage.card(&format!("c{n}"), "x"));
    stage.publish("A-1", cards).await;
    let hello = json!({ "type": "hello", "last_seq": 1, "log": log, "version": "0" });
    let request = browser.request(Method::POST, "/api/replay");
    let text = async { request.body(hello.to_string()).send().await?.text().await };
    let text = text.await.map(|text| text.lines().count());
    assert!(text.is_err(), "{text:?} lines");
}

#[tokio::test]
async fn a_server_that_goes_away_says_when_to_come_back() {
    let mut stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let hold = stage.app.shutdown.hold();
    let ended = tokio::spawn(stage.take_running().shutdown());
    stage.app.shutdown.draining().await;
    let hello = json!({ "type": "hello", "last_seq": 0, "version": "0" });
    let answer = ask(&browser, &hello).await;
    assert_eq!(answer.headers()["retry-after"], "2");
    assert_eq!(problem(answer).await, (503, "draining".into()));
    drop(hold);
    ended.await.unwrap();
}

#[tokio::test]
async fn tickets_name_their_session_and_do_not_tell_its_id() {
    let stage = Stage::new().await;
    let mut browser = stage.browser_of("A-1").await;
    let name = async |browser: &Browser| {
        let request = browser.request(Method::POST, "/api/ticket");
        let info: TicketInfo = request.send().await.unwrap().json().await.unwrap();
        info.session.unwrap()
    };
    let first = name(&browser).await;
    browser.open_session(&json!({ "agent_id": "A-1" })).await;
    assert_eq!(name(&browser).await, first, "it was prolonged");
    assert_ne!(name(&stage.browser_of("A-1").await).await, first);
    assert_eq!(first.len(), 16);
    assert!(!browser.cookie.contains(&first));
}
