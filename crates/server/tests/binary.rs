//! The binary as operators meet it: ready line, exit codes, signals, and no secret in anything it says.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::Instant;

/// No wait of these tests is longer.
const DEADLINE: Duration = Duration::from_mins(1);
const SECRETS: [&str; 3] = [
    "hush-client-3b1f",
    "hush-password-77aa",
    "hush-assertion-0123456789abcdef0123456789abcdef",
];

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cuecard-server"));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command
    }

    fn config(&self, toml: &str) {
        fs::write(self.dir.path().join("cuecard.toml"), toml).unwrap();
    }

    fn serve(&self, more: &[&str]) -> Command {
        self.command(&[&["serve", "--config", "cuecard.toml"], more].concat())
    }
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A running server; killed when the test is over, however that ends.
struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// A file, because a pipe that nobody reads would stop a talkative server.
    stderr: PathBuf,
    address: SocketAddr,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let stderr = command.get_current_dir().unwrap().join("stderr.log");
        command
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = serde_json::from_str::<serde_json::Value>(&line)
            .ok()
            .and_then(|ready| {
                ready["listening"]
                    .as_str()?
                    .strip_prefix("http://")?
                    .parse()
                    .ok()
            });
        let Some(address) = address else {
            let _ = child.wait();
            panic!(
                "expected the ready line, got {line:?} and on stderr:\n{}",
                fs::read_to_string(&stderr).unwrap()
            )
        };
        Self {
            child,
            stdout,
            stderr,
            address,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect_timeout(&self.address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// What it said after the ready line on stdout and at all on stderr, and its exit code.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut out = String::new();
        self.stdout.read_to_string(&mut out).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, out, fs::read_to_string(&self.stderr).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already: nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn wrong_settings_are_said_and_end_with_2() {
    let place = Place::new();
    place.config("[server]\nlisten = \"here\"\ndev_mode = true\n[log]\nformat = \"xml\"\n");
    let expected = "server.listen is \"here\": expected an address and a port such as 127.0.0.1:8080\nlog.format is \"xml\": expected one of text, json\n";
    for args in [&[][..], &["--check-config"]] {
        assert_eq!(
            text(&place.serve(args).output().unwrap()),
            (Some(2), String::new(), expected.to_owned())
        );
    }
    assert_eq!(
        fs::read_dir(place.dir.path()).unwrap().count(),
        1,
        "nothing half-started"
    );
}

#[test]
fn dev_mode_is_refused_where_others_could_reach_it() {
    let place = Place::new();
    place.config("[server]\ndev_mode = true\n");
    let expected = "server.dev_mode is true: expected false, or server.listen on a loopback address (it is 0.0.0.0:0)\n";
    let output = place.serve(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(text(&output), (Some(2), String::new(), expected.to_owned()));
}

#[test]
fn right_settings_are_said_to_be_right() {
    let place = Place::new();
    place.config("[server]\ndev_mode = true\n");
    let output = place.serve(&["--check-config"]).output().unwrap();
    assert_eq!(text(&output), (Some(0), "ok\n".to_owned(), String::new()));
}

#[test]
fn what_the_settings_name_but_cannot_be_used_ends_with_2() {
    let place = Place::new();
    place.config("[server]\ndev_mode = true\nlisten = \"127.0.0.1:0\"\n");
    fs::write(
        place.dir.path().join("cuecard.db"),
        "no database ".repeat(400),
    )
    .unwrap();
    let (code, out, err) = text(&place.serve(&[]).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let last = err.lines().last().unwrap();
    assert!(
        last.starts_with("storage.path is \"cuecard.db\": expected a database of this server ("),
        "{err}"
    );
}

#[test]
fn an_address_in_use_ends_with_2() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    place.config("[server]\ndev_mode = true\n");
    let (code, out, err) = text(&place.serve(&["--listen", &address]).output().unwrap());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        err.contains(&format!(
            "server.listen is \"{address}\": expected an address that is free"
        )),
        "{err}"
    );
}

#[test]
fn it_serves_until_a_signal_and_leaves_a_sound_trail() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        place.config("[server]\ndev_mode = true\nlisten = \"127.0.0.1:0\"\n");
        let server = Server::start(place.serve(&[]));
        assert!(server.get("/healthz").starts_with("HTTP/1.1 200 OK"));
        assert!(server.get("/readyz").ends_with("\r\n\r\nready\n"));
        assert!(server.get("/metrics").starts_with("HTTP/1.1 200 OK"));
        server.signal(signal);
        let (code, out, err) = server.end();
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
        let (code, out, err) = text(
            &place
                .command(&["audit", "verify", "audit.jsonl"])
                .output()
                .unwrap(),
        );
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.starts_with("ok: 2 lines, last hash "), "{out}");
    }
}

