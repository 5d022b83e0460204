//! What is posted to a receiver. [`crate::signature`] proves where it comes from.

use serde::Serialize;

use crate::backbone::publications::Outcome;
use crate::timestamp;

#[derive(Serialize)]
struct Body<'a> {
    event: &'a str,
    card_id: &'a str,
    kind: &'a str,
    interaction_id: &'a str,
    agent_id: &'a str,
    at: String,
    reason: Option<&'a str>,
    snippet_id: Option<&'a str>,
    published_at: String,
    client: Option<&'a str>,
}

/// The outcome as receivers read it: JSON, times in ISO 8601.
pub fn body(outcome: &Outcome) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Body {
        event: &outcome.outcome,
        card_id: outcome.card_id.as_str(),
        kind: outcome.kind.as_str(),
        interaction_id: outcome.interaction_id.as_str(),
        agent_id: outcome.agent_id.as_str(),
        at: timestamp::write(outcome.at),
        reason: outcome.reason.as_deref(),
        snippet_id: outcome.snippet_id.as_deref(),
        published_at: timestamp::write(outcome.published_at),
        client: outcome.client.as_deref(),
    })
}

#[cfg(test)]
mod tests {
    use cuecard_protocol::{AgentId, CardId, InteractionId, Millis};

    use super::*;
    use crate::backbone::publications::Kind;

    #[test]
    fn the_body_is_what_receivers_were_promised() {
        let outcome = Outcome {
            n: 7,
            card_id: CardId::parse("c1").unwrap(),
            kind: Kind::Suggestion,
            outcome: "dismissed".to_owned(),
            at: Millis(1_795_164_610_765),
            agent_id: AgentId::parse("AGT-1").unwrap(),
            interaction_id: InteractionId::parse("INT-1").unwrap(),
            reason: Some("not now".to_owned()),
            snippet_id: None,
            published_at: Millis(1_795_164_600_000),
            client: Some("model".to_owned()),
        };
        assert_eq!(
            String::from_utf8(body(&outcome).unwrap()).unwrap(),
            "{\"event\":\"dismissed\",\"card_id\":\"c1\",\"kind\":\"suggestion\",\"interaction_id\":\"INT-1\",\
             \"agent_id\":\"AGT-1\",\"at\":\"2026-11-20T08:50:10.765Z\",\"reason\":\"not now\",\"snippet_id\":null,\
             \"published_at\":\"2026-11-20T08:50:00.000Z\",\"client\":\"model\"}"
        );
    }
}
