//! Evaluations on a real store: stopped at every point and taken up again, and what failures lead to.

use cuecard_protocol::Millis;
use serde_json::Value;

use super::super::QUEUE;
use super::super::stage::{Fake, attempt, cards, enqueue, lease, polled};
use super::*;
use crate::backbone::jobs::{JobState, delivery};
use crate::publish::stage::{START, Stage};
use crate::work::LEASE;

fn unavailable() -> TaskError {
    TaskError::Unavailable {
        status: 503,
        retry_after: None,
    }
}

fn refused() -> TaskError {
    TaskError::Refused {
        status: 403,
        reason: "unknown_agent: AGT-1 is no agent".to_owned(),
    }
}

fn limited(seconds: Option<u64>) -> TaskError {
    TaskError::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    }
}

#[tokio::test]
async fn a_poor_score_becomes_a_task_a_notification_and_a_card() {
    let (stage, fake) = (Stage::new(), Fake::new("2.9"));
    assert!(enqueue(&stage, "INT-1").await);
    assert!(!enqueue(&stage, "INT-1").await, "the job is known");
    assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
    assert_eq!(fake.calls(), ["form", "create", "notify"]);
    assert_eq!(cards(&stage).await, ["task-INT-1"]);
    let delivery = delivery(&[QUEUE, "INT-1"]);
    let at = |event: &str, card: Value, detail: Value| {
        json!([event, "AGT-1", "INT-1", card, "ok", detail])
    };
    assert_eq!(
        stage.audited().await,
        [
            at(
                "task_created",
                Value::Null,
                json!({
                    "task": "create-1", "priority": "High", "due_at": START.0 + 86_400_000, "delivery": delivery, "attempts": 1,
                })
            ),
            at(
                "task_notified",
                Value::Null,
                json!({"task": "create-1", "delivery": delivery, "attempts": 1})
            ),
            at(
                "task_shown",
                json!("task-INT-1"),
                json!({"delivery": delivery, "attempts": 1})
            ),
        ]
    );
    // The job is forgotten, so the event makes another; the mark ends that.
    assert!(enqueue(&stage, "INT-1").await);
    assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
    assert_eq!(fake.calls().len(), 3, "nobody was asked again");
}

#[tokio::test]
async fn a_good_score_ends_with_the_form() {
    let (stage, fake) = (Stage::new(), Fake::new(4));
    enqueue(&stage, "INT-1").await;
    assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
    assert_eq!(fake.calls(), ["form"]);
    assert_eq!(cards(&stage).await, [""; 0]);
    let [line] = &stage.audited().await[..] else {
        panic!("expected one event")
    };
    assert_eq!(line[0], "task_unneeded");
    assert_eq!(line[4], "good_score");
    let mark = evaluated("INT-1");
    assert!(stage.app.backbone.is_spent(&mark, START).await.unwrap());
}

/// The worker is stopped at every two of the points at which it waits, and another takes the job up.
#[tokio::test]
async fn stopped_anywhere_and_taken_up_there_is_one_of_each() {
    let stage = Stage::new();
    let once = Fake::new(1);
    enqueue(&stage, "INT").await;
    let (_, points) = polled(usize::MAX, attempt(&stage, &once)).await;
    // The platform's six are always among them; how many of the store's are waited for is up to its thread.
    assert!(points > 6, "{points} points only");
    let mut expected = vec!["task-INT".to_owned()];
    for first in 0..=points {
        for second in 0..=points {
            let fake = Fake::new(1);
            let interaction = format!("INT-{first}-{second}");
            enqueue(&stage, &interaction).await;
            for most in [first, second, usize::MAX] {
                polled(most, attempt(&stage, &fake)).await;
                stage.app.clock.advance(LEASE);
            }
            let left = stage.app.backbone.jobs(Some(QUEUE), None, 9).await.unwrap();
            assert_eq!(left, [], "{interaction}");
            assert_eq!(fake.made(), (1, 1), "{interaction}");
            expected.push(format!("task-{interaction}"));
        }
    }
    assert_eq!(cards(&stage).await, expected);
}

/// What is kept before the next step begins is not asked for again, whatever the platform thinks of keys. Only what was
/// done, but not answered, is done twice.
#[tokio::test]
async fn without_keys_only_what_was_not_answered_is_doubled() {
    let stage = Stage::new();
    for (unanswered, made) in [("form", (1, 1)), ("create", (2, 1)), ("notify", (1, 2))] {
        let fake = Fake::without_keys(1);
        enqueue(&stage, unanswered).await;
        fake.stop_before_answer(unanswered, &stage).await;
        stage.app.clock.advance(LEASE);
        assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
        assert_eq!(fake.made(), made, "{unanswered}");
    }
}

/// The wait of the next try, which the reason must go with; the clock then stands at its end.
async fn wait(stage: &Stage, fake: &Fake, expected: &str) -> u64 {
    let Some(Settlement::Retry { at, reason }) = attempt(stage, fake).await else {
        panic!("expected another try")
    };
    assert_eq!(reason, expected);
    let wait = at.since(stage.app.clock.now());
    if wait.0 > 0 {
        assert_eq!(attempt(stage, fake).await, None, "not before its time");
    }
    stage.app.clock.advance(wait);
    wait.0
}