#[test]
fn a_killed_server_starts_again_on_its_files() {
    let place = Place::new();
    place.config("[server]\ndev_mode = true\nlisten = \"127.0.0.1:0\"\n");
    for _ in 0..3 {
        let server = Server::start(place.serve(&[]));
        server.signal(Signal::KILL);
        assert_eq!(server.end().0, None);
    }
    let (code, _, err) = text(
        &place
            .command(&["audit", "verify", "audit.jsonl"])
            .output()
            .unwrap(),
    );
    assert!(code == Some(0) || err.contains("was not finished"), "{err}");
}

#[test]
fn a_trail_with_a_fault_is_told_by_line_and_exit_code() {
    let place = Place::new();
    place.config("[server]\ndev_mode = true\nlisten = \"127.0.0.1:0\"\n");
    let server = Server::start(place.serve(&[]));
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    let trail = place.dir.path().join("audit.jsonl");
    let changed = fs::read_to_string(&trail)
        .unwrap()
        .replace("server_stopped", "server_started");
    fs::write(&trail, changed).unwrap();
    let verify = |file| text(&place.command(&["audit", "verify", file]).output().unwrap());
    let expected = "audit.jsonl: line 2 was changed, or the line before it\n".to_owned();
    assert_eq!(verify("audit.jsonl"), (Some(1), String::new(), expected));
    assert_eq!(verify("nowhere.jsonl").0, Some(2));
}

#[test]
fn no_secret_is_in_logs_metrics_or_trail() {
    let place = Place::new();
    // A port that nobody listens on: every try to reach the platform fails, and says so.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let [client, password, assertion] = SECRETS;
    place.config(&format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        [session]
        hs256_secret = "{assertion}"
        [platform]
        token_url = "http://{nobody}/oauth/token"
        alerts_url = "ws://{nobody}/alerts"
        notifications_url = "ws://{nobody}/notifications"
        grant = "password"
        client_id = "cid"
        client_secret = "{client}"
        username = "key"
        password = "{password}"
        [[risk.sources]]
        name = "scores"
        url = "http://{nobody}/score"
        [log]
        level = "trace"
        "#
    ));
    let server = Server::start(place.serve(&[]));
    // Each poll and each try for a token is counted; wait until the first has failed.
    let deadline = Instant::now() + DEADLINE;
    let mut metrics = server.get("/metrics");
    while !metrics.contains("cuecard_risk_polls_total{") {
        assert!(Instant::now() < deadline, "no poll was counted:\n{metrics}");
        std::thread::sleep(Duration::from_millis(50));
        metrics = server.get("/metrics");
    }
    server.signal(Signal::TERM);
    let (code, out, logs) = server.end();
    assert_eq!(code, Some(0), "{logs}");
    assert!(
        logs.contains("TRACE"),
        "the most talkative level was wanted"
    );
    let trail = fs::read_to_string(place.dir.path().join("audit.jsonl")).unwrap();
    for secret in SECRETS {
        for (name, text) in [
            ("metrics", &metrics),
            ("stdout", &out),
            ("logs", &logs),
            ("trail", &trail),
        ] {
            assert!(!text.contains(secret), "{secret} is in {name}:\n{text}");
        }
    }
}
