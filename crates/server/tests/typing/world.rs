//! A simulated platform, servers on it, and a panel that tells when its agent types.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cuecard_protocol::session::TicketInfo;
use cuecard_server::Running;
use cuecard_server::config::Config;
use cuecard_simulator::{FaultRule, Options, Scenario, SeenEntry, SeenKind, Simulator};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// No wait of these tests is longer.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// No two panels have the same.
static LIVES: AtomicU64 = AtomicU64::new(0);

pub struct World {
    pub simulator: Simulator,
    directory: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let options = Options {
            scenario: Scenario::none(),
            ..Options::default()
        };
        Self {
            simulator: Simulator::spawn(options).await.unwrap(),
            directory: TempDir::new().unwrap(),
        }
    }

    fn config(&self) -> String {
        let (http, ws) = (self.simulator.base_url(), self.simulator.ws_url());
        let file = |name: &str| self.directory.path().join(name).display().to_string();
        format!(
            "[server]\nlisten = '127.0.0.1:0'\ndev_mode = true\n\
             [storage]\npath = '{}'\n[audit]\npath = '{}'\n\
             [platform]\ntoken_url = '{http}/oauth/token'\nalerts_url = '{ws}/api/v2/agentassist/realtime/ws'\n\
             notifications_url = '{ws}/agent-assist-notifications/notifications/ws'\n\
             client_id = 'cid'\nclient_secret = 'csecret'\n",
            file("cuecard.db"),
            file("audit.jsonl"),
        )
    }

    /// A server in this process.
    pub async fn server(&self) -> Running {
        let config = Config::from_toml(&self.config()).unwrap();
        cuecard_server::start(config).await.unwrap()
    }

    /// A server in a process of its own, on the same files.
    pub fn process(&self) -> Process {
        let path = self.directory.path().join("cuecard.toml");
        std::fs::write(&path, self.config()).unwrap();
        Process::start(
            Command::new(env!("CARGO_BIN_EXE_cuecard-server"))
                .args(["serve", "--config"])
                .arg(path)
                .env_clear(),
        )
    }

    pub fn fault(&self, rule: FaultRule) {
        self.simulator.set_faults(vec![rule]).unwrap();
    }

    /// The typing API's calls, in order, those of the customers' sockets left out.
    fn seen(&self) -> Vec<SeenEntry> {
        let seen = self.simulator.seen(0, Some(SeenKind::Http));
        seen.into_iter()
            .filter(|entry| {
                entry
                    .text("path")
                    .is_some_and(|path| path.starts_with("/api/v1/webchat/guests"))
            })
            .collect()
    }

    /// The calls as method, what, and status.
    pub fn calls(&self) -> Vec<String> {
        let call = |entry: &SeenEntry| {
            let method = entry.text("method").unwrap();
            if entry.text("path").unwrap().ends_with("/typing") {
                format!("{method} typing {}", entry.details["status"])
            } else {
                format!("{method} guests")
            }
        };
        self.seen().iter().map(call).collect()
    }

    pub fn call_times(&self) -> Vec<i64> {
        self.seen().iter().map(|entry| entry.at_ms).collect()
    }

    /// What the customers' indicators showed from the first on, oldest first.
    pub fn changes(&self) -> Vec<bool> {
        let views = self.simulator.all_typing();
        let mut changes: Vec<_> = views.into_values().flatten().collect();
        changes.sort_by_key(|change| change.at_ms);
        changes.into_iter().map(|change| change.typing).collect()
    }

    /// Waits until the last change is this one.
    pub async fn customer_sees(&self, typing: bool) {
        self.until(|| self.changes().last() == Some(&typing)).await;
    }

    /// Waits until the state has been read so often.
    pub async fn reads(&self, count: usize) {
        let is_read = |call: &String| call.starts_with("GET typing");
        self.until(|| self.calls().iter().filter(|call| is_read(call)).count() >= count)
            .await;
    }

    async fn until(&self, happened: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !happened() {
            assert!(
                Instant::now() < deadline,
                "{:?} {:?}",
                self.changes(),
                self.calls()
            );
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A server's process; killed when the test is over.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["listening"].as_str().unwrap();
        Self {
            child,
            address: address.strip_prefix("http://").unwrap().parse().unwrap(),
        }
    }

    /// Ends it at once, with nothing said to anybody.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A panel of agent A in conversation INT-1, with an open socket. Dropping it is what a killed browser does.
pub struct Panel {
    client: Client,
    url: String,
    cookie: String,
    life: String,
    n: AtomicU64,
    says: SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>,
    /// A word for each message of the server.
    hears: mpsc::UnboundedReceiver<()>,
    /// Reads, and so answers probes, as a browser does whatever its page is at.
    reading: JoinHandle<()>,
}

impl Drop for Panel {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Panel {
    pub async fn of(server: &Running) -> Self {
        Self::at(server.address).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        cuecard_cxone::http::choose_tls();
        let (client, url) = (Client::new(), format!("http://{address}"));
        let session = post(&client, &url, "session", "").json(&json!({ "agent_id": "A" }));
        let session = session.send().await.unwrap();
        let cookie = session.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let ticket = post(&client, &url, "ticket", &cookie).send().await.unwrap();
        let ticket: TicketInfo = ticket.json().await.unwrap();
        let mut request = ticket.url.into_client_request().unwrap();
        let protocols = format!("cuecard.v1, ticket.{}", ticket.ticket);
        for (name, value) in [
            ("origin", &url),
            ("cookie", &cookie),
            ("sec-websocket-protocol", &protocols),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let (says, mut wire) = socket.split();
        let (texts, hears) = mpsc::unbounded_channel();
        let reading = async move {
            while let Some(Ok(message)) = wire.next().await {
                if message.is_text() {
                    // Not all tests listen.
                    let _ = texts.send(());
                }
            }
        };
        Self {
            client,
            url,
            cookie,
            life: LIVES.fetch_add(1, Ordering::Relaxed).to_string(),
            n: AtomicU64::new(0),
            says,
            hears,
            reading: tokio::spawn(reading),
        }
    }

    /// Names its life to the broker, and waits for the welcome.
    pub async fn hello(&mut self) {
        let hello = json!({ "type": "hello", "last_seq": 0, "version": "0", "life": self.life });
        let hello = Message::text(hello.to_string());
        self.says.send(hello).await.unwrap();
        let welcome = timeout(DEADLINE, self.hears.recv()).await.unwrap();
        welcome.unwrap();
    }

    /// Takes nothing from the wire any more. The socket stays open.
    pub async fn stall(&mut self) {
        self.reading.abort();
        let ended = (&mut self.reading).await;
        assert!(ended.unwrap_err().is_cancelled(), "the socket is closed");
    }

    /// Tells that the agent types, or does not.
    pub async fn tell(&self, typing: bool) {
        let body = json!({
            "interaction_id": "INT-1", "typing": typing, "life": self.life,
            "n": self.n.fetch_add(1, Ordering::Relaxed) + 1, "keystrokes": 7,
        });
        let request = post(&self.client, &self.url, "typing", &self.cookie).json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }
}

fn post(client: &Client, url: &str, endpoint: &str, cookie: &str) -> RequestBuilder {
    client
        .post(format!("{url}/api/{endpoint}"))
        .header("origin", url)
        .header("x-cuecard", "1")
        .header("cookie", cookie)
}
