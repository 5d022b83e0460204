//! `POST /v1/prompts`: snippets for an agent to paste.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use cuecard_cxone::prompts::Prompt;
use cuecard_cxone::wire::prompts::{PromptPayload, PromptSnippet};
use cuecard_protocol::rules::prompt::{self, CRM};
use cuecard_protocol::{AgentId, CardId, InteractionId, Millis, Snippet};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::body::Object;
use super::door::Caller;
use super::publish::{self, Draft};
use super::{Api, body, check};
use crate::backbone::publications::Kind;
use crate::config::api::Scope;
use crate::refusal::{Problem, Reason, Refusal, shown};

/// Snippets to paste.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromptRequest {
    /// For whom: 1 to 128 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("AGT-1"))]
    agent_id: AgentId,
    /// The conversation: 1 to 128 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("INT-1"))]
    interaction_id: InteractionId,
    /// The session at the platform, of which it keeps a hundred; by default one for each agent and conversation.
    #[schema(min_length = 1, max_length = 128)]
    session_id: Option<String>,
    /// Of more than ten the best are taken: those with the most tags that are topics, then those from a trusted source.
    #[schema(value_type = Vec<SnippetRequest>, min_items = 1, max_items = 10_000)]
    snippets: Vec<Object<SnippetRequest>>,
    /// What the conversation is about.
    #[serde(default)]
    #[schema(max_items = 50)]
    topics: Vec<String>,
    /// How urgent it is, up to 5; by default 3.
    #[schema(minimum = 1, maximum = 5)]
    level: Option<u64>,
    /// Stands on top of everything else; needs level 4.
    #[serde(default, rename = "override")]
    is_override: bool,
    /// How long it is of use, by default 45 s.
    #[schema(minimum = 10, maximum = 120)]
    ttl_seconds: Option<u64>,
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

/// A text to paste.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnippetRequest {
    /// Its id, which comes back when the agent uses it; unique within the prompt.
    #[schema(min_length = 1, max_length = 128, examples("KB-1001"))]
    snippet_id: String,
    /// Plain text.
    #[schema(
        min_length = 1,
        max_length = 2000,
        examples("Apply retention discount code RET24.")
    )]
    content: String,
    /// What it is about.
    #[serde(default)]
    #[schema(max_items = 10)]
    tags: Vec<String>,
    /// The system it comes from, such as `CRM`; by default your key's name.
    #[schema(min_length = 1, max_length = 64, examples("CRM"))]
    source_system: Option<String>,
}

/// Most snippets that the best are taken from.
const MAX_SNIPPETS: usize = 10_000;
/// Most characters of a snippet.
const MAX_CONTENT: usize = 2_000;
/// Most tags of a snippet, and characters of a tag or topic.
const MAX_TAGS: usize = 10;
const MAX_TAG: usize = 40;
/// Most topics.
const MAX_TOPICS: usize = 50;
/// Most characters of a source, and of a session's or snippet's id.
const MAX_SOURCE: usize = 64;
const MAX_ID: usize = 128;
/// The level if none is given (platform wire, section 5.2).
const USUAL_LEVEL: u64 = 3;
/// The life if none is given, in seconds (platform wire, section 5.2).
const USUAL_LIFE: u64 = 45;

