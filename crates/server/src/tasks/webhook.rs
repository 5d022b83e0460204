//! `POST /webhooks/interaction-completed`: the platform says that an interaction is over (platform wire, sections 6.1 and
//! 14.9). What is answered 200 is stored; the work comes later.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, RequestExt as _, Router};
use cuecard_cxone::segment::LONGEST_ID;
use cuecard_cxone::wire::tasks::InteractionCompleted;
use http::{HeaderMap, Method};
use metrics::counter;
use serde_json::{Map, Value, json};

use super::evaluation::Evaluation;
use super::{QUEUE, evaluated};
use crate::App;
use crate::audit::Event;
use crate::backbone::jobs;
use crate::body::{CUT_SHORT, require_json, unreadable};
use crate::config::webhooks::Webhooks;
use crate::refusal::{Ledger, Reason, Refusal};
use crate::signature::{self, SIGNATURE, TIMESTAMP, Unproven};

/// Largest body, in bytes (platform wire, section 6.1: 100 kB).
const MAX_BYTES: usize = 100 * 1024;

#[derive(Clone)]
struct Door(Arc<Shared>);

struct Shared {
    app: App,
    settings: Webhooks,
    refusals: Ledger,
}

/// The endpoint; none without `[webhooks]`.
pub fn router(app: App) -> Router {
    let Some(settings) = app.config.webhooks.clone() else {
        return Router::new();
    };
    let door = Door(Arc::new(Shared {
        app,
        settings,
        refusals: Ledger::of("webhook_refused"),
    }));
    let routes = Router::new()
        .route("/interaction-completed", post(receive))
        .method_not_allowed_fallback(async |method: Method| {
            Reason::BAD_METHOD.because(format!("{method} is not taken here, expected POST"))
        })
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .layer(middleware::from_fn_with_state(door.clone(), witness))
        .with_state(door);
    Router::new().nest("/webhooks", routes)
}

/// Counts what comes, and takes down what is refused.
async fn witness(State(Door(door)): State<Door>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(reason) = response.extensions().get::<&'static Reason>() {
        counter!("cuecard_webhooks_total", "outcome" => reason.code).increment(1);
    }
    let (audit, now) = (&door.app.audit, door.app.clock.now());
    door.refusals.note(&response, None, audit, now);
    response
}

async fn receive(State(Door(door)): State<Door>, request: Request) -> Result<Json<Value>, Refusal> {
    require_json(request.headers())?;
    let headers = request.headers().clone();
    let body: Bytes = request
        .extract()
        .await
        .map_err(|error: BytesRejection| unreadable(error.status(), MAX_BYTES, CUT_SHORT))?;
    door.prove(&headers, &body)?;
    let event = event(&body)?;
    let is_new = door.take(&event).await?;
    let outcome = if is_new { "received" } else { "repeat" };
    counter!("cuecard_webhooks_total", "outcome" => outcome).increment(1);
    door.app.audit.record(Event {
        event: "webhook_received",
        actor: event.agent_id,
        interaction: Some(event.interaction_id),
        outcome: if is_new { "ok" } else { "repeat" },
        ..Event::default()
    });
    Ok(Json(json!({"received": true})))
}

impl Shared {
    /// Whether the platform has sent this. What is signed must be signed well, also where it need not be.
    fn prove(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let header = |name| {
            headers
                .get(name)
                .map(|value| value.to_str().unwrap_or_default())
        };
        let (timestamp, signature) = (header(TIMESTAMP), header(SIGNATURE));
        let is_signed = timestamp.is_some() || signature.is_some();
        let Some(secret) = &self.settings.secret else {
            return Ok(());
        };
        if !is_signed && self.settings.accept_unsigned {
            return Ok(());
        }
        let now = self.app.clock.now();
        signature::check(secret, timestamp, signature, body, now).map_err(|unproven| {
            let reason = match unproven {
                Unproven::Missing(_) => &Reason::UNSIGNED,
                Unproven::NoTime | Unproven::Wrong => &Reason::BAD_SIGNATURE,
                Unproven::TooOld { .. } => &Reason::OLD_SIGNATURE,
            };
            reason.because(unproven.to_string())
        })
    }

