//! `POST /api/session` opens a session for an assertion, `GET /api/session` tells of the one that the browser has, `DELETE
//! /api/session` ends it.
//!
//! [`assertion`] has what is believed, [`cookie`] what the browser keeps, [`key`] what signs it.

pub mod assertion;
pub mod cookie;
pub mod key;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use cuecard_protocol::session::{SessionInfo, SessionRequest};
use cuecard_protocol::{AgentId, Millis};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde_json::Map;

use self::cookie::Session;
use super::{Broker, MAX_REQUEST_BYTES};
use crate::audit::Event;
use crate::backbone::BackboneError;
use crate::body::unreadable;
use crate::refusal::{Reason, Refusal};

/// Characters of a new session's id: as many random bits as a UUID, and more.
const ID_CHARS: usize = 24;

/// Who asks, as far as it is proven.
struct Proven {
    agent: AgentId,
    locale: Option<String>,
}

/// The handler of `POST`.
pub async fn open(
    State(broker): State<Broker>,
    headers: HeaderMap,
    body: Result<Json<SessionRequest>, JsonRejection>,
) -> Result<Response, Refusal> {
    broker.refuse_while_draining()?;
    let Json(request) = body.map_err(|error| {
        // The rejection's own words may quote the body, which has the assertion.
        let expected = "expected a body such as {\"assertion\": \"<JWT>\"}";
        unreadable(error.status(), MAX_REQUEST_BYTES, expected)
    })?;
    let Proven { agent, locale } = match request {
        SessionRequest::Assertion { assertion } => prove(&broker, &assertion).await?,
        SessionRequest::Development { agent_id } if broker.app.config.server.dev_mode => Proven {
            agent: agent_id,
            locale: None,
        },
        SessionRequest::Development { .. } => {
            let detail =
                "a plain agent id is taken in dev mode only: expected {\"assertion\": \"<JWT>\"}";
            return Err(Reason::BAD_ASSERTION.because(detail));
        }
    };
    // Read once: the cookie is kept by the browser for just as long as the session lasts here.
    let now = broker.app.clock.now();
    let session = renew(&broker, &headers, agent, now).await?;
    let cookie = broker.cookies.write(&session, now).map_err(|error| {
        tracing::error!(%error, "a session cookie could not be signed");
        Reason::STORE_FAILED.because("the session could not be signed")
    })?;
    broker.app.audit.record(event("session_opened", &session));
    let info = told(&broker, session, locale);
    Ok(([(SET_COOKIE, cookie)], Json(info)).into_response())
}

/// The handler of `GET`: for a page that was loaded again, or opened beside one that has signed in. It prolongs nothing.
pub async fn current(
    State(broker): State<Broker>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    broker.refuse_while_draining()?;
    let session = broker.session(&headers).await?;
    Ok(Json(told(&broker, session, None)).into_response())
}

/// What a panel is told of its session; it is about to connect.
fn told(broker: &Broker, session: Session, locale: Option<String>) -> SessionInfo {
    broker.app.presence.session_opened(&session.agent);
    let settings = &broker.app.config;
    SessionInfo {
        agent_id: session.agent,
        version: cuecard_protocol::VERSION.to_owned(),
        locale: locale.unwrap_or_else(|| settings.session.locale.clone()),
        expires_at: session.expires_at,
        image_origins: settings
            .cards
            .image_origins
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

async fn prove(broker: &Broker, token: &str) -> Result<Proven, Refusal> {
    let now = broker.app.clock.now();
    let assertion = broker
        .assertions
        .check(token, now)
        .map_err(|error| Reason::BAD_ASSERTION.because(error.to_string()))?;
    if !spend(broker, &assertion.jti, assertion.expires_at).await? {
        return Err(
            Reason::USED_ASSERTION.because("expected a new assertion with a jti of its own")
        );
    }
    Ok(Proven {
        agent: assertion.agent,
        locale: assertion.locale,
    })
}

/// Whether the token with this `jti` is used for the first time; it counts as used from then on.
pub async fn spend(broker: &Broker, jti: &str, expires_at: Millis) -> Result<bool, BackboneError> {
    // Remembered a little longer than it is good, so that no clock's step back makes it good again.
    let until = expires_at.plus(Millis::from_secs(assertion::LONGEST_LIFE_SECONDS));
    let now = broker.app.clock.now();
    let key = format!("jti:{jti}");
    broker.app.backbone.once(&key, now, until).await
}

/// A session for the agent: the browser's own, prolonged, if that is the same agent's; else a new one, and then the
/// other agent's ends, because its sockets could not get a new ticket with the new cookie anyway.
async fn renew(
    broker: &Broker,
    headers: &HeaderMap,
    agent: AgentId,
    now: Millis,
) -> Result<Session, Refusal> {
    let expires_at = now.plus(broker.app.config.session.lifetime);
    match broker.session(headers).await {
        Ok(session) if session.agent == agent => {
            return Ok(Session {
                expires_at,
                ..session
            });
        }
        Ok(session) => end_now(broker, &session).await?,
        Err(refusal) if refusal.reason == &Reason::NO_SESSION => {}
        Err(refusal) => return Err(refusal),
    }
    let mut id = broker.app.clock.random_token();
    id.truncate(ID_CHARS);
    Ok(Session {
        id,
        agent,
        expires_at,
    })
}

/// The handler of `DELETE`. Without a session there is nothing to end, and that is as well.
pub async fn end(State(broker): State<Broker>, headers: HeaderMap) -> Result<Response, Refusal> {
    match broker.session(&headers).await {
        Ok(session) => end_now(&broker, &session).await?,
        Err(refusal) if refusal.reason == &Reason::NO_SESSION => {}
        // Who is told that it has ended keeps no cookie to try again with, and whoever has a copy goes on.
        Err(refusal) => return Err(refusal),
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(SET_COOKIE, broker.cookies.clear())],
    )
        .into_response())
}

async fn end_now(broker: &Broker, session: &Session) -> Result<(), Refusal> {
    let now = broker.app.clock.now();
    // An older cookie of a session that was prolonged ends earlier, never later.
    let until = now
        .plus(broker.app.config.session.lifetime)
        .max(session.expires_at);
    broker
        .app
        .backbone
        .once(&revoked(&session.id), now, until)
        .await?;
    broker.hub.end_session(&session.id);
    broker.app.audit.record(event("session_ended", session));
    Ok(())
}

/// The once-key of a session that was ended.
pub fn revoked(session: &str) -> String {
    format!("revoked:{session}")
}

fn event(name: &'static str, session: &Session) -> Event {
    let mut detail = Map::new();
    detail.insert("session".to_owned(), session.id.clone().into());
    detail.insert("expires_at".to_owned(), session.expires_at.0.into());
    Event {
        event: name,
        actor: session.agent.to_string(),
        outcome: "ok",
        detail,
        ..Event::default()
    }
}
