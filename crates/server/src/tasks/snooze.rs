//! Task cards that an agent has put off come back when their time has come, as new entries of the agent's log.
//!
//! The store makes the job in the transaction in which the card leaves.

use metrics::counter;

use crate::App;
use crate::audit::Event;
use crate::backbone::jobs::{Job, SNOOZE_QUEUE, Settlement, Snoozed};
use crate::work::{self, retry};

/// Most cards that come back at once.
const AT_ONCE: usize = 8;

/// Brings cards back until the drain begins.
pub(super) async fn run(app: App) {
    work::run(&app, SNOOZE_QUEUE, AT_ONCE, |job| bring_back(&app, job)).await;
}

async fn bring_back(app: &App, job: Job) -> Settlement {
    let Snoozed { agent, mut card } = match serde_json::from_value(job.payload.clone()) {
        Ok(snoozed) => snoozed,
        Err(error) => {
            return Settlement::Dead {
                reason: format!("the job cannot be read: {error}"),
            };
        }
    };
    let now = app.clock.now();
    card.received_at = now;
    if let Err(error) = app.backbone.append(&agent, card.clone()).await {
        tracing::error!(%error, job = job.id, "a task card cannot come back yet");
        let reason = "the store failed".to_owned();
        return retry::again(&job, None, reason, now, app.clock.draw(), retry::CAP);
    }
    counter!("cuecard_tasks_returned_total").increment(1);
    app.audit.record(Event {
        event: "task_returned",
        actor: agent.to_string(),
        interaction: Some(card.interaction_id.to_string()),
        card: Some(card.id.to_string()),
        outcome: "ok",
        ..Event::default()
    });
    Settlement::Done
}

#[cfg(test)]
#[path = "snooze_tests.rs"]
mod tests;
