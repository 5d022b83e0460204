//! What an evaluation leaves in metrics, log and audit trail: ids, kinds and numbers.

use cuecard_protocol::{AgentId, Card};
use metrics::{counter, describe_counter};
use serde_json::{Map, Value, json};

use super::evaluation::{Evaluation, Unshowable};
use super::rules::Unneeded;
use crate::App;
use crate::audit::Event;
use crate::backbone::jobs::{Job, Settlement};

/// Describes the metrics.
pub fn describe() {
    describe_counter!(
        "cuecard_webhooks_total",
        "Webhooks of the platform, by what became of them"
    );
    describe_counter!(
        "cuecard_tasks_total",
        "Steps of evaluations, by the task's priority and what became of them"
    );
    describe_counter!(
        "cuecard_tasks_returned_total",
        "Task cards that came back after an agent had put them off"
    );
}

/// The witness of one attempt.
pub(super) struct Witness<'a> {
    pub app: &'a App,
    pub job: &'a Job,
    pub evaluation: &'a Evaluation,
}

impl Witness<'_> {
    /// There is nothing to be made a task of.
    pub fn unneeded(&self, why: Unneeded) {
        self.count(why.as_str());
        self.record("task_unneeded", why.as_str(), None, Map::new());
    }

    /// The task is made, and that is kept.
    pub fn created(&self) {
        self.count("created");
        let plan = self.evaluation.plan.as_ref();
        let detail = Map::from_iter([
            ("task".to_owned(), json!(self.evaluation.task_id)),
            ("priority".to_owned(), json!(plan.map(|plan| plan.priority))),
            ("due_at".to_owned(), json!(plan.map(|plan| plan.due_at))),
        ]);
        self.record("task_created", "ok", None, detail);
    }

    /// The platform has told the agent, and that is kept.
    pub fn notified(&self) {
        self.count("notified");
        let detail = Map::from_iter([("task".to_owned(), json!(self.evaluation.task_id))]);
        self.record("task_notified", "ok", None, detail);
    }

    /// The card is in the agent's log, if there can be one.
    pub fn shown(&self, card: Result<Option<(AgentId, Card)>, Unshowable>) {
        match card {
            Ok(card) => {
                self.count("shown");
                let card = card.map(|(_, card)| card.id.to_string());
                self.record("task_shown", "ok", card, Map::new());
            }
            Err(error) => {
                self.count("unshowable");
                tracing::warn!(job = self.job.id, %error, "a task has no card");
                self.record("task_shown", "unshowable", None, Map::new());
            }
        }
    }

    /// An attempt failed in this step.
    pub fn failed(&self, step: &'static str, settlement: &Settlement) {
        let (job, attempts) = (self.job.id, self.job.attempts);
        match settlement {
            Settlement::Done => {}
            Settlement::Retry { reason, .. } => {
                self.count("retry");
                tracing::warn!(job, attempts, reason, "an evaluation will be tried again");
            }
            Settlement::Dead { reason } => {
                self.count("dead");
                tracing::error!(job, attempts, reason, "an evaluation is dead");
                let detail = Map::from_iter([("step".to_owned(), json!(step))]);
                self.record("task_dead", "dead", None, detail);
            }
        }
    }

    fn count(&self, outcome: &'static str) {
        let plan = self.evaluation.plan.as_ref();
        let priority = plan.map_or("none", |plan| plan.priority.as_str());
        counter!("cuecard_tasks_total", "priority" => priority, "outcome" => outcome).increment(1);
    }

    fn record(
        &self,
        event: &'static str,
        outcome: &'static str,
        card: Option<String>,
        mut detail: Map<String, Value>,
    ) {
        detail.insert("delivery".to_owned(), json!(self.job.delivery));
        detail.insert("attempts".to_owned(), json!(self.job.attempts));
        self.app.audit.record(Event {
            event,
            actor: self.evaluation.agent_id.clone(),
            interaction: Some(self.evaluation.interaction_id.clone()),
            card,
            outcome,
            detail,
        });
    }
}
