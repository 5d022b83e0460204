//! A simulated platform, and a server whose webhooks it sends.

use std::path::Path;
use std::time::Duration;

use cuecard_cxone::platform::HttpUrl;
use cuecard_cxone::wire::tasks::InteractionCompleted;
use cuecard_protocol::{AgentId, Card, Entry, Seq};
use cuecard_server::Running;
use cuecard_server::backbone::Reading;
use cuecard_server::backbone::jobs::Job;
use cuecard_server::clock::Clock;
use cuecard_server::config::Config;
use cuecard_server::lifecycle::start_with;
use cuecard_server::tasks::QUEUE;
use cuecard_simulator::{Options, Scenario, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// What webhooks are signed with.
pub const SECRET: &str = "hush-0123456789abcdef";

/// No wait of these tests is longer.
const DEADLINE: Duration = Duration::from_mins(2);

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

/// The settings of a server on these files, for the platform at these URLs.
pub fn settings(dir: &Path, http: &str, ws: &str, webhooks: &str) -> Config {
    let path = dir.display();
    let toml = format!(
        "[server]\nlisten = '127.0.0.1:0'\ndev_mode = true\ndrain_seconds = 1\n\
         [storage]\npath = '{path}/cuecard.db'\n[audit]\npath = '{path}/audit.jsonl'\n\
         [platform]\ntoken_url = '{http}/oauth/token'\nalerts_url = '{ws}/api/v2/agentassist/realtime/ws'\n\
         notifications_url = '{ws}/agent-assist-notifications/notifications/ws'\n\
         client_id = 'cid'\nclient_secret = 'csecret'\n{webhooks}"
    );
    Config::from_toml(&toml).unwrap()
}

/// A form with this score.
pub fn form(score: impl Into<Value>) -> Value {
    json!({"responses": [{"fieldName": "overall_satisfaction", "value": score.into()}]})
}

pub struct World {
    pub simulator: Simulator,
    dir: TempDir,
    pub running: Running,
}

impl World {
    pub async fn new() -> Self {
        Self::with(
            &format!("[webhooks]\nsecret = '{SECRET}'\n"),
            Clock::system(),
        )
        .await
    }

    pub async fn with(webhooks: &str, clock: Clock) -> Self {
        let options = Options {
            scenario: Scenario::none(),
            ..Options::default()
        };
        let simulator = Simulator::spawn(options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (http, ws) = (simulator.base_url(), simulator.ws_url());
        let config = settings(dir.path(), &http, &ws, webhooks);
        let running = start_with(config, clock).await.unwrap();
        Self {
            simulator,
            dir,
            running,
        }
    }

    /// Where the webhook goes.
    pub fn url(&self) -> String {
        format!(
            "http://{}/webhooks/interaction-completed",
            self.running.address
        )
    }

    /// Has the platform send the event until it was answered so often.
    pub fn complete(&self, interaction: &str, agent: &str, wanted: u32) {
        let event = InteractionCompleted {
            interaction_id: interaction.to_owned(),
            agent_id: agent.to_owned(),
        };
        let url = HttpUrl::parse(&self.url()).unwrap();
        self.simulator
            .send_webhook(url, Some(SECRET.into()), event, wanted)
            .unwrap();
    }

    /// Waits until all that was sent was received, and nothing is left to be done but what is dead.
    pub async fn until_done(&self) {
        let is_received = async || {
            let webhooks = self.simulator.webhooks();
            webhooks
                .iter()
                .all(|webhook| webhook.received == webhook.wanted)
        };
        eventually("the webhooks to be received", is_received).await;
        let is_done = async || {
            let depths = self.running.app.backbone.depths().await.unwrap();
            depths.iter().all(|depth| depth.open == 0)
        };
        eventually("the evaluations", is_done).await;
    }

    pub async fn jobs(&self) -> Vec<Job> {
        let backbone = &self.running.app.backbone;
        backbone.jobs(Some(QUEUE), None, usize::MAX).await.unwrap()
    }

    /// The cards in an agent's log.
    pub async fn cards(&self, agent: &str) -> Vec<Card> {
        let agent = AgentId::parse(agent).unwrap();
        let backbone = &self.running.app.backbone;
        let Reading::Entries(entries) = backbone.read(&agent, Seq::ZERO, 9_999).await.unwrap()
        else {
            panic!("expected entries")
        };
        let card = |(_, entry)| match entry {
            Entry::Card(card) => Some(card),
            Entry::Removed { .. } => None,
        };
        entries.into_iter().filter_map(card).collect()
    }

    /// The audit trail about this event as `[interaction, outcome]`.
    pub async fn audited(&self, event: &str) -> Vec<[String; 2]> {
        self.running.app.audit.flush().await;
        let trail = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap();
        let part = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        trail
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["event"] == event)
            .map(|line| ["interaction", "outcome"].map(|name| part(&line, name)))
            .collect()
    }
}
