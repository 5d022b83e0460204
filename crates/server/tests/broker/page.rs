//! The static files and the headers that fence them in.

use std::fs;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response, StatusCode};

use crate::stage::Stage;

const NAME: &str = "cuecard-0123456789abcdef_bg.wasm";

/// A server with a page of three files, one of them compressed.
async fn with_page() -> (Stage, tempfile::TempDir) {
    let assets = tempfile::tempdir().unwrap();
    fs::write(assets.path().join("index.html"), "<!doctype html>page").unwrap();
    fs::write(assets.path().join(NAME), "plain").unwrap();
    fs::write(assets.path().join(format!("{NAME}.br")), "brotli").unwrap();
    fs::write(assets.path().join(format!("{NAME}.gz")), "gzip").unwrap();
    let lines = format!(
        "assets_dir = '{}'\nembed_origins = ['https://crm.example.net']",
        assets.path().display()
    );
    (Stage::with(&lines).await, assets)
}

async fn get(stage: &Stage, path: &str, accepts: &str) -> Response {
    let request = stage
        .browser()
        .client
        .request(Method::GET, format!("{}{path}", stage.url));
    request
        .header("accept-encoding", accepts)
        .send()
        .await
        .unwrap()
}

#[track_caller]
fn has(headers: &HeaderMap, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(
            headers.get(*name).map(|value| value.to_str().unwrap()),
            Some(*value),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_page_is_fenced_in() {
    let (stage, _assets) = with_page().await;
    let answer = get(&stage, "/", "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    has(
        answer.headers(),
        &[
            ("content-type", "text/html"),
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "cross-origin"),
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
                 connect-src 'self'; img-src 'self'; frame-ancestors 'self' https://crm.example.net; \
                 base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types dompurify",
            ),
        ],
    );
    assert!(answer.headers().contains_key("permissions-policy"));
    assert_eq!(answer.text().await.unwrap(), "<!doctype html>page");
}

#[tokio::test]
async fn compressed_files_are_taken_where_they_are_and_hashed_names_are_kept() {
    let (stage, _assets) = with_page().await;
    let path = format!("/{NAME}");
    for (accepts, encoding, body) in [
        ("br, gzip", Some("br"), "brotli"),
        ("gzip", Some("gzip"), "gzip"),
        ("", None, "plain"),
    ] {
        let answer = get(&stage, &path, accepts).await;
        has(
            answer.headers(),
            &[
                ("content-type", "application/wasm"),
                ("cache-control", "public, max-age=31536000, immutable"),
            ],
        );
        assert_eq!(
            answer
                .headers()
                .get("content-encoding")
                .map(|value| value.to_str().unwrap()),
            encoding
        );
        assert_eq!(answer.text().await.unwrap(), body);
    }
    let answer = get(&stage, "/nowhere-0123456789abcdef.js", "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    has(
        answer.headers(),
        &[
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
        ],
    );
}

#[tokio::test]
async fn without_a_page_the_server_says_so() {
    let stage = Stage::new().await;
    let answer = get(&stage, "/", "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("<code>server.assets_dir</code> is not set")
    );
    let answer = get(&stage, "/healthz", "").await;
    assert_eq!(answer.status(), StatusCode::OK);
}
