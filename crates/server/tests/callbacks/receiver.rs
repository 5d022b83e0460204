//! A receiver of callbacks: hears, and answers as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

use super::desk::eventually;

/// What all receivers of these tests sign with.
pub const SECRET: &str = "hush-0123456789abcdef";

/// How it answers one request.
pub enum Answer {
    Status(u16),
    /// 429 with this `Retry-After`.
    Later(&'static str),
    Redirect(String),
    /// Not at all.
    Never,
}

/// One request.
#[derive(Clone)]
pub struct Heard {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Heard {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// `event card`.
    pub fn event(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        format!(
            "{} {}",
            body["event"].as_str().unwrap(),
            body["card_id"].as_str().unwrap()
        )
    }

    /// As a receiver would.
    pub fn check_signature(&self) {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{}.", self.header("x-cuecard-timestamp")).as_bytes());
        mac.update(&self.body);
        let signature = self
            .header("x-cuecard-signature")
            .strip_prefix("v1=")
            .unwrap();
        mac.verify_slice(&hex::decode(signature).unwrap()).unwrap();
    }
}

type Script = Box<dyn Fn(usize) -> Answer + Send + Sync>;

struct Shared {
    heard: Mutex<Vec<Heard>>,
    under_way: AtomicUsize,
    most: AtomicUsize,
    script: Script,
}

pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Listens; `script` says how the nth request is answered.
    pub async fn start(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            script: Box::new(script),
        });
        let router = Router::new().fallback(hear).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// What was heard, once it is at least so much.
    pub async fn heard(&self, at_least: usize) -> Vec<Heard> {
        let heard = || self.shared.heard.lock().unwrap().clone();
        eventually("requests", async || heard().len() >= at_least).await;
        heard()
    }

    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }
}

async fn hear(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let under_way = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
    shared.most.fetch_max(under_way, Ordering::SeqCst);
    let n = {
        let mut heard = shared.heard.lock().unwrap();
        heard.push(Heard {
            headers,
            body: body.to_vec(),
        });
        heard.len() - 1
    };
    let answer = match (shared.script)(n) {
        Answer::Status(code) => StatusCode::from_u16(code).unwrap().into_response(),
        Answer::Later(value) => {
            let headers = [(header::RETRY_AFTER, value)];
            (StatusCode::TOO_MANY_REQUESTS, headers).into_response()
        }
        Answer::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Answer::Never => std::future::pending().await,
    };
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
    answer
}
