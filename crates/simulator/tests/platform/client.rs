//! Raw clients for the tests: no wire types, so that a mistake in those cannot hide.

use std::sync::LazyLock;
use std::time::Duration;

use cuecard_simulator::{Options, Scenario, Simulator};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Nothing on one machine takes this long unless it is broken.
pub const LIMIT: Duration = Duration::from_mins(2);
pub const SUGGESTIONS_SCOPES: &str = "agentassist:write interaction:read";
pub const PROMPTS_SCOPES: &str = "realtime:read agentassist:write interactions:read";
pub const ALERTS_SCOPES: &str = "agentassist:content:write realtime:agentassist:publish";

pub async fn start() -> Simulator {
    start_with(Options {
        scenario: Scenario::none(),
        ..Options::default()
    })
    .await
}

pub async fn start_with(options: Options) -> Simulator {
    Simulator::spawn(options).await.unwrap()
}

/// One client for all tests, because building one loads the system's certificates. It keeps no connections, which would
/// belong to the runtime of the test that opened them.
pub fn http() -> &'static reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
        reqwest::Client::builder()
            .timeout(LIMIT)
            .pool_max_idle_per_host(0)
            .build()
            .unwrap()
    });
    &CLIENT
}

pub async fn token(simulator: &Simulator, scope: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "cid"),
        ("client_secret", "csecret"),
        ("scope", scope),
    ];
    let answer = http()
        .post(format!("{}/oauth/token", simulator.base_url()))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

/// Calls the admin API; status and body.
pub async fn admin(simulator: &Simulator, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = http().request(method, format!("{}{path}", simulator.admin_url()));
    let answer = if body.is_null() {
        request
    } else {
        request.json(body)
    }
    .send()
    .await
    .unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// How a connection ended: the close frame's code and reason, or none.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Close(u16, String),
    NoCode,
    Abrupt,
}

pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, or tells the status and body of the refusal.
    pub async fn open(url: &str) -> Result<Self, (u16, Value)> {
        let mut request = url.into_client_request().unwrap();
        // The offer of every reference client's library; it need not be taken up.
        request.headers_mut().insert(
            "Sec-WebSocket-Extensions",
            HeaderValue::from_static("permessage-deflate; client_max_window_bits"),
        );
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        match timeout(
            LIMIT,
            connect_async_with_config(request, Some(config), true),
        )
        .await
        .unwrap()
        {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                Err((
                    answer.status().as_u16(),
                    serde_json::from_slice(body).unwrap_or(Value::Null),
                ))
            }
            Err(_) => Err((0, Value::Null)),
        }
    }

    pub async fn alerts(simulator: &Simulator, token: &str) -> Self {
        Self::open(&alerts_url(simulator, token)).await.unwrap()
    }

    /// A suggestions socket, not yet authenticated.
    pub async fn suggestions(simulator: &Simulator) -> Self {
        Self::open(&format!("{}/ws/v1", simulator.ws_url()))
            .await
            .unwrap()
    }

    /// A suggestions socket of a client that has authenticated.
    pub async fn injector(simulator: &Simulator) -> Self {
        let token = token(simulator, SUGGESTIONS_SCOPES).await;
        let mut socket = Self::suggestions(simulator).await;
        socket.send(&json!({"type": "auth", "token": token})).await;
        assert_eq!(socket.receive_text().await, r#"{"type":"auth.success"}"#);
        socket
    }

    /// A prompts socket.
    pub async fn prompts(simulator: &Simulator) -> Self {
        let token = token(simulator, PROMPTS_SCOPES).await;
        Self::open(&prompts_url(simulator, &token)).await.unwrap()
    }

    /// A notification socket, not yet connected.
    pub async fn notification(simulator: &Simulator) -> Self {
        Self::open(&format!(
            "{}/agent-assist-notifications/notifications/ws",
            simulator.ws_url()
        ))
        .await
        .unwrap()
    }

    /// A desktop that has subscribed to an agent's topic.
    pub async fn desktop(simulator: &Simulator, agent: &str) -> Self {
        let token = token(simulator, "realtime:read").await;
        let mut socket = Self::notification(simulator).await;
        assert_eq!(
            socket.command("CONNECT", &token, json!({})).await["command"],
            "CONNECTED"
        );
        let topic = json!({"topic": format!("{agent}_agentcopilot")});
        assert_eq!(
            socket.command("SUBSCRIBE", &token, topic).await["command"],
            "SUBSCRIBED"
        );
        socket
    }

    /// Connects to an address with these header lines and no others but those of every upgrade.
    pub async fn raw(simulator: &Simulator, path: &str, headers: &str) -> Self {
        let address = simulator.base_url();
        let mut tcp = TcpStream::connect(address.strip_prefix("http://").unwrap())
            .await
            .unwrap();
        let upgrade = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Sec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: xBDwPeaEsqj9R9oFgPwkBA==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        );
        tcp.write_all(upgrade.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        let tcp = MaybeTlsStream::Plain(tcp);
        Self(WebSocketStream::from_raw_socket(tcp, Role::Client, None).await)
    }

    /// Closes as a client does; nothing but the answer to it comes.
    pub async fn close(&mut self, reason: &'static str) {
        let close = Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: reason.into(),
        }));
        self.0.send(close.clone()).await.unwrap();
        let answer = timeout(LIMIT, self.0.next()).await.unwrap();
        assert_eq!(answer.unwrap().unwrap(), close);
        assert!(self.0.next().await.is_none());
    }

    pub async fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_command(&mut self, command: &str, token: &str, body: Value) {
        self.send(&json!({"command": command, "headers": {"sessionToken": token}, "body": body}))
            .await;
    }

    /// Sends a command and returns the next frame.
    pub async fn command(&mut self, command: &str, token: &str, body: Value) -> Value {
        self.send_command(command, token, body).await;
        self.receive().await
    }

    pub async fn receive_text(&mut self) -> String {
        match timeout(LIMIT, self.0.next())
            .await
            .expect("a frame in time")
        {
            Some(Ok(Message::Text(text))) => text.to_string(),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    pub async fn receive(&mut self) -> Value {
        let text = self.receive_text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The code and the `ref` of the error frame that comes next.
    pub async fn refused(&mut self) -> (String, Value) {
        let mut frame = self.receive().await;
        assert_eq!(frame["type"], "error", "{frame}");
        assert!(!frame["message"].as_str().unwrap().is_empty(), "{frame}");
        let code = frame["code"].as_str().unwrap().to_owned();
        (code, frame["ref"].take())
    }

    /// The object id of the next delivered card.
    pub async fn receive_card(&mut self) -> String {
        let frame = self.receive().await;
        assert_eq!(frame["command"], "MESSAGE", "{frame}");
        frame["body"]["acpAppElements"][0]["objectId"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Asserts that the platform has answered everything and sent nothing else: the next thing to come is the pong.
    pub async fn assert_quiet(&mut self) {
        self.0.send(Message::Ping("quiet?".into())).await.unwrap();
        match timeout(LIMIT, self.0.next()).await.expect("a pong in time") {
            Some(Ok(Message::Pong(_))) => {}
            other => panic!("expected nothing but a pong, got {other:?}"),
        }
    }

    /// Waits for the end, whatever comes before it.
    pub async fn end(&mut self) -> End {
        let mut closed = None;
        loop {
            match timeout(LIMIT, self.0.next()).await.expect("an end in time") {
                Some(Ok(Message::Close(Some(frame)))) => {
                    closed = Some(End::Close(frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Close(None))) => closed = Some(End::NoCode),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return closed.unwrap_or(End::Abrupt),
            }
        }
    }
}

pub fn alerts_url(simulator: &Simulator, token: &str) -> String {
    format!(
        "{}/api/v2/agentassist/realtime/ws?access_token={token}",
        simulator.ws_url()
    )
}

pub fn prompts_url(simulator: &Simulator, token: &str) -> String {
    format!("{}/realtime/v1?access_token={token}", simulator.ws_url())
}

/// Now: the platform judges the times of suggestions and prompts by it.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator under test runs by the real clock"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Lets virtual time pass at once; timers that come due fire. The simulator's limits of sockets are such timers, what
/// it judges times by is not.
pub async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A time so many seconds from now, as clients write it.
pub fn iso(seconds: i64) -> String {
    format!("{:.3}", now() + SignedDuration::from_secs(seconds))
}

pub fn alert(content_id: &str, agent: &str) -> Value {
    json!({
        "contentId": content_id,
        "title": "CRITICAL Risk Alert Detected",
        "content": "\n<div>97.0%</div>\n",
        "type": "html",
        "metadata": {
            "interactionId": "INT-RISK-1", "agentId": agent, "riskLevel": "CRITICAL",
            "timestamp": "2026-11-20T08:50:10.765Z",
        },
    })
}

/// Waits for the end of the socket's task, as written down.
pub async fn closed(simulator: &Simulator, route: &str) -> (String, u64) {
    let entry = simulator
        .await_seen(0, LIMIT, |entry| {
            entry.route == route && entry.text("event") == Some("closed")
        })
        .await
        .expect("the end is written down");
    (
        entry.text("by").unwrap().to_owned(),
        entry.details["code"].as_u64().unwrap(),
    )
}
