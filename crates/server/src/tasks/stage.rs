//! A platform for evaluations without sockets, and the worker's moves one by one: for tests.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

use cuecard_cxone::tasks::TaskError;
use cuecard_cxone::wire::tasks::{Form, InteractionCompleted, NotificationRequest, TaskRequest};
use cuecard_protocol::{AgentId, Entry, Seq};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::yield_now;

use super::QUEUE;
use super::evaluation::Evaluation;
use super::evaluator::evaluate;
use super::platform::Platform;
use crate::backbone::Reading;
use crate::backbone::jobs::{Job, Settlement, delivery};
use crate::publish::stage::Stage;
use crate::work::LEASE;

/// A platform that heeds idempotency keys, if it is not told otherwise.
#[derive(Default)]
pub struct Fake {
    score: Value,
    ignores_keys: bool,
    /// By key: the id, and the body.
    made: Mutex<BTreeMap<String, (String, Value)>>,
    calls: Mutex<Vec<&'static str>>,
    /// What the next call of this name answers, instead of doing anything.
    failures: Mutex<VecDeque<(&'static str, TaskError)>>,
    /// The call whose answer does not come.
    unanswered: Mutex<Option<&'static str>>,
    /// Told once such a call has done what it does.
    is_unanswered: Notify,
}

impl Fake {
    pub fn new(score: impl Into<Value>) -> Self {
        Self {
            score: score.into(),
            ..Self::default()
        }
    }

    /// One that does again whatever it is asked again.
    pub fn without_keys(score: impl Into<Value>) -> Self {
        Self {
            ignores_keys: true,
            ..Self::new(score)
        }
    }

    pub fn fail(&self, call: &'static str, error: TaskError) {
        self.failures.lock().unwrap().push_back((call, error));
    }

    /// Begins an attempt, and stops it once the next call of this name was carried out, but not answered.
    pub async fn stop_before_answer(&self, call: &'static str, stage: &Stage) {
        *self.unanswered.lock().unwrap() = Some(call);
        tokio::select! {
            settlement = attempt(stage, self) => panic!("{call} was answered: {settlement:?}"),
            () = self.is_unanswered.notified() => {}
        }
    }

    fn begin(&self, call: &'static str) -> Result<(), TaskError> {
        self.calls.lock().unwrap().push(call);
        let mut failures = self.failures.lock().unwrap();
        match failures.pop_front_if(|(failing, _)| *failing == call) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Pauses before and after the deed: whoever is stopped at the second has done it and does not know.
    async fn make(&self, call: &'static str, key: &str, body: Value) -> Result<String, TaskError> {
        yield_now().await;
        self.begin(call)?;
        let id = {
            let mut made = self.made.lock().unwrap();
            let id = format!("{call}-{}", made.len() + 1);
            let key = if self.ignores_keys { &id } else { key };
            let (id, first) = made
                .entry(key.to_owned())
                .or_insert((id.clone(), body.clone()));
            assert_eq!(*first, body, "the same key asks for the same");
            id.clone()
        };
        self.answer(call).await;
        Ok(id)
    }

    async fn answer(&self, call: &'static str) {
        let unanswered = self.unanswered.lock().unwrap().take_if(|it| *it == call);
        if unanswered.is_some() {
            self.is_unanswered.notify_one();
            pending::<()>().await;
        }
        yield_now().await;
    }

    pub fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    /// How many tasks and how many notifications there are.
    pub fn made(&self) -> (usize, usize) {
        let made = self.made.lock().unwrap();
        let of = |call: &str| made.values().filter(|(id, _)| id.starts_with(call)).count();
        (of("create"), of("notify"))
    }
}

impl Platform for Fake {
    async fn form(&self, _: &str) -> Result<Option<Form>, TaskError> {
        yield_now().await;
        self.begin("form")?;
        self.answer("form").await;
        let fields = json!([{"fieldName": "overall_satisfaction", "value": self.score}]);
        Ok(serde_json::from_value(json!({"responses": fields})).unwrap())
    }

    async fn create(&self, task: &TaskRequest, key: &str) -> Result<Option<String>, TaskError> {
        self.make("create", key, json!(task)).await.map(Some)
    }

    async fn notify(&self, notification: &NotificationRequest, key: &str) -> Result<(), TaskError> {
        self.make("notify", key, json!(notification))
            .await
            .map(drop)
    }
}

/// Polls a future at most so often, and then drops it; what it came to, and how often it was polled.
pub async fn polled<F: Future>(most: usize, future: F) -> (Option<F::Output>, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let ended = poll_fn(|context| {
        if polls == most {
            return Poll::Ready(None);
        }
        polls += 1;
        future.as_mut().poll(context).map(Some)
    })
    .await;
    (ended, polls)
}

pub async fn enqueue(stage: &Stage, interaction: &str) -> bool {
    let payload = json!(Evaluation::begin(InteractionCompleted {
        interaction_id: interaction.to_owned(),
        agent_id: "AGT-1".to_owned(),
    }));
    let delivery = delivery(&[QUEUE, interaction]);
    let backbone = &stage.app.backbone;
    backbone.enqueue(QUEUE, &delivery, payload).await.unwrap()
}

pub async fn lease(stage: &Stage) -> Option<Job> {
    let (backbone, now) = (&stage.app.backbone, stage.app.clock.now());
    let mut jobs = backbone.lease(QUEUE, 1, now.plus(LEASE)).await.unwrap();
    jobs.pop()
}

/// One attempt at the job that is due, and how it was settled.
pub async fn attempt(stage: &Stage, fake: &Fake) -> Option<Settlement> {
    let job = lease(stage).await?;
    let (id, attempts) = (job.id, job.attempts);
    let settlement = evaluate(&stage.app, fake, job).await.settlement;
    let settled = stage
        .app
        .backbone
        .settle(id, attempts, settlement.clone())
        .await;
    assert!(settled.unwrap(), "the job was ours");
    Some(settlement)
}

/// The cards in the agent's log.
pub async fn cards(stage: &Stage) -> Vec<String> {
    let agent = AgentId::parse("AGT-1").unwrap();
    let reading = stage
        .app
        .backbone
        .read(&agent, Seq::ZERO, 10_000)
        .await
        .unwrap();
    let Reading::Entries(entries) = reading else {
        panic!("expected entries, got {reading:?}")
    };
    let card = |(_, entry)| match entry {
        Entry::Card(card) => Some(card.id.to_string()),
        Entry::Removed { .. } => None,
    };
    entries.into_iter().filter_map(card).collect()
}
