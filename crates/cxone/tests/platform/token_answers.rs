//! Tokens from an endpoint that answers what the simulator never would, or nothing.

use std::net::SocketAddr;

use axum::{Router, routing::post};
use cuecard_cxone::token::TokenError;
use tokio::net::{TcpListener, TcpSocket};

use crate::support::{platform_at, tokens};

/// An endpoint that answers with this.
async fn endpoint(status: u16, headers: &[(&'static str, String)], body: &'static str) -> String {
    let status = axum::http::StatusCode::from_u16(status).expect("a status");
    let headers: Vec<_> = headers.to_vec();
    let answer = move || async move {
        let mut answer = axum::response::Response::new(axum::body::Body::from(body));
        *answer.status_mut() = status;
        for (name, value) in headers {
            answer
                .headers_mut()
                .insert(name, value.parse().expect("a header"));
        }
        answer
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/oauth/token", post(answer))).await
    });
    format!("http://{address}")
}

#[tokio::test]
async fn answers_that_are_no_use_are_refused() {
    let error = async |status, headers: &[(&'static str, String)], body| {
        let platform = platform_at(&endpoint(status, headers, body).await, "ws://127.0.0.1:1");
        tokens(&platform).token().await.expect_err(body)
    };
    let text = error(200, &[], r#"{"access_token":"tok-1","expires_in":"soon"}"#)
        .await
        .to_string();
    assert!(
        text.contains("expires_in is \"soon\", expected a number of seconds"),
        "{text}"
    );
    let text = error(200, &[], "<html>tok-1</html>").await.to_string();
    assert!(
        text.ends_with("not a token response in JSON (line 1, column 1)"),
        "{text}"
    );
    let elsewhere = [("location", "http://127.0.0.1:1/".to_owned())];
    let redirected = error(302, &elsewhere, "").await;
    assert!(
        matches!(redirected, TokenError::Refused { status: 302, .. }),
        "{redirected:?}"
    );
    let huge: &'static str = "x".repeat(100_000).leak();
    let text = error(200, &[], huge).await.to_string();
    assert!(text.ends_with("longer than 65536 bytes"), "{text}");
    let far = [("retry-after", "Tue, 01 Jan 2199 00:00:00 GMT".to_owned())];
    let limited = error(429, &far, "").await;
    assert_eq!(
        limited.retry_after(),
        Some(cuecard_cxone::retry_after::LONGEST)
    );
}

#[tokio::test]
async fn without_an_answer_the_error_says_so_and_nothing_secret() {
    // Bound, so that nobody else takes the port, and not listening.
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("a free port");
    let address = socket.local_addr().expect("an address");
    let tokens = tokens(&platform_at(
        &format!("http://{address}"),
        "ws://127.0.0.1:1",
    ));
    let error = tokens.token().await.expect_err("nobody listens");
    assert!(error.is_retryable());
    let text = format!("{error} {error:?} {tokens:?}");
    assert!(text.contains("could not be reached"), "{text}");
    assert!(!text.contains("csecret"), "{text}");
}
