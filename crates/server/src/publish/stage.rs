//! A server without sockets, for tests.

use std::sync::Arc;

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, Millis,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    App, app::Shared, audit::Audit, backbone::embedded::Embedded, clock::Clock, config::Config,
    shutdown::Shutdown, telemetry::Metrics,
};

/// The time at which tests begin: 2026-11-20T08:50:10.765Z.
pub(crate) const START: Millis = Millis(1_795_164_610_765);

pub(crate) struct Stage {
    pub(crate) app: App,
    directory: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let file = |name: &str| directory.path().join(name).display().to_string();
        let config = format!(
            "[server]\ndev_mode = true\n[storage]\npath = '{}'\n[audit]\npath = '{}'\n",
            file("cuecard.db"),
            file("audit.jsonl")
        );
        let config = Config::from_toml(&config).unwrap();
        let clock = Clock::manual(START);
        let app = App::new(Shared {
            backbone: Arc::new(Embedded::open(&config.storage.path, clock.clone()).unwrap()),
            audit: Audit::open(&config.audit.path, clock.clone()).unwrap(),
            clock,
            metrics: Metrics::install().unwrap(),
            shutdown: Shutdown::default(),
            presence: super::Presence::default(),
            reports: super::Reporter::default(),
            outgoing: super::Outgoing::default(),
            sources: super::Sources::default(),
            typing: crate::typing::Typing::new(config.typing.requests_per_second),
            config,
        });
        Self { app, directory }
    }

    /// The audit trail without time, number and hash: `[event, actor, interaction, card, outcome, detail]`.
    pub(crate) async fn audited(&self) -> Vec<Value> {
        self.app.audit.flush().await;
        let text = std::fs::read_to_string(self.directory.path().join("audit.jsonl")).unwrap();
        let part = |line: &Value, name: &str| line.get(name).cloned().unwrap_or(Value::Null);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .map(|line: Value| {
                ["event", "actor", "interaction", "card", "outcome", "detail"]
                    .map(|name| part(&line, name))
                    .to_vec()
                    .into()
            })
            .collect()
    }
}

pub(crate) fn agent() -> AgentId {
    AgentId::parse("AGT-1").unwrap()
}

pub(crate) fn card(id: &str) -> Card {
    Card {
        id: CardId::parse(id).unwrap(),
        interaction_id: InteractionId::parse(format!("INT-{id}")).unwrap(),
        published_at: START,
        received_at: START,
        expires_at: START.plus(Card::ALERT_LIFETIME),
        body: CardBody::Alert(Alert {
            level: AlertLevel::High,
            title: "t".to_owned(),
            score: None,
            html: "h".to_owned(),
        }),
    }
}

pub(super) fn action(id: &str, card: &str, kind: ActionKind) -> Action {
    Action {
        id: ActionId::parse(id).unwrap(),
        card_id: CardId::parse(card).unwrap(),
        kind,
        at: START,
        reason: None,
        snippet_id: None,
        until: None,
    }
}
