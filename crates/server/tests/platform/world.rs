//! A simulated platform and a server on it. A test is present in an agent's place, and reads the agent's log.

use std::time::Duration;

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Card, CardId, Entry, InteractionId, Millis, Seq,
};
use cuecard_server::{
    Running,
    backbone::{
        Reading, Recorded,
        publications::{Kind, Publication},
    },
    config::Config,
    timestamp,
};
use cuecard_simulator::{Options, Scenario, SeenEntry, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// No wait of these tests is longer.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) struct World {
    pub(crate) simulator: Simulator,
    directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let options = Options {
            scenario: Scenario::none(),
            ..Options::default()
        };
        Self {
            simulator: Simulator::spawn(options).await.unwrap(),
            directory: TempDir::new().unwrap(),
        }
    }

    /// Starts a server on this world's files, polling the risk API every 200 ms. An answer may take long: that this machine
    /// stalls is no failure of the source.
    pub(crate) async fn server(&self, risk: bool) -> Running {
        cuecard_server::start(self.config(risk)).await.unwrap()
    }

    pub(crate) fn config(&self, risk: bool) -> Config {
        let (http, ws) = (self.simulator.base_url(), self.simulator.ws_url());
        let file = |name: &str| self.directory.path().join(name).display().to_string();
        let risk = if risk {
            format!(
                "[risk]\npoll_seconds = 0.2\ntimeout_seconds = 60\nsources = [{{ name = 'main', url = '{http}/v1/score' }}]\n"
            )
        } else {
            String::new()
        };
        let config = format!(
            "[server]\nlisten = '127.0.0.1:0'\ndev_mode = true\n\
             [storage]\npath = '{}'\n[audit]\npath = '{}'\n\
             [platform]\ntoken_url = '{http}/oauth/token'\nalerts_url = '{ws}/api/v2/agentassist/realtime/ws'\n\
             suggestions_url = '{ws}/ws/v1'\n\
             notifications_url = '{ws}/agent-assist-notifications/notifications/ws'\n\
             client_id = 'cid'\nclient_secret = 'csecret'\n{risk}",
            file("cuecard.db"),
            file("audit.jsonl"),
        );
        Config::from_toml(&config).unwrap()
    }

    pub(crate) fn set_risk(&self, interaction: &str, score: f64) {
        self.simulator.set_raw_risk(vec![risk(interaction, score)]);
    }

    /// The audit trail as `[event, card, outcome]`.
    pub(crate) async fn audited(&self, server: &Running) -> Vec<[String; 3]> {
        server.app.audit.flush().await;
        let trail = std::fs::read_to_string(self.directory.path().join("audit.jsonl")).unwrap();
        let part = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        trail
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|line| ["event", "card", "outcome"].map(|name| part(&line, name)))
            .collect()
    }

    /// How often the simulator has seen such a report.
    pub(crate) fn reports(&self, command: &str, card: &str) -> usize {
        self.simulator
            .seen(0, None)
            .iter()
            .filter(|entry| is_report(entry, command, card))
            .count()
    }

    pub(crate) async fn await_report(&self, command: &str, card: &str) {
        let seen = self
            .simulator
            .await_seen(0, DEADLINE, |entry| is_report(entry, command, card))
            .await;
        assert!(seen.is_some(), "{command} of {card} was not reported");
    }

    pub(crate) async fn await_socket(&self, after: u64, name: &str, event: &str) {
        let seen = self
            .simulator
            .await_seen(after, DEADLINE, |entry| {
                entry.route == name && entry.text("event") == Some(event)
            })
            .await;
        assert!(seen.is_some(), "the {name} socket was not {event}");
    }

    /// How often a socket has done this since.
    pub(crate) fn sockets(&self, after: u64, name: &str, event: &str) -> usize {
        let seen = self.simulator.seen(after, None).into_iter();
        seen.filter(|entry| entry.route == name && entry.text("event") == Some(event))
            .count()
    }

    pub(crate) fn newest(&self) -> u64 {
        self.simulator
            .seen(0, None)
            .last()
            .map_or(0, |entry| entry.n)
    }
}