/// Every step fails in turn, in every way; what was done before it is not done again.
#[tokio::test]
async fn only_the_step_that_failed_is_done_again_after_the_right_wait() {
    let unreachable = TaskError::Unreachable {
        reason: "reset".to_owned(),
    };
    let (stage, fake) = (Stage::new(), Fake::new(3.9));
    enqueue(&stage, "INT-1").await;
    let steps = [
        ("form", "read_form"),
        ("create", "create_task"),
        ("notify", "notify"),
    ];
    for (call, step) in steps {
        fake.fail(call, limited(Some(7)));
        let asked = format!("{step}: the platform asks us to wait (429, 7 s)");
        assert_eq!(wait(&stage, &fake, &asked).await, 7_000);
        fake.fail(call, limited(None));
        let asked = format!("{step}: the platform asks us to wait (429, no Retry-After)");
        assert_eq!(wait(&stage, &fake, &asked).await, 2_000);
        fake.fail(call, unavailable());
        let down = format!("{step}: the platform answered 503");
        assert!(wait(&stage, &fake, &down).await < 300_000);
        fake.fail(call, unreachable.clone());
        let gone = format!("{step}: the platform could not be reached: reset");
        assert!(wait(&stage, &fake, &gone).await < 300_000);
        // The card need not wait for the platform's desktop.
        let shown = usize::from(call == "notify");
        assert_eq!(cards(&stage).await.len(), shown);
    }
    assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
    let calls = ["form"; 5]
        .into_iter()
        .chain(["create"; 5])
        .chain(["notify"; 5]);
    assert_eq!(fake.calls(), calls.collect::<Vec<_>>());
    assert_eq!(fake.made(), (1, 1));
    assert_eq!(cards(&stage).await, ["task-INT-1"]);
}

/// A second more at most, so that not all come back at once.
#[tokio::test]
async fn only_a_429_closes_the_queue_for_as_long_as_it_asks() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    enqueue(&stage, "INT-1").await;
    for (error, least) in [
        (limited(Some(7)), Some(7_000)),
        (limited(None), Some(2_000)),
        (limited(Some(0)), Some(1_000)),
        (unavailable(), None),
        (refused(), None),
    ] {
        stage.app.clock.advance(LEASE);
        let job = lease(&stage).await.unwrap();
        fake.fail("form", error);
        let closed = evaluate(&stage.app, &fake, job).await.closed_until;
        let closed = closed.map(|until| until.since(stage.app.clock.now()).0);
        match least {
            None => assert_eq!(closed, None),
            Some(least) => assert!(
                closed.is_some_and(|wait| (least..=least + 1_000).contains(&wait)),
                "{closed:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_platform_that_is_away_for_a_day_is_given_up() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    enqueue(&stage, "INT-1").await;
    stage.app.clock.advance(Millis::from_secs(24 * 3600));
    fake.fail("form", unavailable());
    let reason = "given up after 24 hours; read_form: the platform answered 503".to_owned();
    assert_eq!(
        attempt(&stage, &fake).await,
        Some(Settlement::Dead { reason })
    );
}

#[tokio::test]
async fn a_refused_task_is_dead_with_the_platforms_words_and_can_be_replayed() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    enqueue(&stage, "INT-1").await;
    fake.fail("create", refused());
    attempt(&stage, &fake).await;
    let backbone = &stage.app.backbone;
    let [job] = &backbone.jobs(Some(QUEUE), None, 9).await.unwrap()[..] else {
        panic!("expected one job")
    };
    let reason =
        "create_task: the platform answered 403 (unknown_agent: AGT-1 is no agent), expected 2xx";
    assert_eq!(
        (job.state, job.last_error.as_deref()),
        (JobState::Dead, Some(reason))
    );
    assert_eq!(fake.made(), (0, 0));
    assert!(!enqueue(&stage, "INT-1").await, "the dead job is known");
    let detail = json!({"step": "create_task", "delivery": job.delivery, "attempts": 1});
    let dead = json!(["task_dead", "AGT-1", "INT-1", null, "dead", detail]);
    assert_eq!(stage.audited().await, [dead]);

    assert!(backbone.replay(job.id).await.unwrap());
    assert_eq!(attempt(&stage, &fake).await, Some(Settlement::Done));
    assert_eq!(
        fake.calls(),
        ["form", "create", "create", "notify"],
        "the form was kept"
    );
}

#[tokio::test]
async fn a_refused_notification_does_not_keep_the_card_back() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    enqueue(&stage, "INT-1").await;
    fake.fail("notify", refused());
    assert!(matches!(
        attempt(&stage, &fake).await,
        Some(Settlement::Dead { .. })
    ));
    assert_eq!(fake.made(), (1, 0));
    assert_eq!(cards(&stage).await, ["task-INT-1"]);
}

#[tokio::test]
async fn whoever_lost_the_lease_does_nothing_more() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    enqueue(&stage, "INT-1").await;
    let late = lease(&stage).await.unwrap();
    stage.app.clock.advance(LEASE);
    let (id, attempts) = (late.id, late.attempts);
    let other = lease(&stage).await.unwrap();
    let settlement = evaluate(&stage.app, &fake, late).await.settlement;
    assert_eq!(fake.calls(), ["form"], "no task without the lease");
    let backbone = &stage.app.backbone;
    assert!(!backbone.settle(id, attempts, settlement).await.unwrap());
    let settlement = evaluate(&stage.app, &fake, other).await.settlement;
    assert_eq!(settlement, Settlement::Done);
    assert_eq!(fake.made(), (1, 1));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_dead() {
    let (stage, fake) = (Stage::new(), Fake::new(1));
    let backbone = &stage.app.backbone;
    backbone
        .enqueue(QUEUE, "d", json!({"agent_id": 1}))
        .await
        .unwrap();
    let Some(Settlement::Dead { reason }) = attempt(&stage, &fake).await else {
        panic!("expected a dead job")
    };
    assert!(reason.starts_with("the job cannot be read: "), "{reason}");
}
