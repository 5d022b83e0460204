//! Typing against an endpoint that answers what the simulator never would, or nothing.

use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, Uri},
};
use cuecard_cxone::{
    platform::Platform,
    typing::{Guests, Indicator as _, TypingError},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    support::{platform_at, tokens},
    typing::{actions, guest, guests},
};

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_answer_ends() {
    // Accepts connections in the kernel and never reads them.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let platform = platform_at(&format!("http://{address}"), "ws://127.0.0.1:1");
    let guests = Guests::new(tokens(&platform), &platform.token_url.origin());
    let guests = guests.expect("an HTTP client");
    let error = guests.open("INT-1").await.expect_err("silence");
    assert_eq!(
        error.to_string(),
        "the typing API could not be reached: no answer within 4 s"
    );
}

/// A platform that grants a token and answers everything else with this, and what it was asked.
async fn endpoint(
    status: u16,
    body: &'static [u8],
) -> (Platform, mpsc::UnboundedReceiver<(String, Value)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let answer = move |uri: Uri, asked: Bytes| async move {
        if uri.path() == "/oauth/token" {
            return (
                StatusCode::OK,
                &br#"{"access_token":"tok-1","expires_in":1800}"#[..],
            );
        }
        let asked = serde_json::from_slice(&asked).unwrap_or(Value::Null);
        sender
            .send((uri.path().to_owned(), asked))
            .expect("somebody listens");
        (StatusCode::from_u16(status).expect("a status"), body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (
        platform_at(&format!("http://{address}"), "ws://127.0.0.1:1"),
        receiver,
    )
}

#[tokio::test]
async fn what_is_sent_is_what_was_recorded() {
    let (platform, mut asked) =
        endpoint(200, br#"{"id":"guest-2","webSocketUrl":"x","typing":true}"#).await;
    let (guests, actions) = (guests(&platform), actions(&platform));
    let id = guests.open("INT-1").await.expect("a guest");
    guests.set(&id, true).await.expect("on");
    assert_eq!(guests.read(&id).await, Ok(Some(true)));
    let odd = guest("../a?b");
    guests.set(&odd, false).await.expect("off");
    actions.set(&guest("INT-1"), true).await.expect("on");
    actions.set(&guest("INT-1"), false).await.expect("off");
    let thread = "/dfo/3.0/channels/chat%20eu%2F1/threads/INT-1/sender-actions";
    for (path, body) in [
        (
            "/api/v1/webchat/guests",
            json!({"attributes": {"interactionId": "INT-1", "source": "cuecard"}}),
        ),
        (
            "/api/v1/webchat/guests/guest-2/typing",
            json!({"typing": true}),
        ),
        ("/api/v1/webchat/guests/guest-2/typing", Value::Null),
        (
            "/api/v1/webchat/guests/..%2Fa%3Fb/typing",
            json!({"typing": false}),
        ),
        (thread, json!({"action": "isTypingOn"})),
        (thread, json!({"action": "isTypingOff"})),
    ] {
        assert_eq!(
            asked.recv().await.expect("a request"),
            (path.to_owned(), body)
        );
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn garbage_is_refused_where_it_is_read_and_never_repeated() {
    for body in [
        &b""[..],
        b"<html>",
        b"[]",
        b"[\"guest-2\",true]",
        b"\"Jane\"",
        b"{\"id\":7,\"typing\":\"Jane\"}",
        b"{\"id\":null,\"typing\":null}",
        b"{\"id\":\"guest-2\"",
        b"{\"id\":[\"Jane\"]}",
        b"\xff\xfe\x00",
    ] {
        let (platform, _asked) = endpoint(200, body).await;
        let guests = guests(&platform);
        let opened = guests.open("INT-1").await.map(drop);
        let read = guests.read(&guest("guest-2")).await.map(drop);
        for error in [opened, read].map(|result| result.expect_err("garbage")) {
            assert!(
                matches!(error, TypingError::Unreadable { .. }),
                "{error:?} for {body:?}"
            );
            let text = format!("{error} {error:?}");
            assert!(!text.contains("Jane"), "{text}");
        }
        assert_eq!(
            guests.set(&guest("guest-2"), true).await,
            Ok(()),
            "nothing of this answer is needed"
        );
    }
    let long: &'static [u8] = vec![b'x'; 100_000].leak();
    let (platform, _asked) = endpoint(200, long).await;
    let error = guests(&platform).open("INT-1").await.expect_err("too long");
    assert_eq!(
        error.to_string(),
        "the typing API's answer is of no use: longer than 65536 bytes"
    );
    let (platform, _asked) = endpoint(200, br#"{"id":".."}"#).await;
    let error = guests(&platform)
        .open("INT-1")
        .await
        .expect_err("no segment");
    assert!(matches!(error, TypingError::Id(_)), "{error:?}");
    let (platform, _asked) = endpoint(409, br#"{"error":"Jane Doe typed","message":"Jane"}"#).await;
    let error = guests(&platform).open("INT-1").await.expect_err("409");
    assert_eq!(
        error.to_string(),
        "the typing API answered 409 (no reason given), expected 2xx"
    );
}
