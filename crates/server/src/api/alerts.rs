//! `POST /v1/alerts`: a risk alert for an agent.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use cuecard_cxone::wire::alerts::{Alert, AlertMetadata, HTML, RiskLevel};
use cuecard_protocol::{
    AgentId, AlertLevel, Card, CardId, InteractionId, MAX_BODY_BYTES, MAX_TITLE_CHARS,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::door::Caller;
use super::publish::{self, Draft};
use super::{Api, body, check};
use crate::backbone::publications::Kind;
use crate::config::api::Scope;
use crate::publish::risk_html::{escape, percent};
use crate::refusal::{Problem, Reason, Refusal};
use crate::timestamp;

/// A risk alert: `level` or `risk_score`, and `html` or `text`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRequest {
    /// For whom: 1 to 128 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("AGT-1"))]
    agent_id: AgentId,
    /// The conversation: 1 to 128 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("INT-1"))]
    interaction_id: InteractionId,
    /// How grave it is. Either this or `risk_score`.
    level: Option<Level>,
    /// The risk, from which the level follows: HIGH from 0.85, CRITICAL from 0.95. Either this or `level`.
    #[schema(minimum = 0.85, maximum = 1.0)]
    risk_score: Option<f64>,
    /// Plain text; by default the level's own words.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// The body, at most 32 KiB; what is not on the allow-list is taken out. Either this or `text`.
    #[schema(min_length = 1, max_length = 32768)]
    html: Option<String>,
    /// The body as plain text. Either this or `html`.
    #[schema(
        min_length = 1,
        max_length = 8000,
        examples("The customer has threatened to cancel.")
    )]
    text: Option<String>,
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

/// The level of a risk alert.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Level {
    High,
    Critical,
}

/// Most characters of a body that is plain text.
const MAX_TEXT: usize = 8_000;

/// Post a risk alert
#[utoipa::path(
    post, path = "/v1/alerts", operation_id = "post_alert", tag = "cards",
    request_body = AlertRequest,
    params(publish::IdempotencyHeader),
    responses(
        (status = 202, description = "Taken: it is kept, and goes to the platform", body = publish::Taken,
            headers(("Location" = String, description = "Where to ask what became of it"),
                ("Idempotency-Replayed" = String, description = "`true` if the same request was taken before"))),
        (status = 409, description = "The id is taken, or the conversation has moved on", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_key" = ["alerts:write"])),
)]
pub async fn post(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    caller.may(Scope::AlertsWrite)?;
    let key = check::idempotency_key(request.headers())?;
    let body: body::Body<AlertRequest> = body::read(request).await?;
    let draft = body.value.draft(&api)?;
    publish::publish(&api, &caller, draft, key.map(|key| (key, body.digest))).await
}

impl AlertRequest {
    fn draft(self, api: &Api) -> Result<Draft, Refusal> {
        let level = level(self.level, self.risk_score)?;
        let content = content(self.html, self.text, self.risk_score)?;
        if let Some(title) = &self.title {
            check::text("title", title, 1..=MAX_TITLE_CHARS)?;
        }
        let id = self.id.unwrap_or_else(|| api.new_id());
        let now = api.app.clock.now();
        let frame = Alert {
            content_id: id.to_string(),
            title: self
                .title
                .unwrap_or_else(|| format!("{} Risk Alert Detected", level.as_str())),
            content,
            content_type: HTML.to_owned(),
            metadata: AlertMetadata {
                interaction_id: self.interaction_id.to_string(),
                agent_id: self.agent_id.to_string(),
                risk_level: match level {
                    AlertLevel::High => RiskLevel::High,
                    AlertLevel::Critical => RiskLevel::Critical,
                },
                timestamp: timestamp::write(now),
            },
        };
        Ok(Draft {
            id,
            kind: Kind::Alert,
            agent: self.agent_id,
            interaction: self.interaction_id,
            relevance: None,
            starts_at: now,
            published_at: now,
            expires_at: now.plus(Card::ALERT_LIFETIME),
            supersedes: self.supersedes,
            revision: self.revision,
            frame: publish::frame(&frame)?,
            dropped: Vec::new(),
        })
    }
}

fn level(level: Option<Level>, score: Option<f64>) -> Result<AlertLevel, Refusal> {
    match (level, score) {
        (Some(Level::High), None) => Ok(AlertLevel::High),
        (Some(Level::Critical), None) => Ok(AlertLevel::Critical),
        (None, Some(score)) => AlertLevel::of_score(score)
            .filter(|_| score <= 1.0)
            .ok_or_else(|| Reason::INVALID_FIELD.field("risk_score", score, "0.85 to 1")),
        (None, None) => Err(Reason::INVALID_FIELD.field("level", "missing", "it or risk_score")),
        (Some(_), Some(score)) => {
            Err(Reason::INVALID_FIELD.field("risk_score", score, "only one of it and level"))
        }
    }
}

/// The body as HTML. A score is stated as the platform's own clients state it, because the frame has no field for it.
fn content(
    html: Option<String>,
    text: Option<String>,
    score: Option<f64>,
) -> Result<String, Refusal> {
    let mut content = match (html, text) {
        (Some(html), None) => {
            if html.is_empty() || html.len() > MAX_BODY_BYTES {
                let found = format!("text of {} bytes", html.len());
                let expected = format!("1 to {MAX_BODY_BYTES} bytes");
                return Err(Reason::INVALID_FIELD.field("html", found, expected));
            }
            html
        }
        (None, Some(text)) => {
            check::text("text", &text, 1..=MAX_TEXT)?;
            format!("<p>{}</p>", escape(&text))
        }
        (None, None) => {
            return Err(Reason::INVALID_FIELD.field("html", "missing", "it or text"));
        }
        (Some(_), Some(text)) => {
            let found = format!("text of {} characters", text.chars().count());
            return Err(Reason::INVALID_FIELD.field("text", found, "only one of it and html"));
        }
    };
    if let Some(score) = score {
        content = format!(
            "<strong>Risk Score:</strong> {}<br/>\n{content}",
            percent(score)
        );
    }
    Ok(content)
}
