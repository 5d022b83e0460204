//! `POST /api/replay`: all that a socket would say after this `hello`, up to now, a line of JSON for each message. For a
//! panel that shares the socket of another one of its agent: what comes afterwards, that socket says. A session has an
//! allowance of them: each reads the log and is audited card by card, so a panel that loops must not fill disk and memory.

use axum::body::Body;
use axum::extract::State;
use axum::extract::rejection::StringRejection;
use axum::response::{IntoResponse, Response};
use cuecard_protocol::ClientMessage;
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::super::connection::{Connection, Input, Output};
use super::super::{Broker, MAX_REQUEST_BYTES, REPLAYS_AT_ONCE, REPLAYS_PER_SECOND};
use super::observe::Observer;
use super::questions;
use crate::body::unreadable;
use crate::refusal::{Reason, Refusal};

/// What is left to say. At most one part of the log is held at once.
struct Replay {
    observer: Observer,
    connection: Connection,
    outputs: Vec<Output>,
}

/// The handler.
pub async fn replay(
    State(broker): State<Broker>,
    headers: HeaderMap,
    hello: Result<String, StringRejection>,
) -> Result<Response, Refusal> {
    broker.refuse_while_draining()?;
    broker.origins.require(&headers)?;
    let session = broker.session(&headers).await?;
    let hello =
        hello.map_err(|error| unreadable(error.status(), MAX_REQUEST_BYTES, error.body_text()))?;
    let Ok(ClientMessage::Hello { agent_id, .. }) = ClientMessage::parse(&hello) else {
        let expected = r#"expected a body such as {"type":"hello","last_seq":0,"version":"1.0.0"}"#;
        return Err(Reason::BAD_REQUEST.because(expected));
    };
    if agent_id.is_some_and(|agent| agent != session.agent) {
        let detail = "the session is another agent's: POST /api/session again";
        return Err(Reason::NO_SESSION.because(detail));
    }
    if !broker.may_replay(&session) {
        let detail = format!(
            "expected at most {REPLAYS_PER_SECOND} a second, and {REPLAYS_AT_ONCE} at once, in one session"
        );
        return Err(Reason::TOO_MANY.because(detail));
    }
    let app = broker.app.clone();
    let log = app.backbone.log_id().to_owned();
    let now = app.clock.now();
    let mut connection = Connection::new(
        log,
        session.agent.clone(),
        session.expires_at,
        broker.limits,
        now,
    );
    let mut replay = Replay {
        outputs: connection.step(Input::Message(hello), now),
        observer: Observer {
            app,
            agent: session.agent,
        },
        connection,
    };
    // The store's first word comes before our first, so that its failure is a status.
    let first = replay.part().await?;
    let rest = stream::try_unfold(replay, async |mut replay| {
        let part = replay.part().await?;
        Ok::<_, Refusal>(part.map(|part| (part, replay)))
    });
    let lines = stream::iter(first.map(Ok)).chain(rest);
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

impl Replay {
    /// The next lines; `None` when all is said. What is cut off before that must not look complete.
    async fn part(&mut self) -> Result<Option<String>, Refusal> {
        let mut lines = String::new();
        while lines.is_empty() && !self.outputs.is_empty() {
            let mut question = None;
            for output in std::mem::take(&mut self.outputs) {
                match output {
                    Output::Send(message) => {
                        // Our own messages always have a JSON form; the panel finds the hole if one has none.
                        lines += &serde_json::to_string(&message).unwrap_or_default();
                        lines.push('\n');
                        self.observer.sent(&message);
                    }
                    Output::Count(reason) => self.observer.refused(reason),
                    other => {
                        let Observer { app, agent } = &self.observer;
                        question = question.or_else(|| questions::put(app, agent, &other));
                    }
                }
            }
            if self.connection.is_over() {
                return Err(Reason::STORE_FAILED.because("the answer was cut off"));
            }
            if let Some(question) = question {
                let answer = question.await?;
                let now = self.observer.app.clock.now();
                self.outputs = self.connection.step(answer, now);
            }
        }
        Ok((!lines.is_empty()).then_some(lines))
    }
}
