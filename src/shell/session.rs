//! `POST /api/session`: who the agent is, by the host's assertion or, in development, by a plain id; or `GET`, when the host says that
//! the session of this browser will do.

use std::rc::Rc;

use cuecard_panel::{Event, Failure, Text};
use cuecard_protocol::AgentId;
use cuecard_protocol::session::{SessionInfo, SessionRequest};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Request};

use super::sanitize::Cleaner;
use super::{json, request};

#[wasm_bindgen(module = "/src/shell/tabs.js")]
extern "C" {
    /// Fetches when no other tab is about to: tabs that sign in at once would get a session each.
    #[wasm_bindgen(js_name = signIn)]
    fn sign_in(request: &Request) -> Promise;
}

/// Where the broker is: an address without a slash at its end; empty for the page's own origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Broker(String);

impl Broker {
    /// Takes the `broker` attribute.
    pub fn new(address: &str) -> Self {
        Self(address.trim().trim_end_matches('/').to_owned())
    }

    /// The address of an endpoint.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// How the panel says whose it is.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The host's function: takes `{fresh: boolean}`, gives a promise of a signed assertion, or of null for the session that is there.
    Assertion(Function),
    /// Development only: the `agent` attribute.
    Development(String),
    /// The host has said nothing yet.
    Unknown,
}

impl Identity {
    /// What keeps the stores of several panels on one page apart.
    pub fn label(&self) -> &str {
        match self {
            Self::Development(agent) => agent,
            Self::Assertion(_) | Self::Unknown => "",
        }
    }
}

/// Opens a session; images of its origins may stay from then on.
pub async fn open(
    broker: Broker,
    identity: Identity,
    fresh_assertion: bool,
    cleaner: Rc<Cleaner>,
    signal: AbortSignal,
) -> Event {
    match try_open(&broker, identity, fresh_assertion, signal).await {
        Ok(info) => {
            cleaner.allow_images(&info.image_origins);
            Event::SessionOpened(info)
        }
        Err(failure) => Event::SessionFailed(failure),
    }
}

async fn try_open(
    broker: &Broker,
    identity: Identity,
    fresh_assertion: bool,
    signal: AbortSignal,
) -> Result<SessionInfo, Failure> {
    let refused = |message| Failure::Refused { message };
    let said = |message| refused(Text::literal(message));
    let request = match identity {
        Identity::Assertion(provider) => assertion(&provider, fresh_assertion)
            .await
            .map_err(refused)?
            .map(|assertion| SessionRequest::Assertion { assertion }),
        Identity::Development(agent) => Some(SessionRequest::Development {
            agent_id: AgentId::parse(agent).map_err(|error| said(error.to_string()))?,
        }),
        Identity::Unknown => {
            return Err(refused(Text::plain(
                "This page has not said which agent is signed in.",
            )));
        }
    };
    let url = broker.endpoint("/api/session");
    let body = request.map(|request| serde_json::to_string(&request));
    let body = body.transpose().map_err(|error| said(error.to_string()))?;
    let method = if body.is_some() { "POST" } else { "GET" };
    let answer = sign_in(&request::prepare(method, &url, body, Some(&signal))?);
    let text = request::finish(answer, &url).await?;
    json::read(&text).ok_or_else(|| request::unreadable(&url))
}

/// None when the host gives null.
async fn assertion(provider: &Function, fresh: bool) -> Result<Option<String>, Text> {
    let failed = |why| {
        Text::with(
            "The sign-in of this page failed: {0}",
            vec![Text::literal(why)],
        )
    };
    let say = |error: &JsValue| {
        let words = error
            .dyn_ref::<js_sys::Error>()
            .map(|error| String::from(error.message()))
            .or_else(|| error.as_string());
        failed(words.unwrap_or_else(|| "assertionProvider gave no reason".into()))
    };
    let options = Object::new();
    Reflect::set(&options, &"fresh".into(), &fresh.into()).map_err(|error| say(&error))?;
    let promise = provider
        .call1(&JsValue::UNDEFINED, &options)
        .map_err(|error| say(&error))?;
    let value = JsFuture::from(Promise::resolve(&promise))
        .await
        .map_err(|error| say(&error))?;
    if value.is_null() {
        return Ok(None);
    }
    value
        .as_string()
        .map(Some)
        .ok_or_else(|| failed("assertionProvider gave no text, expected a promise of a JWT".into()))
}
