//! A drain: nobody new is sent here, who is here may finish, and then the server is gone with everything on disk.

use std::time::Duration;

use cuecard_server::audit::verify::{Sound, verify};
use cuecard_server::config::Config;
use cuecard_server::start;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// No wait of these tests is longer.
const DEADLINE: Duration = Duration::from_mins(1);

fn config(dir: &std::path::Path, drain_seconds: u64) -> Config {
    Config::from_toml(&format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        dev_mode = true
        drain_seconds = {drain_seconds}
        [storage]
        path = "{dir}/cuecard.db"
        [audit]
        path = "{dir}/audit.jsonl"
        "#,
        dir = dir.display()
    ))
    .unwrap()
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_drain_says_so_waits_for_who_is_here_and_then_ends() {
    let dir = tempfile::tempdir().unwrap();
    // Longer than the test waits: it ends because nobody is here any more.
    let running = start(config(dir.path(), 600)).await.unwrap();
    let (address, app) = (running.address, running.app.clone());
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200 OK"));

    let socket = app.shutdown.hold();
    let drained = tokio::spawn(running.shutdown());
    app.shutdown.draining().await;
    let answer = get(address, "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\ndraining\n"),
        "{answer}"
    );
    assert!(
        get(address, "/healthz")
            .await
            .starts_with("HTTP/1.1 200 OK"),
        "alive until the end"
    );
    assert!(!drained.is_finished());

    drop(socket);
    timeout(DEADLINE, drained)
        .await
        .expect("the drain should end")
        .unwrap();
    // Who connects to a port that nobody has may reach itself; so the port is taken.
    TcpListener::bind(address)
        .await
        .expect("the listener should be closed");
    assert!(matches!(
        verify(&dir.path().join("audit.jsonl")).unwrap(),
        Ok(Sound { lines: 2, .. })
    ));
}

#[tokio::test]
async fn a_socket_that_never_leaves_does_not_hold_a_drain_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(config(dir.path(), 0)).await.unwrap();
    let _socket = running.app.shutdown.hold();
    timeout(DEADLINE, running.shutdown())
        .await
        .expect("the drain should end");
}

#[tokio::test]
async fn the_same_files_can_be_used_again_after_a_drain() {
    let dir = tempfile::tempdir().unwrap();
    let mut logs = Vec::new();
    for _ in 0..3 {
        let running = start(config(dir.path(), 1)).await.unwrap();
        logs.push(running.app.backbone.log_id().to_owned());
        timeout(DEADLINE, running.shutdown())
            .await
            .expect("the drain should end");
    }
    assert_eq!(logs, vec![logs[0].clone(); 3]);
}
