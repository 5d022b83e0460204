//! The reporter over a real store, and a platform that answers as it is told.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use cuecard_protocol::Action;
use futures_util::future::join_all;
use serde_json::json;
use tokio::{sync::Semaphore, time::sleep};

use super::*;
use crate::publish::stage::{Stage, action, agent, card};

/// Takes reports; answers from `answers`, then always with success, each when there is a permit.
struct Fake {
    calls: Mutex<Vec<(OutcomeKind, String)>>,
    answers: Mutex<VecDeque<Result<(), ReportError>>>,
    permits: Semaphore,
}

impl Fake {
    fn new(answers: impl IntoIterator<Item = ReportError>) -> Self {
        Self {
            calls: Mutex::default(),
            answers: Mutex::new(answers.into_iter().map(Err).collect()),
            permits: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    fn calls(&self) -> Vec<(OutcomeKind, String)> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Platform for Fake {
    async fn report(&self, kind: OutcomeKind, report: OutcomeReport) -> Result<(), ReportError> {
        assert_eq!(
            (
                report.contact_id,
                report.agent_id.as_str(),
                report.at.as_str()
            ),
            (
                format!("INT-{}", report.object_id),
                "AGT-1",
                "2026-11-20T08:50:10.765Z"
            )
        );
        self.calls.lock().unwrap().push((kind, report.object_id));
        drop(self.permits.acquire().await.unwrap());
        self.permits.forget_permits(1);
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }
}

async fn record(stage: &Stage, actions: &[Action]) {
    for action in actions {
        stage.app.backbone.record(&agent(), action).await.unwrap();
    }
    stage.app.reports.nudge();
}

async fn with_cards(ids: &[&str]) -> Stage {
    let stage = Stage::new();
    for id in ids {
        stage.app.backbone.append(&agent(), card(id)).await.unwrap();
    }
    stage
}

/// Runs the reporter until the store has nothing left to report.
async fn run_until_done(stage: &Stage, fake: &Fake) {
    let done = async {
        while !stage.app.backbone.unreported(1).await.unwrap().is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let run = stage.app.reports.run(&stage.app, fake);
    tokio::time::timeout(Duration::from_hours(1), async {
        tokio::select! { () = done => {}, () = run => {} }
    })
    .await
    .expect("all is reported");
}

fn call(kind: OutcomeKind, card: &str) -> (OutcomeKind, String) {
    (kind, card.to_owned())
}

#[tokio::test]
async fn each_action_is_reported_once_in_order_and_then_settled() {
    let stage = with_cards(&["a", "b"]).await;
    let fake = Fake::new([]);
    record(
        &stage,
        &[
            action("1", "a", ActionKind::Rendered),
            action("2", "a", ActionKind::Dismissed),
            action("3", "b", ActionKind::Accepted),
        ],
    )
    .await;
    run_until_done(&stage, &fake).await;
    let expected = [
        call(OutcomeKind::Rendered, "a"),
        call(OutcomeKind::Dismissed, "a"),
        call(OutcomeKind::Accepted, "b"),
    ];
    assert_eq!(fake.calls(), expected);
    // Another start finds nothing left.
    stage.app.reports.nudge();
    run_until_done(&stage, &fake).await;
    assert_eq!(fake.calls(), expected);
    assert_eq!(stage.audited().await, [json!(null); 0]);
}

#[tokio::test]
async fn what_an_earlier_run_left_is_reported_without_a_nudge() {
    let stage = with_cards(&["a"]).await;
    stage
        .app
        .backbone
        .record(&agent(), &action("1", "a", ActionKind::Dismissed))
        .await
        .unwrap();
    let fake = Fake::new([]);
    run_until_done(&stage, &fake).await;
    assert_eq!(fake.calls(), [call(OutcomeKind::Dismissed, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_fails_is_tried_again_until_it_is_confirmed() {
    let stage = with_cards(&["a"]).await;
    let fake = Fake::new([
        ReportError::Expired,
        ReportError::Crowded,
        ReportError::Unanswered,
    ]);
    record(&stage, &[action("1", "a", ActionKind::Rendered)]).await;
    let start = Instant::now();
    run_until_done(&stage, &fake).await;
    assert_eq!(fake.calls(), vec![call(OutcomeKind::Rendered, "a"); 4]);
    // Three waits, of which the nudge of the record may have ended one.
    assert!(start.elapsed() >= RETRY * 2, "{:?}", start.elapsed());
    assert_eq!(stage.audited().await, [json!(null); 0]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_that_fails_is_tried_again_no_sooner_than_one_report() {
    let stage = Stage::new();
    let backbone = &stage.app.backbone;
    let ids: Vec<String> = (0..LIMIT).map(|number| number.to_string()).collect();
    let agent = agent();
    let cards = ids.iter().map(|id| backbone.append(&agent, card(id)));
    join_all(cards).await;
    let actions: Vec<Action> = ids
        .iter()
        .map(|id| action(id, id, ActionKind::Rendered))
        .collect();
    join_all(actions.iter().map(|action| backbone.record(&agent, action))).await;
    let fake = Fake::new(vec![ReportError::Stopped; LIMIT * 2]);
    let start = Instant::now();
    run_until_done(&stage, &fake).await;
    assert_eq!(fake.calls().len(), LIMIT * 3);
    assert!(start.elapsed() >= RETRY * 2, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_report_that_the_platform_no_longer_knows_is_given_up() {
    let stage = with_cards(&["a"]).await;
    record(&stage, &[action("1", "a", ActionKind::Rendered)]).await;
    stage.app.clock.advance(GIVE_UP);
    let fake = Fake::new([ReportError::Expired, ReportError::Unanswered]);
    run_until_done(&stage, &fake).await;
    assert_eq!(fake.calls(), vec![call(OutcomeKind::Rendered, "a"); 2]);
    assert_eq!(
        stage.audited().await,
        [json!([
            "refused",
            "AGT-1",
            "INT-a",
            "a",
            "report_unanswered",
            null
        ])]
    );
}

#[tokio::test]
async fn a_report_under_way_is_not_doubled() {
    let stage = with_cards(&["a", "b"]).await;
    let fake = Fake {
        permits: Semaphore::new(0),
        ..Fake::new([])
    };
    record(&stage, &[action("1", "a", ActionKind::Rendered)]).await;
    let script = async {
        while fake.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        record(&stage, &[action("2", "b", ActionKind::Rendered)]).await;
        while fake.calls().len() < 2 {
            tokio::task::yield_now().await;
        }
        stage.app.reports.nudge();
        fake.permits.add_permits(2);
    };
    tokio::select! {
        () = async { script.await; std::future::pending().await } => {}
        () = run_until_done(&stage, &fake) => {}
    }
    assert_eq!(
        fake.calls(),
        [
            call(OutcomeKind::Rendered, "a"),
            call(OutcomeKind::Rendered, "b")
        ]
    );
}
