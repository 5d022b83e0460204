//! The binary: its flags, its one line, its end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::client::{End, LIMIT, Socket, http};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cuecard-simulator"));
    command
        .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running simulator process; a test that fails does not leave it behind.
struct Process {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    ready: Value,
}

impl Process {
    async fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let line = spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            (line, stdout)
        });
        let (line, stdout) = timeout(LIMIT, line).await.unwrap().unwrap();
        Self {
            child,
            stdout: Some(stdout),
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    fn address(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap()
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
    }

    /// Waits for the end: status, what else was on stdout, and the logs.
    async fn end(mut self) -> (ExitStatus, String, String) {
        let (mut stdout, mut stderr) = (
            self.stdout.take().unwrap(),
            self.child.stderr.take().unwrap(),
        );
        let rest = spawn_blocking(move || {
            let (mut rest, mut logs) = (String::new(), String::new());
            stdout.read_to_string(&mut rest).unwrap();
            stderr.read_to_string(&mut logs).unwrap();
            (rest, logs)
        });
        let (rest, logs) = timeout(LIMIT, rest).await.unwrap().unwrap();
        (self.child.wait().unwrap(), rest, logs)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = command(arguments);
    let output = timeout(LIMIT, spawn_blocking(move || command.output().unwrap()))
        .await
        .unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = output.unwrap();
    assert_eq!(stdout, b"");
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn it_prints_one_line_answers_and_ends_with_0() {
    for signal in ["-TERM", "-INT"] {
        let arguments = [
            "--token-ttl",
            "77",
            "--client-id",
            "me",
            "--client-secret",
            "my",
            "--rate-limit",
            "oauth=0.01:1",
            "--retry-after-date",
            "--webhook-url",
            "http://127.0.0.1:1/hook",
            "--webhook-secret",
            "s3cret",
        ];
        let process = Process::start(&arguments).await;
        assert_eq!(
            process
                .ready
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["listening", "admin"]
        );
        let (platform, admin) = (process.address("listening"), process.address("admin"));
        assert_eq!(
            http()
                .get(format!("{admin}/healthz"))
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "me"),
            ("client_secret", "my"),
        ];
        let answer = http()
            .post(format!("{platform}/oauth/token"))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["expires_in"], 77);
        let limited = http()
            .post(format!("{platform}/oauth/token"))
            .send()
            .await
            .unwrap();
        let retry_after = limited.headers()["retry-after"].to_str().unwrap();
        assert_eq!(limited.status(), 429);
        assert!(retry_after.ends_with(" GMT"), "{retry_after}");
        let event = json!({"interactionId": "INT-1", "agentId": "AGT-1"});
        let sent = http()
            .post(format!("{admin}/admin/webhook"))
            .json(&event)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 202, "it has an address");
        let url = format!(
            "{}/agent-assist-notifications/notifications/ws",
            platform.replace("http", "ws")
        );
        let mut open = Socket::open(&url).await.unwrap();

        process.signal(signal);
        assert_eq!(open.end().await, End::Close(1001, "dropped".into()));
        let (status, rest, logs) = process.end().await;
        assert_eq!(status.code(), Some(0), "{signal}");
        assert_eq!(rest, "", "nothing else on stdout");
        assert!(
            logs.contains("stopping") && !logs.contains("sim-") && !logs.contains("s3cret"),
            "no token and no secret in the logs: {logs}"
        );
    }
}

#[tokio::test]
async fn a_scenario_file_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.toml");
    let step = r#"risk = { interactionId = "INT-5", agentId = "AGT-5", riskScore = 0.9, factors = ["x"] }"#;
    std::fs::write(&path, format!("[[steps]]\n{step}\n")).unwrap();
    let process = Process::start(&["--scenario", path.to_str().unwrap()]).await;
    let answer = http()
        .get(format!("{}/v1/score", process.address("listening")))
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({"interactionId": "INT-5", "agentId": "AGT-5", "riskScore": 0.9, "factors": ["x"]})
    );
    let process = Process::start(&["--scenario", "none"]).await;
    let answer = http()
        .get(format!("{}/v1/score", process.address("listening")))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn what_cannot_be_started_is_named() {
    let (code, stderr) = refused(&["--scenario", "/nowhere/call.json"]).await;
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("/nowhere/call.json cannot be read"),
        "{stderr}"
    );
    let (code, stderr) = refused(&["--token-ttl", "soon"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--token-ttl"), "{stderr}");
    let (code, stderr) = refused(&["--webhook-url", "ftp://example.com"]).await;
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("\"ftp://example.com\" has another scheme"),
        "{stderr}"
    );
    let (code, stderr) = refused(&["--rate-limit", "typing=fast"]).await;
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("expected ROUTE=PER_SECOND:BURST"),
        "{stderr}"
    );
}
