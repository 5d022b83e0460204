//! What all posts share: the draft of a card goes to the store, which keeps it or refuses it, and from there to the
//! platform.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use cuecard_protocol::rules::suggestion;
use cuecard_protocol::{AgentId, CardId, InteractionId, Millis};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use metrics::counter;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::door::Caller;
use super::time::Time;
use super::{Api, check};
use crate::audit::Event;
use crate::backbone::publications::{Idempotency, Kind, Publication, Published, State, Status};
use crate::config::api::Scope;
use crate::refusal::{Reason, Refusal, shown};

/// Answers to requests with an idempotency key are remembered for so long.
const REMEMBERED: Millis = Millis::from_secs(24 * 3_600);

/// The largest revision: the largest whole number that every JSON reader keeps.
pub const MAX_REVISION: u64 = (1 << 53) - 1;

/// The header that says that a request was taken before.
const REPLAYED: &str = "idempotency-replayed";

/// A card that a request asks for, checked as far as it can be without the store.
#[derive(Debug)]
pub struct Draft {
    /// Its id.
    pub id: CardId,
    /// Its kind.
    pub kind: Kind,
    /// For whom.
    pub agent: AgentId,
    /// The conversation.
    pub interaction: InteractionId,
    /// Of a suggestion: how well it fits, as its client says.
    pub relevance: Option<f64>,
    /// When it begins to be of use.
    pub starts_at: Millis,
    /// When it was made.
    pub published_at: Millis,
    /// When it is over.
    pub expires_at: Millis,
    /// The card that leaves for it.
    pub supersedes: Option<CardId>,
    /// The state of the conversation it was made for.
    pub revision: Option<u64>,
    /// What goes to the platform.
    pub frame: Value,
    /// Snippets that were left out.
    pub dropped: Vec<String>,
}

/// A card that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// The card's id.
    #[schema(value_type = String)]
    id: CardId,
    /// Its kind.
    kind: Kind,
    /// Where it stands: `queued`, or where it stands by now if the request was taken before.
    state: State,
    /// How well it fits: of a suggestion as adjusted by how its interaction's suggestions were taken so far, of a prompt as
    /// its snippets say, of an alert none.
    relevance: Option<f64>,
    /// When it leaves by itself.
    expires_at: Time,
    /// The card that left for it, if that was live.
    #[schema(value_type = Option<String>)]
    superseded: Option<CardId>,
    /// Cards of yours that left because they were made for a lower revision.
    #[schema(value_type = Vec<String>)]
    stale: Vec<CardId>,
    /// Of a prompt with more than ten snippets: those that were left out.
    dropped: Vec<String>,
}

/// The header that makes a repeated request one card.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "the header's description; it is read by hand")]
pub struct IdempotencyHeader {
    /// Yours, unique for each card: the same key with the same body is the same card, with another body it is refused.
    /// Remembered for 24 hours.
    #[param(
        rename = "Idempotency-Key",
        required = false,
        min_length = 1,
        max_length = 200,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
}

/// A frame of the platform as it is kept.
pub fn frame<T: Serialize>(frame: &T) -> Result<Value, Refusal> {
    serde_json::to_value(frame).map_err(|error| {
        // Our own frames always have a JSON form.
        tracing::error!(%error, "a frame cannot be written");
        Reason::STORE_FAILED.because("the card could not be written")
    })
}

/// Gives a draft to the store, and says what became of it. `idempotency` is the client's key and the request's digest.
pub async fn publish(
    api: &Api,
    caller: &Caller,
    draft: Draft,
    idempotency: Option<(String, String)>,
) -> Result<Response, Refusal> {
    api.refuse_while_draining()?;
    require_platform(api, draft.kind)?;
    if let Some(revision) = draft.revision {
        check::whole("revision", revision, 0..=MAX_REVISION)?;
    }
    let idempotency = idempotency.map(|(key, digest)| Idempotency {
        key,
        digest,
        until: draft.published_at.plus(REMEMBERED),
    });
    let work = keep(api.clone(), caller.clone(), draft, idempotency);
    api.complete(work).await
}

async fn keep(
    api: Api,
    caller: Caller,
    draft: Draft,
    idempotency: Option<Idempotency>,
) -> Result<Response, Refusal> {
    let publication = Publication {
        id: draft.id,
        client: caller.name().to_owned(),
        kind: draft.kind,
        agent: draft.agent,
        interaction: draft.interaction,
        relevance: draft.relevance,
        starts_at: draft.starts_at,
        published_at: draft.published_at,
        expires_at: draft.expires_at,
        supersedes: draft.supersedes,
        revision: draft.revision,
        frame: draft.frame,
    };
    let published = api
        .app
        .backbone
        .publish(
            publication.clone(),
            idempotency,
            caller.may(Scope::InteractionsWrite).is_ok(),
        )
        .await?;
    match published {
        Published::Taken {
            relevance,
            superseded,
            stale,
        } => {
            note(&api, &publication, superseded.as_ref(), &stale);
            Ok(answer(
                &Taken {
                    relevance: relevance.or_else(|| relevance_in(&publication)),
                    id: publication.id,
                    kind: publication.kind,
                    state: State::Queued,
                    expires_at: Time(publication.expires_at),
                    superseded,
                    stale,
                    dropped: draft.dropped,
                },
                false,
            ))
        }
        Published::Repeat(id) => {
            // Whoever repeats a request may have heard nothing of the first.
            api.app.outgoing.nudge();
            let status = api.app.backbone.status(caller.name(), &id).await?;
            let Status {
                publication, state, ..
            } = status.ok_or_else(|| {
                Reason::KEY_REUSED.field(
                    check::IDEMPOTENCY_KEY,
                    "one of a card that is no longer known",
                    "a new one",
                )
            })?;
            Ok(answer(
                &Taken {
                    relevance: relevance_in(&publication),
                    id: publication.id,
                    kind: publication.kind,
                    state,
                    expires_at: Time(publication.expires_at),
                    superseded: None,
                    stale: Vec::new(),
                    dropped: draft.dropped,
                },
                true,
            ))
        }
        refused => Err(refusal(&publication, refused)),
    }
}