pub(crate) fn is_report(entry: &SeenEntry, command: &str, card: &str) -> bool {
    let frame = &entry.details.get("frame").cloned().unwrap_or_default();
    entry.route == "notifications"
        && frame["command"] == command
        && frame["body"]["objectId"] == card
}

pub(crate) fn risk(interaction: &str, score: f64) -> Value {
    json!({"interactionId": interaction, "agentId": "AGT-1", "riskScore": score, "factors": ["threat language", "<b>loud</b>"]})
}

pub(crate) fn agent() -> AgentId {
    AgentId::parse("AGT-1").unwrap()
}

/// The frame of an alert made now.
pub(crate) fn frame(id: &str) -> Value {
    json!({
        "contentId": id, "title": "HIGH Risk Alert Detected", "content": "<p onclick='x()'>Risk Score: 90.0%</p>", "type": "html",
        "metadata": {"interactionId": format!("INT-{id}"), "agentId": "AGT-1", "riskLevel": "HIGH", "timestamp": "now"},
    })
}

/// A suggestion for the agent, made now.
pub(crate) fn suggestion(id: &str, now: Millis) -> Publication {
    let interaction = InteractionId::parse(format!("INT-{id}")).unwrap();
    let expires_at = now.plus(Millis::from_secs(300));
    let window = json!({"start": timestamp::write(now), "end": timestamp::write(expires_at)});
    Publication {
        id: CardId::parse(id).unwrap(),
        client: "model".to_owned(),
        kind: Kind::Suggestion,
        agent: agent(),
        frame: json!({
            "type": "agentassist.suggest", "interactionId": interaction,
            "suggestion": {
                "id": id, "content": "Offer it", "priority": "HIGH", "relevanceScore": 0.9,
                "contextWindow": window, "injectedAt": window["start"],
            },
        }),
        interaction,
        relevance: Some(0.9),
        starts_at: now,
        published_at: now,
        expires_at,
        supersedes: None,
        revision: None,
    }
}

pub(crate) fn action(id: &str, card: &CardId, kind: ActionKind, at: Millis) -> Action {
    Action {
        id: ActionId::parse(id).unwrap(),
        card_id: card.clone(),
        kind,
        at,
        reason: Some("seen".into()),
        snippet_id: None,
        until: None,
    }
}

/// Waits until the agent's log has so many cards, and returns them.
pub(crate) async fn cards(server: &Running, count: usize) -> Vec<Card> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reading = server
            .app
            .backbone
            .read(&agent(), Seq::ZERO, 1000)
            .await
            .unwrap();
        let Reading::Entries(entries) = reading else {
            panic!("{reading:?}")
        };
        let cards: Vec<_> = entries
            .into_iter()
            .filter_map(|(_, entry)| match entry {
                Entry::Card(card) => Some(card),
                Entry::Removed { .. } => None,
            })
            .collect();
        if cards.len() >= count {
            assert_eq!(cards.len(), count, "{cards:#?}");
            return cards;
        }
        assert!(
            Instant::now() < deadline,
            "{} of {count} cards came: {cards:#?}",
            cards.len()
        );
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until the platform has confirmed every action.
pub(crate) async fn all_reported(server: &Running) {
    let deadline = Instant::now() + DEADLINE;
    while !server.app.backbone.unreported(1).await.unwrap().is_empty() {
        assert!(Instant::now() < deadline, "some actions were not confirmed");
        sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn dismiss(server: &Running, id: &str, card: &CardId) {
    let dismissed = action(id, card, ActionKind::Dismissed, server.app.clock.now());
    let recorded = server
        .app
        .backbone
        .record(&agent(), &dismissed)
        .await
        .unwrap();
    assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
    server.app.reports.nudge();
}