    /// Stores the event; false if it is known.
    async fn take(&self, event: &InteractionCompleted) -> Result<bool, Refusal> {
        let (backbone, now) = (&self.app.backbone, self.app.clock.now());
        let interaction = &event.interaction_id;
        let mark = evaluated(interaction);
        if backbone.is_spent(&mark, now).await? {
            return Ok(false);
        }
        let delivery = jobs::delivery(&[QUEUE, interaction]);
        let payload = json!(Evaluation::begin(event.clone()));
        let is_new = backbone.enqueue(QUEUE, &delivery, payload).await?;
        // The evaluation of the delivery before may have ended in between: its mark comes before its job goes.
        if is_new && backbone.is_spent(&mark, now).await? {
            backbone.forget(QUEUE, &delivery).await?;
            return Ok(false);
        }
        Ok(is_new)
    }
}

/// The event in a body; fields that nobody knows are ignored (platform wire, section 6.1).
fn event(body: &[u8]) -> Result<InteractionCompleted, Refusal> {
    let object: Map<String, Value> = serde_json::from_slice(body).map_err(|_| {
        // The parser's words can repeat the body.
        Reason::BAD_REQUEST
            .because("the body is no JSON object, expected one with interactionId and agentId")
    })?;
    let id = |field: &str| {
        let found = match object.get(field) {
            Some(Value::String(id)) if (1..=LONGEST_ID).contains(&id.len()) => {
                return Ok(id.clone());
            }
            Some(Value::String(id)) => format!("text of {} bytes", id.len()),
            Some(_) => "no text".to_owned(),
            None => "missing".to_owned(),
        };
        let expected = format!("text of 1 to {LONGEST_ID} bytes");
        Err(Reason::BAD_REQUEST.field(field, found, expected))
    };
    Ok(InteractionCompleted {
        interaction_id: id("interactionId")?,
        agent_id: id("agentId")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> (u16, String) {
        let refusal = event(body.as_bytes()).expect_err(body);
        (refusal.reason.status.as_u16(), refusal.detail)
    }

    #[test]
    fn an_event_names_its_interaction_and_agent() {
        let body = br#"{"interactionId":"../a b/c","agentId":"AGT-7","more":[1]}"#;
        let expected = InteractionCompleted {
            interaction_id: "../a b/c".to_owned(),
            agent_id: "AGT-7".to_owned(),
        };
        assert_eq!(event(body).unwrap(), expected);
    }

    #[test]
    fn what_is_missing_empty_or_no_text_is_named() {
        let long = "x".repeat(LONGEST_ID + 1);
        for (body, words) in [
            (r#"{"agentId":"A"}"#.to_owned(), "interactionId is missing"),
            (
                r#"{"interactionId":"","agentId":"A"}"#.to_owned(),
                "interactionId is text of 0 bytes",
            ),
            (
                r#"{"interactionId":7,"agentId":"A"}"#.to_owned(),
                "interactionId is no text",
            ),
            (
                r#"{"interactionId":null,"agentId":"A"}"#.to_owned(),
                "interactionId is no text",
            ),
            (
                format!(r#"{{"interactionId":"{long}","agentId":"A"}}"#),
                "interactionId is text of 257 bytes",
            ),
            (r#"{"interactionId":"I"}"#.to_owned(), "agentId is missing"),
            (
                r#"{"interactionId":"I","agentId":""}"#.to_owned(),
                "agentId is text of 0 bytes",
            ),
        ] {
            let expected = format!("{words}, expected text of 1 to 256 bytes");
            assert_eq!(refused(&body), (400, expected));
        }
        for body in ["", "{", "[]", "null", "\"x\"", "{}x", r#"["I","A"]"#] {
            let words = "the body is no JSON object, expected one with interactionId and agentId";
            assert_eq!(refused(body), (400, words.to_owned()));
        }
    }
}