/// The relevance that a kept publication goes with.
pub fn relevance_in(publication: &Publication) -> Option<f64> {
    let pointer = match publication.kind {
        Kind::Alert | Kind::Task => return None,
        Kind::Suggestion => "/suggestion/relevanceScore",
        Kind::Prompt => "/payload/relevance_score",
    };
    publication.frame.pointer(pointer).and_then(Value::as_f64)
}

/// Refuses what could never be sent.
fn require_platform(api: &Api, kind: Kind) -> Result<(), Refusal> {
    let platform = api.app.config.platform.as_ref();
    let (setting, is_there) = match kind {
        Kind::Alert | Kind::Task => ("alerts_url", platform.is_some()),
        Kind::Suggestion => (
            "suggestions_url",
            platform.is_some_and(|platform| platform.suggestions_url.is_some()),
        ),
        Kind::Prompt => (
            "prompts_url",
            platform.is_some_and(|platform| platform.prompts_url.is_some()),
        ),
    };
    if is_there {
        return Ok(());
    }
    let detail = format!("the setting platform.{setting} is missing, expected the platform's URL");
    Err(Reason::NO_PLATFORM.because(detail))
}

fn answer(taken: &Taken, is_repeat: bool) -> Response {
    let location = format!("/v1/cards/{}", taken.id);
    let mut response = (StatusCode::ACCEPTED, Json(taken)).into_response();
    let headers = response.headers_mut();
    // A card's id is ASCII.
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(LOCATION, location);
    }
    if is_repeat {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn refusal(publication: &Publication, published: Published) -> Refusal {
    let id = publication.id.as_str();
    match published {
        Published::KeyReused => Reason::KEY_REUSED.field(
            check::IDEMPOTENCY_KEY,
            "one that came with another request",
            "a new one, or the same request",
        ),
        Published::Refused(refusal) => {
            let (reason, field) = match &refusal {
                suggestion::Refusal::BufferLimit { .. } => {
                    (&Reason::BUFFER_LIMIT, "interaction_id")
                }
                suggestion::Refusal::Duplicate { .. } => (&Reason::DUPLICATE, "id"),
                suggestion::Refusal::ContextWindow { .. } => (&Reason::CONTEXT_WINDOW, "window"),
                suggestion::Refusal::Relevance { .. } => (&Reason::RELEVANCE, "relevance"),
            };
            Refusal {
                field: Some(field.to_owned()),
                ..reason.because(refusal.to_string())
            }
        }
        Published::Stale(current) => Reason::STALE.field(
            "revision",
            publication.revision.unwrap_or_default(),
            format!("at least {current}, at which the conversation stands"),
        ),
        Published::UnknownSuperseded => {
            let named = publication.supersedes.as_ref().map_or("", CardId::as_str);
            let expected = "a card that was posted with this key";
            Reason::UNKNOWN_SUPERSEDED.field("supersedes", shown(named), expected)
        }
        Published::Duplicate | Published::Taken { .. } | Published::Repeat(_) => {
            let expected = "one that no other card has or had";
            Reason::DUPLICATE.field("id", shown(id), expected)
        }
    }
}

fn note(api: &Api, publication: &Publication, superseded: Option<&CardId>, stale: &[CardId]) {
    let app = &api.app;
    let kind = publication.kind.as_str();
    counter!("cuecard_publications_total", "kind" => kind, "source" => publication.client.clone(), "outcome" => "published")
        .increment(1);
    let detail =
        json!({"kind": kind, "agent": publication.agent, "revision": publication.revision});
    let Value::Object(detail) = detail else {
        return;
    };
    let event = |event, card: &CardId, detail| Event {
        event,
        actor: publication.client.clone(),
        interaction: Some(publication.interaction.to_string()),
        card: Some(card.to_string()),
        outcome: "ok",
        detail,
    };
    app.audit
        .record(event("published", &publication.id, detail));
    if let Some(card) = superseded {
        let by = Map::from_iter([("by".to_owned(), json!(publication.id))]);
        app.audit.record(event("superseded", card, by));
    }
    for card in stale {
        app.audit.record(event("stale", card, Map::new()));
    }
    app.outgoing.nudge();
    if superseded.is_some() || !stale.is_empty() {
        app.reports.nudge();
    }
}
