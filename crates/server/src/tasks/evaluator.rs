//! Does the steps of an evaluation, and keeps each answer before the next step begins. What a step is, is decided in
//! [`super::evaluation`]. Start at [`evaluate`].

use std::time::Duration;

use cuecard_cxone::tasks::TaskError;
use cuecard_cxone::wire::tasks::{NotificationRequest, TaskRequest};
use cuecard_protocol::Millis;
use serde_json::json;

use super::evaluation::{Evaluation, Step};
use super::observe::Witness;
use super::platform::Platform;
use super::rules::Unneeded;
use super::{REMEMBERED, evaluated};
use crate::App;
use crate::backbone::BackboneError;
use crate::backbone::jobs::{Job, Settlement};
use crate::work::{Ended, retry};

/// The wait after a 429 that asks for none (platform wire, section 6.3).
const RATE_LIMITED: Duration = Duration::from_secs(2);

/// After a 429 the queue stays closed up to so long beyond the wait, so that not all servers come back at once.
const SPREAD: Duration = Duration::from_secs(1);

/// One try to bring an evaluation to its end.
struct Attempt<'a, P> {
    app: &'a App,
    platform: &'a P,
    job: Job,
    evaluation: Evaluation,
}

/// Why a try ended early.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("{step}: {error}")]
    Platform {
        step: &'static str,
        error: TaskError,
    },
    #[error("the store failed")]
    Store(#[from] BackboneError),
    #[error("the lease was over, and the job is another's")]
    LeaseOver,
}

impl Stop {
    /// The platform did not do its part of this step.
    const fn at(step: &'static str) -> impl FnOnce(TaskError) -> Self {
        move |error| Self::Platform { step, error }
    }
}

/// Takes an evaluation as far as it comes.
pub(super) async fn evaluate(app: &App, platform: &impl Platform, job: Job) -> Ended {
    let evaluation = match serde_json::from_value(job.payload.clone()) {
        Ok(evaluation) => evaluation,
        Err(error) => {
            let reason = format!("the job cannot be read: {error}");
            return Settlement::Dead { reason }.into();
        }
    };
    let mut attempt = Attempt {
        app,
        platform,
        job,
        evaluation,
    };
    match attempt.run().await {
        Ok(()) => Settlement::Done.into(),
        Err(stop) => {
            let settlement = attempt.settle(&stop);
            let closed_until = attempt.closed_until(&stop, &settlement);
            Ended {
                settlement,
                closed_until,
            }
        }
    }
}

impl<P: Platform> Attempt<'_, P> {
    async fn run(&mut self) -> Result<(), Stop> {
        let app = self.app;
        let mark = evaluated(&self.evaluation.interaction_id);
        // The event was delivered once more while the evaluation ended.
        if app.backbone.is_spent(&mark, app.clock.now()).await? {
            return Ok(());
        }
        loop {
            match self.evaluation.next(&app.config.tasks) {
                Step::ReadForm(interaction) => {
                    if let Err(unneeded) = self.read(&interaction).await? {
                        self.witness().unneeded(unneeded);
                        break;
                    }
                }
                Step::CreateTask(task) => self.create(&task).await?,
                Step::Notify(notification) => self.notify(&notification).await?,
                Step::Show => self.show().await?,
                Step::Finish => break,
            }
        }
        let now = app.clock.now();
        app.backbone.once(&mark, now, now.plus(REMEMBERED)).await?;
        Ok(())
    }

    async fn read(&mut self, interaction: &str) -> Result<Result<(), Unneeded>, Stop> {
        let form = self.platform.form(interaction).await;
        let form = form.map_err(Stop::at("read_form"))?;
        let (settings, now) = (&self.app.config.tasks, self.app.clock.now());
        if let Err(unneeded) = self.evaluation.read(form.as_ref(), settings, now) {
            return Ok(Err(unneeded));
        }
        self.keep().await.map(Ok)
    }

    async fn create(&mut self, task: &TaskRequest) -> Result<(), Stop> {
        let key = format!("{}-task", self.job.delivery);
        let id = self.platform.create(task, &key).await;
        let id = id.map_err(Stop::at("create_task"))?;
        self.evaluation.created(id.as_deref());
        self.keep().await?;
        self.witness().created();
        Ok(())
    }

    async fn notify(&mut self, notification: &NotificationRequest) -> Result<(), Stop> {
        let key = format!("{}-notification", self.job.delivery);
        let told = self.platform.notify(notification, &key).await;
        if told.is_err() && !self.evaluation.is_shown {
            // The card need not wait for the platform's desktop.
            self.show().await?;
        }
        told.map_err(Stop::at("notify"))?;
        self.evaluation.is_notified = true;
        self.keep().await?;
        self.witness().notified();
        Ok(())
    }

    async fn show(&mut self) -> Result<(), Stop> {
        let card = self.evaluation.card(self.app.clock.now());
        if let Ok(Some((agent, card))) = &card {
            self.app.backbone.append(agent, card.clone()).await?;
        }
        self.evaluation.is_shown = true;
        self.keep().await?;
        self.witness().shown(card);
        Ok(())
    }

    /// Keeps how far the evaluation has come.
    async fn keep(&self) -> Result<(), Stop> {
        let (id, attempts) = (self.job.id, self.job.attempts);
        let payload = json!(self.evaluation);
        if self.app.backbone.keep(id, attempts, payload).await? {
            Ok(())
        } else {
            Err(Stop::LeaseOver)
        }
    }

    fn settle(&self, stop: &Stop) -> Settlement {
        let (now, draw) = (self.app.clock.now(), self.app.clock.draw());
        let (reason, cap) = (stop.to_string(), self.app.config.tasks.longest_wait);
        let (failing, settlement) = match stop {
            Stop::Platform { step, error } if error.is_retryable() => {
                let asked = error.retry_after();
                let asked = asked.or_else(|| error.is_rate_limit().then_some(RATE_LIMITED));
                (
                    *step,
                    retry::again(&self.job, asked, reason, now, draw, cap),
                )
            }
            Stop::Platform { step, .. } => (*step, Settlement::Dead { reason }),
            Stop::Store(error) => {
                tracing::error!(%error, job = self.job.id, "an evaluation is interrupted");
                (
                    "keep",
                    retry::again(&self.job, None, reason, now, draw, cap),
                )
            }
            // Not taken: whoever has the job settles it.
            Stop::LeaseOver => ("keep", Settlement::Retry { at: now, reason }),
        };
        self.witness().failed(failing, &settlement);
        settlement
    }

    /// A 429 is about all calls of this client, not about one job.
    fn closed_until(&self, stop: &Stop, settlement: &Settlement) -> Option<Millis> {
        match (stop, settlement) {
            (Stop::Platform { error, .. }, Settlement::Retry { at, .. })
                if error.is_rate_limit() =>
            {
                let spread = SPREAD.mul_f64(self.app.clock.draw()).as_millis();
                Some(at.plus(Millis(u64::try_from(spread).unwrap_or(u64::MAX))))
            }
            _ => None,
        }
    }

    fn witness(&self) -> Witness<'_> {
        Witness {
            app: self.app,
            job: &self.job,
            evaluation: &self.evaluation,
        }
    }
}

#[cfg(test)]
#[path = "evaluator_tests.rs"]
mod tests;
