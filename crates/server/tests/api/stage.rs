//! A server in this process, and a client of its API.

use std::time::Duration;

use cuecard_protocol::{AgentId, Millis};
use cuecard_server::clock::Clock;
use cuecard_server::config::Config;
use cuecard_server::{App, Running};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Nothing in these tests takes so long unless it never comes.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// 2126-11-20T08:50:10.765Z: the sockets go by the system's clock, and must not take a card for over.
pub const START: Millis = Millis(4_950_838_210_765);

/// A key that may do everything.
pub const KEY: &str = "cck_may-do-everything";
/// Another client's, that may do everything too.
pub const OTHER: &str = "cck_of-another-client";
/// One that may post prompts and suggestions, and nothing else.
pub const POSTER: &str = "cck_may-only-post";
/// One that may only follow outcomes.
pub const READER: &str = "cck_may-only-read";

/// The server.
pub struct Stage {
    running: Option<Running>,
    pub app: App,
    pub url: String,
    pub client: Client,
    pub dir: TempDir,
}

impl Stage {
    /// A server whose platform does not answer, and whose clock stands.
    pub async fn new() -> Self {
        Self::with(
            &platform("http://127.0.0.1:1", "ws://127.0.0.1:1"),
            "",
            Clock::manual(START),
        )
        .await
    }

    /// A server without a platform.
    pub async fn alone() -> Self {
        Self::with("", "", Clock::manual(START)).await
    }

    /// One with these settings of the API, with this clock.
    pub async fn with(platform: &str, api: &str, clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().display();
        let all = "['alerts:write', 'suggestions:write', 'prompts:write', 'cards:read', 'cards:write', 'outcomes:read', 'interactions:write']";
        let key = |name: &str, key: &str, scopes: &str| {
            let hash = hex::encode(Sha256::digest(key));
            format!("[[api.keys]]\nname = '{name}'\nsha256 = '{hash}'\nscopes = {scopes}\n")
        };
        let toml = format!(
            "[storage]\npath = '{path}/cuecard.db'\n[audit]\npath = '{path}/audit.jsonl'\n\
             [server]\nlisten = '127.0.0.1:0'\ndev_mode = true\n{platform}[api]\n{api}\n{}{}{}{}",
            key("model", KEY, all),
            key("other", OTHER, all),
            key("poster", POSTER, "['suggestions:write', 'prompts:write']"),
            key("reader", READER, "['outcomes:read']"),
        );
        let config = Config::from_toml(&toml).unwrap();
        let running = cuecard_server::lifecycle::start_with(config, clock)
            .await
            .unwrap();
        cuecard_cxone::http::choose_tls();
        Self {
            app: running.app.clone(),
            url: format!("http://{}", running.address),
            running: Some(running),
            client: Client::new(),
            dir,
        }
    }

    pub fn take_running(&mut self) -> Running {
        self.running.take().unwrap()
    }

    /// A request without a key.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request with the key that may do everything.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(KEY)
    }

    /// Posts; gives status and body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request(Method::DELETE, path)).await
    }

    /// The audit trail as `[event, actor, card, outcome]`, from the first of the API's on.
    pub async fn audited(&self) -> Vec<[String; 4]> {
        self.app.audit.flush().await;
        let trail = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap();
        let part = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        trail
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| ["event", "actor", "card", "outcome"].map(|name| part(&line, name)))
            .skip(1)
            .collect()
    }
}

/// Settings of a platform there.
pub fn platform(http: &str, ws: &str) -> String {
    format!(
        "[platform]\ntoken_url = '{http}/oauth/token'\nalerts_url = '{ws}/api/v2/agentassist/realtime/ws'\n\
         suggestions_url = '{ws}/ws/v1'\nprompts_url = '{ws}/realtime/v1'\n\
         notifications_url = '{ws}/agent-assist-notifications/notifications/ws'\n\
         client_id = 'cid'\nclient_secret = 'csecret'\n"
    )
}

/// Sends; gives status and body, after a look at what every answer must have.
pub async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, body(answer).await)
}

/// The body of an answer, after a look at what every answer must have.
pub async fn body(answer: Response) -> Value {
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let is_problem = status >= 400;
    let expected = if is_problem {
        "application/problem+json"
    } else {
        "application/json"
    };
    assert_eq!(headers["content-type"], expected);
    let body: Value = answer.json().await.unwrap();
    if is_problem {
        assert_eq!(body["status"], status, "{body}");
        let code = body["code"].as_str().unwrap();
        assert_eq!(body["type"], format!("urn:cuecard:problem:{code}"));
        assert!(
            body["title"].is_string() && body["detail"].is_string(),
            "{body}"
        );
    }
    body
}

/// A problem as `(status, code, field, detail)`.
pub fn problem((status, body): (u16, Value)) -> (u16, String, String, String) {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("field"), text("detail"))
}

pub fn agent() -> AgentId {
    AgentId::parse("AGT-1").unwrap()
}

/// A suggestion for `AGT-1` with these fields besides, or instead.
pub fn suggestion(more: &Value) -> Value {
    with(
        json!({"interaction_id": "INT-1", "agent_id": "AGT-1", "content": "Offer a refund", "relevance": 0.85}),
        more,
    )
}

/// A prompt for `AGT-1`.
pub fn prompt(more: &Value) -> Value {
    with(
        json!({
            "interaction_id": "INT-1", "agent_id": "AGT-1",
            "snippets": [{"snippet_id": "KB-1", "content": "Use code RET24.", "tags": ["retention"], "source_system": "CRM"}],
        }),
        more,
    )
}

/// An alert for `AGT-1`.
pub fn alert(more: &Value) -> Value {
    with(
        json!({"interaction_id": "INT-1", "agent_id": "AGT-1", "level": "HIGH", "text": "Threatens to cancel"}),
        more,
    )
}

/// The object with the other's fields; null takes a field away.
fn with(mut object: Value, more: &Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    object
}
