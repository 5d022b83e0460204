//! `GET /v1/interactions/{id}`: how a conversation stands. `PUT /v1/interactions/{id}`: moves it on, or says who holds it.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::{Extension, Json};
use cuecard_protocol::{AgentId, CardId, InteractionId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use utoipa::ToSchema;

use super::body::PathText;
use super::door::Caller;
use super::publish::MAX_REVISION;
use super::{Api, body, check};
use crate::audit::Event;
use crate::backbone::publications::{Kind, Stale};
use crate::config::api::Scope;
use crate::refusal::Refusal;

/// How a conversation stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionStatus {
    /// The conversation.
    #[schema(value_type = String)]
    id: InteractionId,
    /// Who holds it, as far as it is known.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Its revision, if it was ever moved on.
    revision: Option<u64>,
    /// Suggestions that are active now; at most five.
    active: u64,
    /// Suggestions that were accepted.
    accepted: u64,
    /// Suggestions that were accepted or dismissed.
    decided: u64,
    /// The part that was accepted, 0 to 1; none before the first decision.
    acceptance_rate: Option<f64>,
    /// How its prompts were used.
    adoption: Adoption,
    /// How many cards had which outcome, by kind of card and outcome.
    #[schema(value_type = std::collections::BTreeMap<String, std::collections::BTreeMap<String, u64>>)]
    outcomes: BTreeMap<Kind, BTreeMap<String, u64>>,
    /// Cards of yours that left because the conversation moved on with this request.
    #[schema(value_type = Vec<String>)]
    stale: Vec<CardId>,
}

/// How prompts were used.
#[derive(Debug, Serialize, ToSchema)]
pub struct Adoption {
    /// Prompts that were on screen.
    prompts: u64,
    /// Snippets that were copied or inserted.
    snippets: u64,
}

/// What is new about a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InteractionRequest {
    /// Cards that were made for a lower one go stale, whoever posted them. A lower one than before changes nothing.
    #[schema(maximum = 9_007_199_254_740_991_u64)]
    revision: Option<u64>,
    /// Who holds it now.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$", examples("AGT-1"))]
    agent_id: Option<AgentId>,
}

/// How a conversation stands
#[utoipa::path(
    get, path = "/v1/interactions/{id}", operation_id = "read_interaction", tag = "interactions",
    params(("id" = String, Path, description = "The conversation: 1 to 128 bytes", min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$")),
    responses((status = 200, description = "The conversation; one that nothing is known of has no holder and no counts", body = InteractionStatus)),
    security(("api_key" = ["cards:read"])),
)]
pub async fn read(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    PathText(id): PathText,
) -> Result<Json<InteractionStatus>, Refusal> {
    caller.may(Scope::CardsRead)?;
    let interaction = check::interaction_in_path(&id)?;
    status(&api, interaction, Vec::new()).await.map(Json)
}

/// Move a conversation on, or say who holds it
#[utoipa::path(
    put, path = "/v1/interactions/{id}", operation_id = "change_interaction", tag = "interactions",
    params(("id" = String, Path, description = "The conversation: 1 to 128 bytes", min_length = 1, max_length = 128, pattern = r"^[^\s\u0000-\u001f\u007f-\u009f]+$")),
    request_body = InteractionRequest,
    responses((status = 200, description = "The conversation as it stands now", body = InteractionStatus)),
    security(("api_key" = ["interactions:write"])),
)]
pub async fn change(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    PathText(id): PathText,
    request: Request,
) -> Result<Json<InteractionStatus>, Refusal> {
    caller.may(Scope::InteractionsWrite)?;
    let interaction = check::interaction_in_path(&id)?;
    let body: body::Body<InteractionRequest> = body::read(request).await?;
    if let Some(revision) = body.value.revision {
        check::whole("revision", revision, 0..=MAX_REVISION)?;
    }
    api.refuse_while_draining()?;
    let work = take_down(api.clone(), caller, interaction, body.value);
    api.complete(work).await.map(Json)
}

async fn take_down(
    api: Api,
    caller: Caller,
    interaction: InteractionId,
    InteractionRequest { revision, agent_id }: InteractionRequest,
) -> Result<InteractionStatus, Refusal> {
    let store = &api.app.backbone;
    if let Some(agent) = &agent_id {
        store.learn(&interaction, agent).await?;
    }
    let stale = match revision {
        Some(revision) => store.advance(&interaction, revision).await?,
        None => Vec::new(),
    };
    note(&api, &caller, &interaction, revision, &stale);
    let own = stale
        .into_iter()
        .filter(|stale| stale.client == caller.name())
        .map(|stale| stale.card);
    status(&api, interaction, own.collect()).await
}

async fn status(
    api: &Api,
    id: InteractionId,
    stale: Vec<CardId>,
) -> Result<InteractionStatus, Refusal> {
    let stands = api.app.backbone.conversation(&id).await?;
    let mut outcomes: BTreeMap<Kind, BTreeMap<String, u64>> = BTreeMap::new();
    for (kind, outcome, count) in stands.outcomes {
        outcomes.entry(kind).or_default().insert(outcome, count);
    }
    let of_prompts = |outcome: &str| {
        let prompts = outcomes.get(&Kind::Prompt);
        prompts
            .and_then(|counts| counts.get(outcome))
            .copied()
            .unwrap_or(0)
    };
    Ok(InteractionStatus {
        id,
        agent_id: stands.agent,
        revision: stands.revision,
        active: stands.active,
        accepted: stands.acceptance.accepted,
        decided: stands.acceptance.decided,
        acceptance_rate: stands.acceptance.rate(),
        adoption: Adoption {
            prompts: of_prompts("rendered"),
            snippets: of_prompts("adopted"),
        },
        outcomes,
        stale,
    })
}

fn note(
    api: &Api,
    caller: &Caller,
    interaction: &InteractionId,
    revision: Option<u64>,
    stale: &[Stale],
) {
    let app = &api.app;
    let event = |event, card: Option<&CardId>| Event {
        event,
        actor: caller.name().to_owned(),
        interaction: Some(interaction.to_string()),
        card: card.map(ToString::to_string),
        outcome: "ok",
        detail: Map::new(),
    };
    app.audit.record(Event {
        detail: Map::from_iter([("revision".to_owned(), json!(revision))]),
        ..event("interaction_changed", None)
    });
    for Stale { card, .. } in stale {
        app.audit.record(event("stale", Some(card)));
    }
    if !stale.is_empty() {
        app.outgoing.nudge();
        app.reports.nudge();
    }
}
