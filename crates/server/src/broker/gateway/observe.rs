//! What a socket leaves in metrics and in the audit trail.

use cuecard_protocol::{Action, ActionKind, AgentId, Card, Resume, ServerMessage};
use metrics::{counter, gauge, histogram};
use serde_json::Map;

use crate::app::App;
use crate::audit::Event;
use crate::backbone::Recorded;

/// The witness of one socket.
#[derive(Clone)]
pub struct Observer {
    /// The server.
    pub app: App,
    /// Whose socket it is.
    pub agent: AgentId,
}

/// Counts a socket for as long as it lives.
pub struct Counted;

impl Counted {
    /// One more.
    pub fn new() -> Self {
        gauge!("cuecard_connections").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("cuecard_connections").decrement(1.0);
    }
}

impl Observer {
    /// A message was handed to the socket.
    pub fn sent(&self, message: &ServerMessage) {
        match message {
            ServerMessage::Welcome { resume, .. } => {
                let outcome = match resume {
                    Resume::Resumed => "resumed",
                    Resume::Gap => "gap",
                };
                counter!("cuecard_resumes_total", "outcome" => outcome).increment(1);
            }
            ServerMessage::Card { card, .. } => self.card("delivered", card, "ok"),
            ServerMessage::Snapshot { cards, .. } => {
                for live in cards {
                    self.card("delivered", &live.card, "snapshot");
                }
            }
            ServerMessage::Removed { .. }
            | ServerMessage::Ack { .. }
            | ServerMessage::Pong
            | ServerMessage::Bye { .. } => {}
        }
    }

    /// Something of the browser was ignored, or ended its socket.
    pub fn refused(&self, reason: &'static str) {
        counter!("cuecard_refused_total", "reason" => reason).increment(1);
        if reason == "slow_consumer" {
            counter!("cuecard_slow_consumers_total").increment(1);
        }
        self.app.audit.record(Event {
            event: "refused",
            actor: self.agent.to_string(),
            outcome: reason,
            ..Event::default()
        });
    }

    /// The store has taken an action, or will not.
    pub fn recorded(&self, action: &Action, recorded: &Recorded) {
        let kind = action.kind.as_str();
        let result = match recorded {
            Recorded::New { card, .. } => {
                self.card(kind, card, "ok");
                self.app.reports.nudge();
                if action.kind == ActionKind::Rendered {
                    let latency = action.at.since(card.published_at);
                    histogram!("cuecard_card_latency_seconds", "stage" => "rendered")
                        .record(std::time::Duration::from_millis(latency.0).as_secs_f64());
                }
                "new"
            }
            Recorded::Repeat => "repeat",
            Recorded::Refused(_) => {
                let mut detail = Map::new();
                detail.insert("kind".to_owned(), kind.into());
                self.app.audit.record(Event {
                    event: "refused",
                    actor: self.agent.to_string(),
                    card: Some(action.card_id.to_string()),
                    outcome: "action_refused",
                    detail,
                    ..Event::default()
                });
                "refused"
            }
        };
        counter!("cuecard_actions_total", "kind" => kind, "result" => result).increment(1);
    }

    fn card(&self, event: &'static str, card: &Card, outcome: &'static str) {
        let mut detail = Map::new();
        detail.insert("kind".to_owned(), card.kind().into());
        self.app.audit.record(Event {
            event,
            actor: self.agent.to_string(),
            interaction: Some(card.interaction_id.to_string()),
            card: Some(card.id.to_string()),
            outcome,
            detail,
        });
    }
}
