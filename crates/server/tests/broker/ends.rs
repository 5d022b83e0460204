//! How sockets end: by the session, by the server, by the browser that does not read.

use std::time::Duration;

use cuecard_protocol::{AgentId, Millis, ServerMessage};
use cuecard_server::broker::connection::Limits;
use futures_util::{FutureExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{Socket, Stage, problem};

async fn welcomed(stage: &Stage, agent: &str) -> Socket {
    let mut socket = stage.browser_of(agent).await.connect().await;
    socket.hello(0, None).await;
    socket.next().await;
    socket
}

#[tokio::test]
async fn the_end_of_a_session_closes_its_sockets_and_its_cookie_is_void() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let (one, two) = (browser.connect().await, browser.connect().await);
    let ticket = browser.ticket().await;
    let mut elsewhere = welcomed(&stage, "A-1").await;
    let answer = browser
        .request(Method::DELETE, "/api/session")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-Http-cuecard=; Path=/; Max-Age=0;"),
        "{cookie}"
    );
    assert_eq!(one.rest().await, (vec![], Some(4401)));
    assert_eq!(two.rest().await, (vec![], Some(4401)));
    let answer = browser
        .request(Method::POST, "/api/ticket")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(answer).await, (401, "no_session".into()));
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((401, "no_session".into()))
    );
    // The same agent's session in another browser goes on.
    elsewhere.say(r#"{"type":"ping"}"#).await;
    assert_eq!(elsewhere.next().await, ServerMessage::Pong);
}

#[tokio::test]
async fn another_agent_in_the_same_browser_ends_the_first_ones_session() {
    let stage = Stage::new().await;
    let mut browser = stage.browser_of("A-1").await;
    let first = browser.connect().await;
    let again = browser.open_session(&json!({ "agent_id": "A-1" })).await;
    assert_eq!(again.status(), StatusCode::OK);
    let mut same = browser.connect().await;
    same.hello(0, None).await;
    let other = browser.open_session(&json!({ "agent_id": "A-2" })).await;
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(first.rest().await, (vec![], Some(4401)));
    assert_eq!(same.rest().await.1, Some(4401));
    browser.connect().await.hello(0, None).await;
}

#[tokio::test]
async fn a_session_whose_time_is_over_closes_its_socket() {
    let clock = cuecard_server::clock::Clock::manual(Millis(1_900_000_000_000));
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let browser = stage.browser_of("A-1").await;
    let mut socket = browser.connect().await;
    socket.hello(0, None).await;
    socket.next().await;
    clock.advance(Millis::from_secs(12 * 3600));
    // Any message wakes the socket, which then looks at the clock.
    socket.say(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.rest().await, (vec![ServerMessage::Pong], Some(4401)));
    let answer = browser
        .request(Method::POST, "/api/ticket")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(answer).await, (401, "no_session".into()));
}

#[tokio::test]
async fn a_browser_that_never_falls_silent_does_not_outlive_its_session() {
    let clock = cuecard_server::clock::Clock::manual(Millis(1_900_000_000_000));
    let stage = Stage::at(tempfile::tempdir().unwrap(), "", clock.clone()).await;
    let mut socket = welcomed(&stage, "A-1").await;
    clock.advance(Millis::from_secs(12 * 3600));
    // Masked pongs without a payload, which no allowance counts, and more of them than are taken up meanwhile.
    let pongs = [0x8A, 0x80, 0, 0, 0, 0].repeat(10_000);
    let talking = async {
        loop {
            if let Some(last) = socket.0.next().now_or_never() {
                return last;
            }
            socket.0.get_mut().write_all(&pongs).await.unwrap();
        }
    };
    let last = tokio::time::timeout(crate::stage::PATIENCE, talking).await;
    let last = last.expect("the socket is closed").unwrap().unwrap();
    let Message::Close(Some(frame)) = last else {
        panic!("{last:?}")
    };
    assert_eq!(u16::from(frame.code), 4401);
}

