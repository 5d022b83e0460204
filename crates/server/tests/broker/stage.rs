//! A server in this process, and a browser that talks to it.

use std::time::Duration;

use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{
    AgentId, Alert, AlertLevel, Card, CardBody, CardId, InteractionId, Millis, ServerMessage,
};
use cuecard_server::broker::{self, connection::Limits};
use cuecard_server::clock::Clock;
use cuecard_server::config::Config;
use cuecard_server::{App, Running};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};

/// Nothing in these tests takes so long unless it never comes.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Shared with the desktop's backend, which is the tests here.
pub const SECRET: &str = "an hs256 secret of at least 32 bytes";

/// The server.
pub struct Stage {
    running: Option<Running>,
    pub app: App,
    /// Where the browser goes; its own origin, too.
    pub url: String,
    pub dir: TempDir,
}

impl Stage {
    /// A server in dev mode with these lines of `[server]` and sections after it.
    pub async fn with(lines: &str) -> Self {
        Self::at(tempfile::tempdir().unwrap(), lines, Clock::system()).await
    }

    /// As [`Stage::with`], on a directory that may have been used before, with this clock.
    pub async fn at(dir: TempDir, lines: &str, clock: Clock) -> Self {
        Self::start(dir, &format!("dev_mode = true\n{lines}"), clock).await
    }

    /// A server that is not in dev mode.
    pub async fn production() -> Self {
        Self::start(tempfile::tempdir().unwrap(), "", Clock::system()).await
    }

    async fn start(dir: TempDir, lines: &str, clock: Clock) -> Self {
        let path = dir.path().display();
        let toml = format!(
            "[storage]\npath = '{path}/cuecard.db'\n[audit]\npath = '{path}/audit.jsonl'\n\
             [session]\nhs256_secret = '{SECRET}'\n[server]\nlisten = '127.0.0.1:0'\n{lines}"
        );
        let config = Config::from_toml(&toml).unwrap();
        let running = cuecard_server::lifecycle::start_with(config, clock)
            .await
            .unwrap();
        let (app, url) = (running.app.clone(), format!("http://{}", running.address));
        Self {
            running: Some(running),
            app,
            url,
            dir,
        }
    }

    /// A server in dev mode.
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// One whose patience with sockets is another.
    pub async fn limited(limits: Limits) -> Self {
        Self::limited_at(limits, Clock::system()).await
    }

    /// As [`Stage::limited`], with this clock.
    pub async fn limited_at(limits: Limits, clock: Clock) -> Self {
        let mut stage = Self::at(tempfile::tempdir().unwrap(), "", clock).await;
        let router = broker::router_with(stage.app.clone(), limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        stage.url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stage
    }

    /// Sends browsers to the server's own listener from now on, whose patience with sockets is the usual one.
    pub fn be_patient(&mut self) {
        let running = self.running.as_ref().unwrap();
        self.url = format!("http://{}", running.address);
    }

    /// Begins the drain and waits for its end; the directory stays.
    pub async fn stop(mut self) -> TempDir {
        self.running.take().unwrap().shutdown().await;
        self.dir
    }

    /// Takes the handle that waits for the end.
    pub fn take_running(&mut self) -> Running {
        self.running.take().unwrap()
    }

    /// A browser without a session.
    pub fn browser(&self) -> Browser {
        cuecard_cxone::http::choose_tls();
        Browser {
            client: Client::new(),
            url: self.url.clone(),
            origin: self.url.clone(),
            cookie: String::new(),
        }
    }

    /// A browser with a session of this agent.
    pub async fn browser_of(&self, agent: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.open_session(&json!({ "agent_id": agent })).await;
        assert_eq!(answer.status(), StatusCode::OK);
        browser
    }

    /// Puts cards into the agent's log.
    pub async fn publish(&self, agent: &str, cards: impl IntoIterator<Item = Card>) {
        let agent = AgentId::parse(agent).unwrap();
        let appends = cards
            .into_iter()
            .map(|card| self.app.backbone.append(&agent, card));
        for appended in futures_util::future::join_all(appends).await {
            appended.unwrap();
        }
    }

    /// A card that is published now, in an interaction of its own.
    pub fn card(&self, id: &str, html: &str) -> Card {
        let now = self.app.clock.now();
        Card {
            id: CardId::parse(id).unwrap(),
            interaction_id: InteractionId::parse(format!("INT-{id}")).unwrap(),
            published_at: now,
            received_at: now,
            expires_at: now.plus(Card::ALERT_LIFETIME),
            body: CardBody::Alert(Alert {
                level: AlertLevel::Critical,
                title: "Risk".into(),
                score: Some(0.97),
                html: html.into(),
            }),
        }
    }

    /// The audit trail so far, as event, actor, card and outcome.
    pub async fn audited(&self) -> Vec<(String, String, String, String)> {
        self.app.audit.flush().await;
        let trail = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        trail
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| {
                (
                    text(&line, "event"),
                    text(&line, "actor"),
                    text(&line, "card"),
                    text(&line, "outcome"),
                )
            })
            .collect()
    }
}

/// One browser: an origin and a cookie.
#[derive(Clone)]
pub struct Browser {
    pub client: Client,
    pub url: String,
    pub origin: String,
    /// `name=value`, as it is sent.
    pub cookie: String,
}

