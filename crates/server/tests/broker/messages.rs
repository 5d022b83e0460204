//! What may be said on the socket, and what ends it.

use cuecard_protocol::{Millis, ServerMessage};
use cuecard_server::broker::connection::Limits;
use cuecard_server::clock::Clock;
use futures_util::SinkExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{Socket, Stage};

/// A socket that has said hello.
async fn greeted(stage: &Stage) -> Socket {
    let mut socket = stage.browser_of("A-1").await.connect().await;
    socket.hello(0, None).await;
    assert_eq!(
        socket.next().await,
        ServerMessage::Snapshot {
            cards: vec![],
            last: true
        }
    );
    socket
}

#[tokio::test]
async fn nonsense_ends_the_socket_and_nobody_elses() {
    let stage = Stage::new().await;
    let mut bystander = greeted(&stage).await;
    for nonsense in [
        "",
        "{",
        "[1]",
        "{\"type\":7}",
        "{\"type\":\"action\"}",
        "{\"type\":\"hello\",\"last_seq\":-1}",
    ] {
        let mut socket = greeted(&stage).await;
        socket.say(nonsense).await;
        assert_eq!(socket.rest().await, (vec![], Some(4400)), "{nonsense:?}");
    }
    bystander.say(r#"{"type":"ping"}"#).await;
    assert_eq!(bystander.next().await, ServerMessage::Pong);
}

#[tokio::test]
async fn a_binary_message_and_one_of_a_mebibyte_end_the_socket() {
    let stage = Stage::new().await;
    let mut socket = greeted(&stage).await;
    socket.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(socket.rest().await, (vec![], Some(4400)));

    let mut socket = greeted(&stage).await;
    // The server may hang up before all of it is written.
    let _ = socket.0.send(Message::text("x".repeat(1024 * 1024))).await;
    let (messages, code) = socket.rest().await;
    assert_eq!(messages, []);
    assert!(code.is_none_or(|code| code == 4400), "{code:?}");

    let mut socket = greeted(&stage).await;
    let padded = format!(
        "{{\"type\":\"ping\"}}{}",
        " ".repeat(cuecard_protocol::MAX_MESSAGE_BYTES - 15)
    );
    socket.say(padded.clone()).await;
    assert_eq!(socket.next().await, ServerMessage::Pong);
    socket.say(padded + " ").await;
    assert_eq!(socket.rest().await, (vec![], Some(4400)));
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_socket() {
    let stage = Stage::new().await;
    let mut socket = greeted(&stage).await;
    // A masked text frame of two bytes under a mask of zeros: an overlong slash.
    socket
        .0
        .get_mut()
        .write_all(&[0x81, 0x82, 0, 0, 0, 0, 0xC0, 0xAF])
        .await
        .unwrap();
    assert_eq!(socket.rest().await, (vec![], Some(4400)));
}

#[tokio::test]
async fn types_of_a_newer_panel_are_passed_over() {
    let stage = Stage::new().await;
    let mut socket = greeted(&stage).await;
    socket.say(r#"{"type":"confetti","n":[1,2]}"#).await;
    socket.say(r#"{"type":"ping","later":true}"#).await;
    assert_eq!(socket.next().await, ServerMessage::Pong);
}

#[tokio::test]
async fn hello_comes_first_once_and_in_time() {
    let stage = Stage::limited(Limits {
        hello_within: Millis(100),
        ..Limits::default()
    })
    .await;
    let browser = stage.browser_of("A-1").await;
    assert_eq!(browser.connect().await.rest().await, (vec![], Some(4400)));

    // What follows is said in time, so the time is long.
    let stage = Stage::new().await;
    let mut socket = stage.browser_of("A-1").await.connect().await;
    socket.say(r#"{"type":"ping"}"#).await;
    assert_eq!(socket.rest().await, (vec![], Some(4400)));
    let mut socket = greeted(&stage).await;
    socket
        .say(r#"{"type":"hello","last_seq":0,"version":"0"}"#)
        .await;
    assert_eq!(socket.rest().await, (vec![], Some(4400)));
}

#[tokio::test]
async fn a_quiet_browser_that_answers_pings_stays_and_one_that_does_not_is_let_go() {
    let limits = Limits {
        probe_after: Millis(300),
        dead_after: Millis(3_000),
        ..Limits::default()
    };
    let stage = Stage::limited(limits).await;
    // This client answers pings while it is read from; it says nothing itself, for longer than a dead one is kept.
    let mut alive = greeted(&stage).await;
    let waits = tokio::time::timeout(std::time::Duration::from_secs(4), alive.next());
    assert!(
        waits.await.is_err(),
        "a browser that answers pings was disturbed"
    );
    alive.say(r#"{"type":"ping"}"#).await;
    assert_eq!(alive.next().await, ServerMessage::Pong);

    // And this one takes nothing from the wire, so no ping is answered; in the end the wire just ends.
    let dead = greeted(&stage).await;
    let stream = dead.0.get_ref();
    let mut buffer = [0; 256];
    let ended = async {
        loop {
            stream.readable().await.unwrap();
            if let Ok(0) = stream.try_read(&mut buffer) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::stage::PATIENCE, ended)
        .await
        .expect("the server lets go");
}

#[tokio::test]
async fn a_browser_that_talks_too_much_and_a_session_with_too_many_sockets_are_cut_off() {
    let limits = Limits {
        burst: 10,
        per_second: 1,
        sockets_per_session: 2,
        ..Limits::default()
    };
    // Time stands: no allowance grows, and nobody loses a seat because it says no hello.
    let clock = Clock::manual(Millis(1_900_000_000_000));
    let stage = Stage::limited_at(limits, clock).await;
    let mut socket = greeted(&stage).await;
    for _ in 0..10 {
        socket.say(r#"{"type":"ping"}"#).await;
    }
    let (messages, code) = socket.rest().await;
    assert_eq!((messages.len(), code), (9, Some(4429)));

    let browser = stage.browser_of("A-1").await;
    let (one, two) = (browser.connect().await, browser.connect().await);
    assert_eq!(browser.connect().await.rest().await, (vec![], Some(4429)));
    drop((one, two));
}
