//! A card that is put off leaves, comes back once, and is nobody's business but ours.

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Card, Entry, Millis, RemovalReason, Seq,
};
use serde_json::json;

use super::super::evaluation::Evaluation;
use super::*;
use crate::backbone::{Reading, Recorded};
use crate::config::tasks::Tasks;
use crate::publish::stage::{START, Stage};
use crate::work::LEASE;

const HOUR: Millis = Millis::from_secs(3600);

fn agent() -> AgentId {
    AgentId::parse("AGT-1").unwrap()
}

/// The card of a task that is due in a day.
fn task(settings: &Tasks) -> Card {
    let begun = json!({"interaction_id": "INT-1", "agent_id": "AGT-1"});
    let mut evaluation: Evaluation = serde_json::from_value(begun).unwrap();
    let form = json!({"responses": [{"fieldName": "overall_satisfaction", "value": 1}]});
    let form = serde_json::from_value(form).unwrap();
    evaluation.read(Some(&form), settings, START).unwrap();
    evaluation.created(Some("TASK-1"));
    evaluation.card(START).unwrap().unwrap().1
}

fn action(id: &str, card: &Card, kind: ActionKind, until: Option<Millis>) -> Action {
    Action {
        id: ActionId::parse(id).unwrap(),
        card_id: card.id.clone(),
        kind,
        at: START,
        reason: None,
        snippet_id: None,
        until,
    }
}

async fn shown() -> (Stage, Card) {
    let stage = Stage::new();
    let card = task(&stage.app.config.tasks);
    stage
        .app
        .backbone
        .append(&agent(), card.clone())
        .await
        .unwrap();
    (stage, card)
}

async fn record(stage: &Stage, action: &Action) -> Recorded {
    stage.app.backbone.record(&agent(), action).await.unwrap()
}

async fn entries(stage: &Stage) -> Vec<Entry> {
    let reading = stage
        .app
        .backbone
        .read(&agent(), Seq::ZERO, 99)
        .await
        .unwrap();
    let Reading::Entries(entries) = reading else {
        panic!("expected entries, got {reading:?}")
    };
    entries.into_iter().map(|(_, entry)| entry).collect()
}

async fn lease(stage: &Stage) -> Vec<Job> {
    let (backbone, now) = (&stage.app.backbone, stage.app.clock.now());
    backbone
        .lease(SNOOZE_QUEUE, 9, now.plus(LEASE))
        .await
        .unwrap()
}

/// Brings back what is due, and settles it.
async fn bring_back_all(stage: &Stage) -> usize {
    let jobs = lease(stage).await;
    let count = jobs.len();
    for job in jobs {
        let (id, attempts) = (job.id, job.attempts);
        let settlement = bring_back(&stage.app, job).await;
        assert_eq!(settlement, Settlement::Done);
        assert!(
            stage
                .app
                .backbone
                .settle(id, attempts, settlement)
                .await
                .unwrap()
        );
    }
    count
}

#[tokio::test]
async fn a_card_leaves_and_comes_back_at_its_time_however_often() {
    let (stage, card) = shown().await;
    let mut expected = vec![Entry::Card(card.clone())];
    let mut until = START;
    for n in 1..=3 {
        until = until.plus(HOUR);
        let snooze = Action {
            at: stage.app.clock.now(),
            ..action(&format!("s{n}"), &card, ActionKind::Snoozed, Some(until))
        };
        assert!(matches!(
            record(&stage, &snooze).await,
            Recorded::New {
                removed: Some(_),
                ..
            }
        ));
        assert_eq!(record(&stage, &snooze).await, Recorded::Repeat);
        stage.app.clock.advance(Millis(HOUR.0 - 1));
        assert_eq!(bring_back_all(&stage).await, 0, "not before its time");
        stage.app.clock.advance(Millis(1));
        assert_eq!(bring_back_all(&stage).await, 1);
        expected.push(Entry::Removed {
            card_id: card.id.clone(),
            reason: RemovalReason::Snoozed,
        });
        expected.push(Entry::Card(Card {
            published_at: until,
            received_at: until,
            ..card.clone()
        }));
    }
    assert_eq!(entries(&stage).await, expected);
    // Each life counts by itself.
    let done = Action {
        at: until,
        ..action("done", &card, ActionKind::Accepted, None)
    };
    assert!(matches!(record(&stage, &done).await, Recorded::New { .. }));
    assert_eq!(bring_back_all(&stage).await, 0);
    let returned = stage.audited().await.remove(0);
    assert_eq!(
        returned,
        json!(["task_returned", "AGT-1", "INT-1", "task-INT-1", "ok", null])
    );
}

#[tokio::test]
async fn a_worker_that_was_stopped_behind_the_append_shows_no_second_card() {
    let (stage, card) = shown().await;
    record(
        &stage,
        &action("s", &card, ActionKind::Snoozed, Some(START)),
    )
    .await;
    let job = lease(&stage).await.remove(0);
    bring_back(&stage.app, job).await;
    assert_eq!(entries(&stage).await.len(), 3);
    stage.app.clock.advance(LEASE);
    assert_eq!(bring_back_all(&stage).await, 1);
    assert_eq!(entries(&stage).await.len(), 3);
}

#[tokio::test]
async fn a_time_that_is_over_brings_the_card_back_at_once() {
    let (stage, card) = shown().await;
    for n in 0..2 {
        let past = Some(Millis(START.0 - 1));
        record(
            &stage,
            &action(&format!("s{n}"), &card, ActionKind::Snoozed, past),
        )
        .await;
        assert_eq!(bring_back_all(&stage).await, 1);
    }
    assert_eq!(entries(&stage).await.len(), 5);
}

#[tokio::test]
async fn what_cannot_be_put_off_stays() {
    let (stage, task) = shown().await;
    let alert = crate::publish::stage::card("alert");
    stage
        .app
        .backbone
        .append(&agent(), alert.clone())
        .await
        .unwrap();
    let later = Some(START.plus(HOUR));
    for (card, until, words) in [
        (
            &alert,
            later,
            "card \"alert\" is of kind alert; expected a task, nothing else can be snoozed"
                .to_owned(),
        ),
        (
            &task,
            None,
            "until is missing; expected when the card comes back".to_owned(),
        ),
        (
            &task,
            Some(task.expires_at),
            format!(
                "until is {0}; expected a time before the card expires at {0}",
                task.expires_at
            ),
        ),
    ] {
        let snooze = action("s", card, ActionKind::Snoozed, until);
        let refused = Recorded::Refused {
            message: words,
            left_by: None,
        };
        assert_eq!(record(&stage, &snooze).await, refused);
    }
    assert_eq!(lease(&stage).await, []);
    let (_, live) = stage.app.backbone.live(&agent()).await.unwrap();
    assert_eq!(live.len(), 2);
}

#[tokio::test]
async fn the_platform_hears_nothing_of_task_cards() {
    let (stage, card) = shown().await;
    for (n, (kind, until)) in [
        (ActionKind::Rendered, None),
        (ActionKind::Snoozed, Some(START)),
        (ActionKind::Dismissed, None),
    ]
    .into_iter()
    .enumerate()
    {
        let act = action(&format!("a{n}"), &card, kind, until);
        assert!(matches!(record(&stage, &act).await, Recorded::New { .. }));
        bring_back_all(&stage).await;
    }
    assert_eq!(stage.app.backbone.unreported(9).await.unwrap(), []);
    let conversation = stage.app.backbone.conversation(&card.interaction_id).await;
    assert_eq!(
        conversation.unwrap().agent,
        None,
        "the conversation is over"
    );
}
