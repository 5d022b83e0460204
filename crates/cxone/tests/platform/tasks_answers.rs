//! Tasks against an endpoint that answers what the simulator never would, or nothing; and what is sent, byte by byte.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use cuecard_cxone::{platform::Platform, tasks::TaskError};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    support::platform_at,
    tasks::{notification, task, tasks},
};

/// A request: method, path, key, body.
type Asked = (Method, String, Option<String>, String);

/// More than is read of an answer.
static TOO_LONG: [u8; 2 * 1024 * 1024] = [b' '; 2 * 1024 * 1024];

/// A platform that grants a token and answers everything else with this, and what it was asked.
async fn endpoint(status: u16, body: &'static [u8]) -> (Platform, mpsc::UnboundedReceiver<Asked>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let answer = move |method: Method, uri: Uri, headers: HeaderMap, asked: Bytes| async move {
        if uri.path() == "/oauth/token" {
            return (
                StatusCode::OK,
                &br#"{"access_token":"tok-1","expires_in":1800}"#[..],
            );
        }
        let key = headers.get("idempotency-key");
        let key = key.map(|key| key.to_str().expect("text").to_owned());
        let asked = String::from_utf8(asked.to_vec()).expect("text");
        sender
            .send((method, uri.path().to_owned(), key, asked))
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
    let (platform, mut asked) = endpoint(200, br#"{"id":7}"#).await;
    let tasks = tasks(&platform);
    let form = tasks.form("../INT CSAT/2").await.expect("an answer");
    assert_eq!(form.expect("a form").value("score"), None);
    assert_eq!(
        tasks.create(&task("INT-CSAT-2"), "k-1").await,
        Ok(Some("7".to_owned()))
    );
    let message = "New Assist Task assigned: 7. Review interaction INT-CSAT-2.";
    let told = tasks.notify(&notification(message), "k-2").await;
    assert_eq!(told, Ok(()));
    let key = |key: &str| Some(key.to_owned());
    for (method, path, key, body) in [
        (
            Method::GET,
            "/api/v2/interactions/..%2FINT%20CSAT%2F2/postinteractionforms",
            None,
            "",
        ),
        (
            Method::POST,
            "/api/v2/workflows/tasks",
            key("k-1"),
            r#"{"subject":"Agent Assist: Follow-up required for interaction INT-CSAT-2","description":"Post-interaction satisfaction score: 2. Requires agent review.","dueDate":"2026-11-21T08:49:52.835Z","priority":"High","assigneeId":"AGT-7","customFields":[{"id":"interaction_id_link","value":"INT-CSAT-2"}]}"#,
        ),
        (
            Method::POST,
            "/api/v2/notifications/agents",
            key("k-2"),
            r#"{"agentId":"AGT-7","message":"New Assist Task assigned: 7. Review interaction INT-CSAT-2.","type":"desktop","priority":"high"}"#,
        ),
    ] {
        assert_eq!(
            asked.recv().await.expect("a request"),
            (method, path.to_owned(), key, body.to_owned())
        );
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn whatever_a_success_says_it_is_one() {
    for body in [
        &b""[..],
        b"{}",
        b"{\"id\":null}",
        b"<html>",
        b"[7]",
        b"\"7\"",
        b"{\"id\":7",
        &TOO_LONG,
    ] {
        for status in [200, 201, 202, 204] {
            let (platform, _asked) = endpoint(status, body).await;
            let tasks = tasks(&platform);
            let made = tasks.create(&task("INT-1"), "k").await;
            assert_eq!(made, Ok(None), "{status}");
            let told = tasks.notify(&notification("m"), "k").await;
            assert_eq!(told, Ok(()), "{status}");
        }
    }
}

#[tokio::test]
async fn only_the_platform_says_that_there_is_no_form() {
    for body in [&b""[..], b"{}", br#"{"error":"not_found"}"#] {
        let (platform, _asked) = endpoint(404, body).await;
        assert_eq!(tasks(&platform).form("INT-1").await, Ok(None));
    }
    for body in [&b"<html>Not Found</html>"[..], b"404 page not found", b"[]"] {
        let (platform, _asked) = endpoint(404, body).await;
        let error = tasks(&platform).form("INT-1").await.expect_err("a page");
        assert!(
            matches!(error, TaskError::Unreadable { .. }) && error.is_retryable(),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn refusals_carry_the_platforms_words_and_no_token() {
    for (body, reason) in [
        (&b"<html>"[..], "no reason given"),
        (br#"{"error":"Not A Code"}"#, "no reason given"),
        (br#"{"message":"closed\nfor today"}"#, "closed for today"),
        (
            br#"{"error":"conflict","message":"Bearer tok-1 has done it"}"#,
            "conflict: Bearer [redacted] has done it",
        ),
    ] {
        let (platform, _asked) = endpoint(409, body).await;
        let error = tasks(&platform).create(&task("INT-1"), "k").await;
        assert_eq!(
            error.expect_err("409").to_string(),
            format!("the platform answered 409 ({reason}), expected 2xx")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_answer_ends() {
    // Accepts connections in the kernel and never reads them.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let platform = platform_at(&format!("http://{address}"), "ws://127.0.0.1:1");
    let error = tasks(&platform).form("INT-1").await.expect_err("silence");
    assert!(error.is_retryable(), "{error:?}");
}