/// Post a prompt
#[utoipa::path(
    post, path = "/v1/prompts", operation_id = "post_prompt", tag = "cards",
    request_body = PromptRequest,
    params(publish::IdempotencyHeader),
    responses(
        (status = 202, description = "Taken: it is kept, and goes to the platform", body = publish::Taken,
            headers(("Location" = String, description = "Where to ask what became of it"),
                ("Idempotency-Replayed" = String, description = "`true` if the same request was taken before"))),
        (status = 409, description = "The id is taken, or the conversation has moved on", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_key" = ["prompts:write"])),
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    caller.may(Scope::PromptsWrite)?;
    let key = check::idempotency_key(request.headers())?;
    let body: body::Body<PromptRequest> = body::read(request).await?;
    let draft = body.value.draft(&api, &caller)?;
    publish::publish(&api, &caller, draft, key.map(|key| (key, body.digest))).await
}

impl PromptRequest {
    fn draft(self, api: &Api, caller: &Caller) -> Result<Draft, Refusal> {
        if let Some(session) = &self.session_id {
            check::text("session_id", session, 1..=MAX_ID)?;
        }
        check::count("topics", self.topics.len(), 0..=MAX_TOPICS)?;
        for (index, topic) in self.topics.iter().enumerate() {
            check::text(&format!("topics[{index}]"), topic, 1..=MAX_TAG)?;
        }
        let level = self.level.unwrap_or(USUAL_LEVEL);
        let life = self.ttl_seconds.unwrap_or(USUAL_LIFE);
        check::whole("level", level, 1..=u64::from(prompt::MAX_LEVEL))?;
        check::whole(
            "ttl_seconds",
            life,
            seconds(prompt::MIN_TTL)..=seconds(prompt::MAX_TTL),
        )?;
        let given = snippets(self.snippets, caller.name())?;
        let names: Vec<String> = given.iter().map(|snippet| snippet.id.clone()).collect();
        let best = prompt::best(given, &self.topics, &api.app.config.api.trusted_sources);
        let dropped = names
            .into_iter()
            .filter(|name| best.iter().all(|snippet| &snippet.id != name))
            .collect();
        let ttl = Millis::from_secs(life);
        // Both were just checked to be this small.
        let level = u8::try_from(level).unwrap_or(u8::MAX);
        let ttl_seconds = u32::try_from(life).unwrap_or(u32::MAX);
        prompt::check(&prompt::Offer {
            snippets: best.len(),
            level,
            is_override: self.is_override,
            age: Millis(0),
            ttl,
        })
        .map_err(|refusal| refused(&refusal))?;
        let id = self.id.unwrap_or_else(|| api.new_id());
        let now = api.app.clock.now();
        let relevance = prompt::relevance(best.len(), best.iter().any(|one| one.source == CRM));
        let frame = Prompt {
            frame_id: id.to_string(),
            payload: PromptPayload {
                session_id: self
                    .session_id
                    .unwrap_or_else(|| session_of(&self.agent_id, &self.interaction_id)),
                agent_id: self.agent_id.to_string(),
                interaction_id: self.interaction_id.to_string(),
                snippets: best.into_iter().map(on_the_wire).collect(),
                priority_override: self.is_override,
                priority_level: level,
                relevance_score: relevance,
                timestamp: epoch_seconds(now),
                ttl_seconds,
            },
        };
        Ok(Draft {
            id,
            kind: Kind::Prompt,
            agent: self.agent_id,
            interaction: self.interaction_id,
            // The rules of relevance are those of suggestions.
            relevance: None,
            starts_at: now,
            published_at: now,
            expires_at: now.plus(ttl),
            supersedes: self.supersedes,
            revision: self.revision,
            frame: publish::frame(&frame)?,
            dropped,
        })
    }
}

fn snippets(given: Vec<Object<SnippetRequest>>, caller: &str) -> Result<Vec<Snippet>, Refusal> {
    if !(1..=MAX_SNIPPETS).contains(&given.len()) {
        let (found, expected) = (
            format!("a list of {}", given.len()),
            format!("1 to {MAX_SNIPPETS}"),
        );
        return Err(Reason::SNIPPET_LIMIT.field("snippets", found, expected));
    }
    let mut ids = BTreeSet::new();
    let mut snippets = Vec::with_capacity(given.len());
    for (index, Object(snippet)) in given.into_iter().enumerate() {
        let field = |name: &str| format!("snippets[{index}].{name}");
        check::text(&field("snippet_id"), &snippet.snippet_id, 1..=MAX_ID)?;
        if snippet.snippet_id.len() > MAX_ID || snippet.snippet_id.chars().any(char::is_control) {
            let found = shown(&snippet.snippet_id);
            let expected = "at most 128 bytes without control characters";
            return Err(Reason::INVALID_FIELD.field(field("snippet_id"), found, expected));
        }
        if !ids.insert(snippet.snippet_id.clone()) {
            let found = shown(&snippet.snippet_id);
            let expected = "an id that no other snippet of the prompt has";
            return Err(Reason::INVALID_FIELD.field(field("snippet_id"), found, expected));
        }
        check::text(&field("content"), &snippet.content, 1..=MAX_CONTENT)?;
        check::count(&field("tags"), snippet.tags.len(), 0..=MAX_TAGS)?;
        for (place, tag) in snippet.tags.iter().enumerate() {
            check::text(&field(&format!("tags[{place}]")), tag, 1..=MAX_TAG)?;
        }
        if let Some(source) = &snippet.source_system {
            check::text(&field("source_system"), source, 1..=MAX_SOURCE)?;
        }
        snippets.push(Snippet {
            id: snippet.snippet_id,
            content: snippet.content,
            tags: snippet.tags,
            source: snippet.source_system.unwrap_or_else(|| caller.to_owned()),
        });
    }
    Ok(snippets)
}

fn on_the_wire(snippet: Snippet) -> PromptSnippet {
    PromptSnippet {
        snippet_id: snippet.id,
        content: snippet.content,
        tags: snippet.tags,
        source_system: snippet.source,
    }
}

fn refused(refusal: &prompt::Refusal) -> Refusal {
    let (reason, field) = match refusal {
        prompt::Refusal::Level { .. } => (&Reason::INVALID_FIELD, "level"),
        prompt::Refusal::Ttl { .. } => (&Reason::INVALID_FIELD, "ttl_seconds"),
        prompt::Refusal::SnippetLimit { .. } => (&Reason::SNIPPET_LIMIT, "snippets"),
        prompt::Refusal::PriorityOverride { .. } => (&Reason::PRIORITY_OVERRIDE, "override"),
        prompt::Refusal::Stale { .. } => (&Reason::STALE, "snippets"),
    };
    Refusal {
        field: Some(field.to_owned()),
        ..reason.because(refusal.to_string())
    }
}

/// The session of an agent in a conversation: always the same, so that it takes one of the platform's hundred places.
fn session_of(agent: &AgentId, interaction: &InteractionId) -> String {
    let hash = Sha256::digest(format!("{agent} {interaction}"));
    format!("SESS-{}", hex::encode(&hash[..12]))
}

const fn seconds(span: Millis) -> u64 {
    span.0 / 1_000
}

#[expect(
    clippy::cast_precision_loss,
    reason = "epoch milliseconds are far below 2^52"
)]
fn epoch_seconds(at: Millis) -> f64 {
    at.0 as f64 / 1_000.0
}
