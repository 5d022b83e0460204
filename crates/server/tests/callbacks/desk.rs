//! A server with receivers, and an agent who decides.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, Millis,
};
use cuecard_server::Running;
use cuecard_server::backbone::Recorded;
use cuecard_server::backbone::jobs::Job;
use cuecard_server::clock::Clock;
use cuecard_server::config::Config;
use cuecard_server::lifecycle::start_with;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::receiver::{Receiver, SECRET};

/// 2026-11-20T08:50:10.765Z.
pub const START: Millis = Millis(1_795_164_610_765);

/// No wait of these tests is longer.
const DEADLINE: Duration = Duration::from_mins(1);

/// Waits until it is so.
pub async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waited = timeout(DEADLINE, async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_| panic!("still waiting for {what}"));
}

/// The settings of a server on these files with these receivers: name, URL and more lines. Each has as much time to answer
/// as can be set, so that on a machine that stalls nothing is told twice.
pub fn settings(dir: &Path, receivers: &[(&str, &str, &str)]) -> Config {
    let path = dir.display();
    let receivers: Vec<String> = receivers
        .iter()
        .map(|(name, url, more)| {
            format!(
                "[[callbacks.receivers]]\nname = '{name}'\nurl = '{url}'\nsecret = '{SECRET}'\n\
                 timeout_seconds = 50\n{more}\n"
            )
        })
        .collect();
    let toml = format!(
        "[server]\nlisten = '127.0.0.1:0'\ndev_mode = true\ndrain_seconds = 1\n\
         [storage]\npath = '{path}/cuecard.db'\n[audit]\npath = '{path}/audit.jsonl'\n{}",
        receivers.concat()
    );
    Config::from_toml(&toml).unwrap()
}

pub fn agent() -> AgentId {
    AgentId::parse("AGT-1").unwrap()
}

pub fn card(id: &str) -> Card {
    Card {
        id: CardId::parse(id).unwrap(),
        interaction_id: InteractionId::parse(format!("INT-{id}")).unwrap(),
        published_at: START,
        received_at: START,
        expires_at: START.plus(Millis::from_secs(600)),
        body: CardBody::Alert(Alert {
            level: AlertLevel::High,
            title: "t".to_owned(),
            score: None,
            html: "<p>h</p>".to_owned(),
        }),
    }
}

pub fn action(card: &str, kind: ActionKind, reason: Option<&str>) -> Action {
    Action {
        id: ActionId::parse(format!("a-{card}")).unwrap(),
        card_id: CardId::parse(card).unwrap(),
        kind,
        at: START,
        reason: reason.map(str::to_owned),
        snippet_id: None,
        until: None,
    }
}

pub struct Desk {
    dir: TempDir,
    pub clock: Clock,
    pub running: Running,
}

impl Desk {
    pub async fn start(receivers: &[(&str, &Receiver, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let receivers: Vec<_> = receivers
            .iter()
            .map(|(name, receiver, more)| (*name, receiver.url.as_str(), *more))
            .collect();
        let clock = Clock::manual(START);
        let config = settings(dir.path(), &receivers);
        let running = start_with(config, clock.clone()).await.unwrap();
        Self {
            dir,
            clock,
            running,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub async fn show(&self, id: &str) {
        let backbone = &self.running.app.backbone;
        backbone.append(&agent(), card(id)).await.unwrap();
    }

    pub async fn decide(&self, id: &str, word: &str, reason: Option<&str>) {
        self.show(id).await;
        let kind = serde_json::from_value(word.into()).unwrap();
        let action = action(id, kind, reason);
        let recorded = self.running.app.backbone.record(&agent(), &action).await;
        assert!(matches!(recorded, Ok(Recorded::New { .. })), "{recorded:?}");
    }

    pub async fn jobs(&self, queue: &str) -> Vec<Job> {
        let backbone = &self.running.app.backbone;
        backbone.jobs(Some(queue), None, usize::MAX).await.unwrap()
    }

    pub async fn until_no_jobs(&self) {
        let backbone = &self.running.app.backbone;
        let none = async || backbone.jobs(None, None, 1).await.unwrap().is_empty();
        eventually("the queues to be empty", none).await;
    }

    /// Lines of the audit trail about this event, at least one.
    pub async fn audited(&self, event: &str) -> Vec<Value> {
        let lines = async || {
            self.running.app.audit.flush().await;
            let trail = std::fs::read_to_string(self.path("audit.jsonl")).unwrap();
            let lines = trail
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines
                .filter(|line| line["event"] == event)
                .collect::<Vec<_>>()
        };
        eventually(event, async || !lines().await.is_empty()).await;
        lines().await
    }

    pub async fn stop(self) {
        self.running.shutdown().await;
    }
}
