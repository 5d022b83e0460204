//! `POST /v1/suggestions`: a suggested next step for whoever holds an interaction.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use cuecard_cxone::wire::suggestions::{ContextWindow, Suggest, Suggestion};
use cuecard_protocol::rules::suggestion::MIN_RELEVANCE;
use cuecard_protocol::{AgentId, CardId, InteractionId, Millis};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Object;
use super::door::Caller;
use super::publish::{self, Draft};
use super::time::Time;
use super::{Api, body, check};
use crate::backbone::publications::Kind;
use crate::config::api::Scope;
use crate::refusal::{Problem, Reason, Refusal};
use crate::timestamp;

/// A suggested next step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuggestionRequest {
    /// The conversation: 1 to 128 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("INT-1"))]
    interaction_id: InteractionId,
    /// For whom; by default whoever is known to hold the conversation. With the scope `interactions:write` that becomes
    /// the holder, else only if nobody is known.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("AGT-1"))]
    agent_id: Option<AgentId>,
    /// Plain text.
    #[schema(
        min_length = 1,
        max_length = 2000,
        examples("Verify return policy eligibility before processing the refund")
    )]
    content: String,
    /// How urgent it is, in your words.
    #[schema(min_length = 1, max_length = 32, examples("HIGH"))]
    priority: Option<String>,
    /// How well it fits.
    #[schema(minimum = 0.7, maximum = 1.0, examples(0.85))]
    relevance: f64,
    /// When it is of use; it must hold now, give or take two seconds, and end within the hour. By default from now on for
    /// `expires_in_seconds`.
    #[schema(value_type = Option<Window>)]
    window: Option<Object<Window>>,
    /// How long it is of use, by default 300 s. Not together with `window.end`.
    #[schema(minimum = 1, maximum = 3600)]
    expires_in_seconds: Option<u64>,
    /// Who made it.
    #[schema(min_length = 1, max_length = 64, examples("returns-model"))]
    source: Option<String>,
    /// The card's id, not one of a card that is known, which it is for a day after its end; by default a new UUID.
    #[schema(value_type = Option<String>, max_length = 128, pattern = "^[A-Za-z0-9_-]+$")]
    id: Option<CardId>,
    /// A card of yours that leaves for this one.
    #[schema(value_type = Option<String>, max_length = 128, pattern = "^[A-Za-z0-9_-]+$")]
    supersedes: Option<CardId>,
    /// The state of the conversation it is made for: it goes stale when you post a card for a higher one, or the
    /// conversation is moved on to one.
    #[schema(maximum = 9_007_199_254_740_991_u64)]
    revision: Option<u64>,
}

/// When a suggestion is of use.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// By default now.
    #[schema(value_type = Option<String>, format = DateTime)]
    start: Option<Time>,
    /// By default the start and `expires_in_seconds`.
    #[schema(value_type = Option<String>, format = DateTime)]
    end: Option<Time>,
}

/// Most characters of a suggestion.
const MAX_CONTENT: usize = 2_000;
/// Most characters of a priority, and of a source.
const MAX_PRIORITY: usize = 32;
const MAX_SOURCE: usize = 64;
/// How long a suggestion is of use if nothing is said, in seconds (platform wire, section 4.2).
const USUAL_LIFE: u64 = 300;
/// And at most.
const LONGEST_LIFE: u64 = 3_600;
/// The word for the platform if no priority is given; it has no frames without one.
const USUAL_PRIORITY: &str = "MEDIUM";

/// Post a suggestion
#[utoipa::path(
    post, path = "/v1/suggestions", operation_id = "post_suggestion", tag = "cards",
    request_body = SuggestionRequest,
    params(publish::IdempotencyHeader),
    responses(
        (status = 202, description = "Taken: it is kept, and goes to the platform", body = publish::Taken,
            headers(("Location" = String, description = "Where to ask what became of it"),
                ("Idempotency-Replayed" = String, description = "`true` if the same request was taken before"))),
        (status = 409, description = "The id is taken, five are active, or the conversation has moved on", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_key" = ["suggestions:write"])),
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    caller.may(Scope::SuggestionsWrite)?;
    let key = check::idempotency_key(request.headers())?;
    let body: body::Body<SuggestionRequest> = body::read(request).await?;
    let known = api.app.backbone.holder(&body.value.interaction_id).await?;
    let draft = body.value.draft(&api, known)?;
    publish::publish(&api, &caller, draft, key.map(|key| (key, body.digest))).await
}

impl SuggestionRequest {
    fn draft(self, api: &Api, known: Option<AgentId>) -> Result<Draft, Refusal> {
        check::text("content", &self.content, 1..=MAX_CONTENT)?;
        if let Some(priority) = &self.priority {
            check::text("priority", priority, 1..=MAX_PRIORITY)?;
        }
        if let Some(source) = &self.source {
            check::text("source", source, 1..=MAX_SOURCE)?;
        }
        if !(MIN_RELEVANCE..=1.0).contains(&self.relevance) {
            let expected = format!("{MIN_RELEVANCE:.2} to 1");
            return Err(Reason::RELEVANCE.field("relevance", self.relevance, expected));
        }
        let now = api.app.clock.now();
        let (start, end) = window(
            &self.window.map(|Object(window)| window).unwrap_or_default(),
            self.expires_in_seconds,
            now,
        )?;
        let agent = check::holder(self.agent_id, known)?;
        let id = self.id.unwrap_or_else(|| api.new_id());
        let frame = Suggest {
            interaction_id: self.interaction_id.to_string(),
            suggestion: Suggestion {
                id: id.to_string(),
                content: self.content,
                priority: self.priority.unwrap_or_else(|| USUAL_PRIORITY.to_owned()),
                relevance_score: self.relevance,
                context_window: ContextWindow {
                    start: timestamp::write(start),
                    end: timestamp::write(end),
                },
                injected_at: timestamp::write(now),
                source: self.source,
            },
        };
        Ok(Draft {
            id,
            kind: Kind::Suggestion,
            agent,
            interaction: self.interaction_id,
            relevance: Some(self.relevance),
            starts_at: start,
            published_at: now,
            expires_at: end,
            supersedes: self.supersedes,
            revision: self.revision,
            frame: publish::frame(&frame)?,
            dropped: Vec::new(),
        })
    }
}

/// Start and end of the context window. Whether it holds now is the store's to say, together with the other rules.
fn window(window: &Window, life: Option<u64>, now: Millis) -> Result<(Millis, Millis), Refusal> {
    if let Some(life) = life {
        check::whole("expires_in_seconds", life, 1..=LONGEST_LIFE)?;
    }
    let start = window.start.map_or(now, |Time(start)| start);
    let end = match (window.end, life) {
        (Some(_), Some(life)) => {
            let expected = "only one of it and window.end";
            return Err(Reason::INVALID_FIELD.field("expires_in_seconds", life, expected));
        }
        (Some(Time(end)), None) => end,
        (None, life) => start.plus(Millis::from_secs(life.unwrap_or(USUAL_LIFE))),
    };
    if end < start {
        let expected = format!("a time behind window.start ({})", timestamp::write(start));
        return Err(Reason::CONTEXT_WINDOW.field("window.end", timestamp::write(end), expected));
    }
    let latest = now.plus(Millis::from_secs(LONGEST_LIFE));
    if end > latest {
        let expected = format!("at most {LONGEST_LIFE} s from now");
        return Err(Reason::CONTEXT_WINDOW.field("window.end", timestamp::write(end), expected));
    }
    Ok((start, end))
}
