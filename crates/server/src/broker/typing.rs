//! `POST /api/typing`: a panel tells whether its agent is typing. Answered 204, also if the call came too late to count.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use cuecard_protocol::typing::{MAX_LIFE_BYTES, TypingRequest};
use http::{HeaderMap, StatusCode};

use super::{Broker, MAX_REQUEST_BYTES};
use crate::body::unreadable;
use crate::refusal::{Reason, Refusal};
use crate::typing::desk::Told;

/// The handler.
pub async fn tell(
    State(broker): State<Broker>,
    headers: HeaderMap,
    body: Result<Json<TypingRequest>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    broker.origins.require(&headers)?;
    let session = broker.session(&headers).await?;
    let Json(request) = body.map_err(|error| {
        let expected = "expected a body such as \
            {\"interaction_id\": \"INT-1\", \"typing\": true, \"life\": \"a1\", \"n\": 1, \"keystrokes\": 1}";
        let detail = format!("{}; {expected}", error.body_text());
        unreadable(error.status(), MAX_REQUEST_BYTES, detail)
    })?;
    if !(1..=MAX_LIFE_BYTES).contains(&request.life.len()) {
        let found = format!("{} bytes long", request.life.len());
        let expected = format!("1 to {MAX_LIFE_BYTES} bytes");
        return Err(Reason::INVALID_FIELD.field("life", found, expected));
    }
    if request.typing {
        // The end of a burst is taken from anybody: it only ends what they began.
        let interaction = &request.interaction_id;
        let holder = broker.app.backbone.holder(interaction).await?;
        if holder.is_some_and(|holder| holder != session.agent) {
            let detail = format!("expected an interaction of your own, found {interaction}");
            return Err(Reason::NOT_HOLDER.because(detail));
        }
    }
    let told = broker
        .app
        .typing
        .tell(&broker.app, &session.agent, &request);
    match told {
        Told::Taken { is_news: true } => {
            broker.hub.typed(&session.agent);
            Ok(StatusCode::NO_CONTENT)
        }
        Told::Taken { is_news: false } | Told::Late => Ok(StatusCode::NO_CONTENT),
        Told::TooMany => {
            let most = broker.app.config.typing.requests_per_second;
            let detail = format!("expected at most {most} a second, and twice as many at once");
            Err(Reason::TOO_MANY.because(detail))
        }
        Told::Closed => Err(Reason::DRAINING.because("try again shortly")),
    }
}