#[tokio::test]
async fn a_drain_says_bye_and_new_sockets_are_sent_elsewhere() {
    let mut stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let ticket = browser.ticket().await;
    let mut sockets = Vec::new();
    for agent in ["A-1", "A-2", "A-3", "A-4"] {
        sockets.push(welcomed(&stage, agent).await);
    }
    let running = stage.take_running();
    // Until all is asked: sockets that are not read from hold a drain for a short time only.
    let hold = stage.app.shutdown.hold();
    stage.app.shutdown.begin();
    let answer = browser
        .request(Method::POST, "/api/ticket")
        .send()
        .await
        .unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(problem(answer).await, (503, "draining".into()));
    assert_eq!(
        browser.connect_with(&ticket).await.err(),
        Some((503, "draining".into()))
    );
    let mut waits = Vec::new();
    for socket in sockets {
        let (messages, code) = socket.rest().await;
        assert_eq!(code, Some(4503));
        let [
            ServerMessage::Bye {
                reason,
                retry_after_ms,
            },
        ] = messages.as_slice()
        else {
            panic!("{messages:?}")
        };
        assert_eq!(reason, "the server is draining");
        assert!((500..=5_000).contains(retry_after_ms), "{retry_after_ms}");
        waits.push(*retry_after_ms);
    }
    // Two may well be the same.
    assert!(
        waits.iter().any(|wait| *wait != waits[0]),
        "all would come back at once: {waits:?}"
    );
    drop(hold);
    tokio::time::timeout(crate::stage::PATIENCE, running.ended())
        .await
        .expect("the server ends");
}

#[tokio::test]
async fn a_browser_that_does_not_read_is_cut_off_and_loses_nothing() {
    let limits = Limits {
        write_within: Millis(200),
        // Longer than this test may need to begin to read.
        close_within: Millis::from_secs(60),
        ..Limits::default()
    };
    let mut stage = Stage::limited(limits).await;
    let browser = stage.browser_of("A-1").await;
    let mut socket = browser.connect().await;
    let ServerMessage::Welcome { log, .. } = socket.hello(0, None).await else {
        panic!("no welcome")
    };
    socket.next().await;
    // More than all the buffers between the two take, 4 MB at the server and 64 kB here: 600 cards of 32 kB.
    let html = "x".repeat(32 * 1024);
    let publishing = stage.publish(
        "A-1",
        (1..=600).map(|n| stage.card(&format!("c{n}"), &html)),
    );
    let reading_late = async {
        // The metric is of all servers in this process, the audit trail of this one.
        let line = ["refused", "A-1", "", "slow_consumer"].map(str::to_owned);
        while !stage.audited().await.contains(&line.clone().into()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // What was under way arrives when the browser reads again; then comes the reason.
        socket.rest().await
    };
    let both = async { tokio::join!(publishing, reading_late) };
    let ((), (messages, code)) = tokio::time::timeout(crate::stage::PATIENCE, both)
        .await
        .expect("the slow browser is cut off");
    assert_eq!(code, Some(4408));
    let metrics = stage.app.metrics.render();
    assert!(
        metrics.contains("cuecard_slow_consumers_total "),
        "{metrics}"
    );
    let got = u64::try_from(messages.len()).unwrap();
    assert!(got < 600, "{got}");
    // It comes back where more time is given: a pause of its own must not make it a slow one again.
    stage.be_patient();
    let mut socket = stage.browser_of("A-1").await.connect().await;
    socket.hello(got, Some(&log)).await;
    let rest = socket.take(usize::try_from(600 - got).unwrap()).await;
    let seqs = rest.iter().map(|message| match message {
        ServerMessage::Card { seq, .. } => seq.0,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        seqs.collect::<Vec<_>>(),
        (got + 1..=600).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_a_drain_interrupts_is_either_audited_or_not_done() {
    let stage = Stage::new().await;
    let mut socket = welcomed(&stage, "A-1").await;
    stage
        .publish("A-1", (1..=50).map(|n| stage.card(&format!("c{n}"), "x")))
        .await;
    let at = stage.app.clock.now();
    for n in 1..=50 {
        let action = json!({ "type": "action", "id": format!("x{n}"), "card_id": format!("c{n}"), "kind": "dismissed", "at": at });
        socket.say(action.to_string()).await;
    }
    // One is done; then the drain comes between.
    while !matches!(socket.next().await, ServerMessage::Ack { .. }) {}
    let app = stage.app.clone();
    let dir = stage.stop().await;
    let (_, live) = app
        .backbone
        .live(&AgentId::parse("A-1").unwrap())
        .await
        .unwrap();
    let trail = std::fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let done = trail.matches("\"event\":\"dismissed\"").count();
    assert_eq!(done, 50 - live.len());
    assert!(done > 0, "nothing was done");
}
