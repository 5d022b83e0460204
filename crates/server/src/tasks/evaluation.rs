//! How far the evaluation of one finished interaction has come, and what is to be done next. It is the payload of a job,
//! kept after every step. Pure; start at [`Evaluation::next`].

use cuecard_cxone::wire::tasks::{
    CustomField, Form, InteractionCompleted, NotificationRequest, TaskPriority as WirePriority,
    TaskRequest,
};
use cuecard_protocol::{
    AgentId, Card, CardBody, CardId, InteractionId, Millis, Task, TaskPriority,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::rules::{self, Plan, Unneeded};
use crate::config::tasks::Tasks;
use crate::timestamp;

/// Longest id of a task that is kept, in characters; the platform's are far shorter.
const LONGEST_TASK_ID: usize = 128;

/// An interaction that is over, and what came of it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The interaction.
    pub interaction_id: String,
    /// Its agent.
    pub agent_id: String,
    /// The task that shall be made, once the form is read.
    #[serde(default)]
    pub plan: Option<Plan>,
    /// The task is made.
    #[serde(default)]
    pub is_made: bool,
    /// The task's id, if the platform has said it.
    #[serde(default)]
    pub task_id: Option<String>,
    /// The platform has told the agent.
    #[serde(default)]
    pub is_notified: bool,
    /// The task's card is in the agent's log.
    #[serde(default)]
    pub is_shown: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Read the form of this interaction.
    ReadForm(String),
    /// Have this task made.
    CreateTask(TaskRequest),
    /// Have the agent told.
    Notify(NotificationRequest),
    /// Put the task's card into the agent's log.
    Show,
    /// Nothing; all is done.
    Finish,
}

/// Why there is no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task cannot be shown: {0}")]
pub struct Unshowable(#[from] cuecard_protocol::InvalidId);

impl Evaluation {
    /// The evaluation that an event sets off.
    pub fn begin(event: InteractionCompleted) -> Self {
        Self {
            interaction_id: event.interaction_id,
            agent_id: event.agent_id,
            plan: None,
            is_made: false,
            task_id: None,
            is_notified: false,
            is_shown: false,
        }
    }

    /// What is to be done next. The same request, word for word, until it is answered.
    pub fn next(&self, settings: &Tasks) -> Step {
        let interaction = &self.interaction_id;
        match &self.plan {
            None => Step::ReadForm(interaction.clone()),
            Some(plan) if !self.is_made => Step::CreateTask(TaskRequest {
                subject: subject(interaction),
                description: format!(
                    "Post-interaction satisfaction score: {}. Requires agent review.",
                    plan.score
                ),
                due_date: timestamp::write(plan.due_at),
                priority: on_the_wire(plan.priority),
                assignee_id: self.agent_id.clone(),
                custom_fields: vec![CustomField {
                    id: settings.custom_field_id.clone(),
                    value: interaction.clone(),
                }],
            }),
            Some(_) if !self.is_notified => Step::Notify(NotificationRequest {
                agent_id: self.agent_id.clone(),
                message: match &self.task_id {
                    Some(task) => format!(
                        "New Assist Task assigned: {task}. Review interaction {interaction}."
                    ),
                    None => format!("New Assist Task assigned. Review interaction {interaction}."),
                },
                kind: "desktop".to_owned(),
                priority: "high".to_owned(),
            }),
            Some(_) if !self.is_shown => Step::Show,
            Some(_) => Step::Finish,
        }
    }

    /// The form was read.
    pub fn read(
        &mut self,
        form: Option<&Form>,
        settings: &Tasks,
        now: Millis,
    ) -> Result<Plan, Unneeded> {
        let plan = rules::decide(form, settings, now)?;
        self.plan = Some(plan);
        Ok(plan)
    }

    /// The task was made; its id, if that is known.
    pub fn created(&mut self, task: Option<&str>) {
        self.is_made = true;
        self.task_id = task.map(|id| id.chars().take(LONGEST_TASK_ID).collect());
    }

    /// Whose log the task's card goes to, and the card; none before the task is made.
    pub fn card(&self, now: Millis) -> Result<Option<(AgentId, Card)>, Unshowable> {
        let Some(plan) = self.plan.as_ref().filter(|_| self.is_made) else {
            return Ok(None);
        };
        let agent = AgentId::parse(self.agent_id.as_str())?;
        let interaction_id = shown(&self.interaction_id)?;
        let card = Card {
            id: card_id(&self.interaction_id)?,
            published_at: plan.decided_at,
            received_at: now,
            expires_at: plan.due_at.plus(Card::TASK_OVERDUE),
            body: CardBody::Task(Task {
                task_id: self.task_id.clone(),
                true_interaction_id: (interaction_id.as_str() != self.interaction_id)
                    .then(|| self.interaction_id.clone()),
                subject: subject(&self.interaction_id),
                priority: plan.priority,
                due_at: plan.due_at,
                score: Some(plan.score),
            }),
            interaction_id,
        };
        Ok(Some((agent, card)))
    }
}

/// Platform wire, section 6.2.
fn subject(interaction: &str) -> String {
    format!("Agent Assist: Follow-up required for interaction {interaction}")
}

const fn on_the_wire(priority: TaskPriority) -> WirePriority {
    match priority {
        TaskPriority::Low => WirePriority::Low,
        TaskPriority::Normal => WirePriority::Normal,
        TaskPriority::Medium => WirePriority::Medium,
        TaskPriority::High => WirePriority::High,
        TaskPriority::Critical => WirePriority::Critical,
    }
}

/// The one card of an interaction's task: `task-` and the interaction's id, or its SHA-256 where that is no card id.
fn card_id(interaction: &str) -> Result<CardId, cuecard_protocol::InvalidId> {
    CardId::parse(format!("task-{interaction}"))
        .or_else(|_| CardId::parse(format!("task-{}", hex::encode(Sha256::digest(interaction)))))
}

/// The interaction as a card can name it: what no interaction id may hold becomes `_`, and what is too long is cut.
fn shown(interaction: &str) -> Result<InteractionId, cuecard_protocol::InvalidId> {
    InteractionId::parse(interaction).or_else(|_| {
        let mut plain = interaction.replace(|c: char| c.is_control() || c.is_whitespace(), "_");
        plain.truncate(plain.floor_char_boundary(cuecard_protocol::ids::MAX_ID_BYTES));
        InteractionId::parse(plain)
    })
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