impl Browser {
    /// A request as the panel makes it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("x-cuecard", "1")
    }

    /// One without the panel's header.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request
            .header("origin", &self.origin)
            .header("cookie", &self.cookie)
    }

    /// `POST /api/session`; keeps the cookie.
    pub async fn open_session(&mut self, body: &Value) -> Response {
        let answer = self
            .request(Method::POST, "/api/session")
            .json(body)
            .send()
            .await
            .unwrap();
        if let Some(line) = answer.headers().get("set-cookie") {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            pair.clone_into(&mut self.cookie);
        }
        answer
    }

    /// `POST /api/ticket`.
    pub async fn ticket(&self) -> String {
        let answer = self
            .request(Method::POST, "/api/ticket")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let info: TicketInfo = answer.json().await.unwrap();
        assert_eq!(
            info.url,
            format!("{}/api/ws", self.url.replace("http", "ws"))
        );
        assert_eq!(info.expires_in, 30);
        info.ticket
    }

    /// Opens a socket with a new ticket.
    pub async fn connect(&self) -> Socket {
        self.connect_with(&self.ticket().await).await.unwrap()
    }

    /// Opens a socket with this ticket; the refusal's status and code else.
    pub async fn connect_with(&self, ticket: &str) -> Result<Socket, (u16, String)> {
        self.upgrade(&format!("cuecard.v1, ticket.{ticket}")).await
    }

    /// Connects with a small buffer for what nobody has read: one that the system lets grow, up to 32 MB on some machines,
    /// takes a whole log before a reader counts as slow.
    async fn dial(&self) -> TcpStream {
        let address = self.url.strip_prefix("http://").unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.connect(address.parse().unwrap()).await.unwrap()
    }

    /// Opens a socket with these subprotocols.
    pub async fn upgrade(&self, protocols: &str) -> Result<Socket, (u16, String)> {
        let mut request = format!("{}/api/ws", self.url.replace("http", "ws"))
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", self.origin.parse().unwrap());
        headers.insert("cookie", self.cookie.parse().unwrap());
        headers.insert("sec-websocket-protocol", protocols.parse().unwrap());
        match tokio_tungstenite::client_async(request, self.dial().await).await {
            Ok((socket, answer)) => {
                assert_eq!(answer.headers()["sec-websocket-protocol"], "cuecard.v1");
                Ok(Socket(socket))
            }
            Err(tungstenite::Error::Http(answer)) => {
                let problem: Value =
                    serde_json::from_slice(answer.body().as_ref().unwrap()).unwrap();
                Err((
                    answer.status().as_u16(),
                    problem["code"].as_str().unwrap().to_owned(),
                ))
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// An open socket.
pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    /// Sends text.
    pub async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// Says hello and gives the welcome.
    pub async fn hello(&mut self, last_seq: u64, log: Option<&str>) -> ServerMessage {
        self.say(
            json!({ "type": "hello", "last_seq": last_seq, "log": log, "version": "0" })
                .to_string(),
        )
        .await;
        self.next().await
    }

    /// The next message, which must be one of ours.
    pub async fn next(&mut self) -> ServerMessage {
        loop {
            match self.frame().await {
                Some(Message::Text(text)) => {
                    assert!(
                        text.len() <= cuecard_protocol::MAX_MESSAGE_BYTES,
                        "{} bytes",
                        text.len()
                    );
                    return ServerMessage::parse(&text).unwrap();
                }
                Some(Message::Ping(_)) => {}
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }

    /// The next `count` messages.
    pub async fn take(&mut self, count: usize) -> Vec<ServerMessage> {
        let mut messages = Vec::with_capacity(count);
        for _ in 0..count {
            messages.push(self.next().await);
        }
        messages
    }

    /// Reads to the end: the messages until then, and the close code.
    pub async fn rest(mut self) -> (Vec<ServerMessage>, Option<u16>) {
        // Parsed when all is read: the server waits only a little for a reader to get to the close frame.
        let mut texts = Vec::new();
        let code = loop {
            match self.frame().await {
                Some(Message::Text(text)) => texts.push(text),
                Some(Message::Close(frame)) => break frame.map(|frame| frame.code.into()),
                Some(_) => {}
                None => break None,
            }
        };
        let messages = texts.iter().map(|text| ServerMessage::parse(text).unwrap());
        (messages.collect(), code)
    }

    async fn frame(&mut self) -> Option<Message> {
        let frame = timeout(PATIENCE, self.0.next())
            .await
            .expect("something comes in time")?;
        frame.ok()
    }
}

/// The problem of a refused request, after a look at its form.
pub async fn problem(answer: Response) -> (u16, String) {
    problem_in_full(answer).await.0
}

/// As [`problem`], with the body that says it.
pub async fn problem_in_full(answer: Response) -> ((u16, String), Value) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert!(
        body["title"].is_string() && body["detail"].is_string(),
        "{body}"
    );
    ((status, body["code"].as_str().unwrap().to_owned()), body)
}

/// An assertion signed as the desktop's backend does.
pub fn assertion(agent: &str, jti: &str, exp: u64) -> String {
    let claims = json!({ "aud": "cuecard", "sub": agent, "exp": exp, "jti": jti });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// A time in epoch seconds.
pub fn seconds(at: Millis) -> u64 {
    at.0 / 1_000
}
