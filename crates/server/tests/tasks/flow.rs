//! From the webhook to the card, against a simulated platform that fails in every way it can.

use std::collections::BTreeSet;
use std::time::Duration;

use cuecard_protocol::{CardBody, TaskPriority};
use cuecard_server::backbone::jobs::JobState;
use cuecard_server::clock::Clock;
use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Record, RetryAfterForm};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::world::{SECRET, World, form};

/// The interactions that tasks were made for, in their order.
fn interactions(records: &[Record]) -> Vec<String> {
    let link = |record: &Record| {
        record.body["customFields"][0]["value"]
            .as_str()
            .map(str::to_owned)
    };
    records.iter().map(|record| link(record).unwrap()).collect()
}

#[tokio::test]
async fn a_poor_score_becomes_one_task_one_notification_and_one_card() {
    let world = World::new().await;
    world.simulator.set_form("INT-CSAT-2", Some(form("2.9")));
    world.complete("INT-CSAT-2", "AGT-7", 3);
    world.until_done().await;
    let ([task], [notification]) = (
        &world.simulator.tasks()[..],
        &world.simulator.notifications()[..],
    ) else {
        panic!("expected one of each")
    };
    let [card] = &world.cards("AGT-7").await[..] else {
        panic!("expected one card")
    };
    let CardBody::Task(shown) = &card.body else {
        panic!("expected a task, got {card:?}")
    };
    let due = cuecard_server::timestamp::write(shown.due_at);
    assert_eq!(
        task.body,
        json!({
            "subject": "Agent Assist: Follow-up required for interaction INT-CSAT-2",
            "description": "Post-interaction satisfaction score: 2.9. Requires agent review.",
            "dueDate": due, "priority": "High", "assigneeId": "AGT-7",
            "customFields": [{"id": "interaction_id_link", "value": "INT-CSAT-2"}],
        })
    );
    assert_eq!(
        notification.body,
        json!({
            "agentId": "AGT-7", "message": "New Assist Task assigned: TASK-1. Review interaction INT-CSAT-2.",
            "type": "desktop", "priority": "high",
        })
    );
    assert_eq!(
        (card.id.as_str(), shown.task_id.as_deref()),
        ("task-INT-CSAT-2", Some("TASK-1"))
    );
    assert_eq!(
        (shown.priority, shown.score),
        (TaskPriority::High, Some(2.9))
    );
    assert_eq!(shown.due_at.since(card.published_at).0, 86_400_000);
    for event in ["task_created", "task_notified", "task_shown"] {
        let once = [["INT-CSAT-2".to_owned(), "ok".to_owned()]];
        assert_eq!(world.audited(event).await, once, "{event}");
    }
    world.running.shutdown().await;
}

#[tokio::test]
async fn thresholds_are_right_and_what_is_no_score_makes_no_task() {
    let world = World::new().await;
    let fields = |responses: Value| Some(json!({"responses": responses}));
    for (interaction, form, _) in cases(&fields) {
        world.simulator.set_form(interaction, form);
        world.complete(interaction, "AGT-7", 1);
    }
    world.until_done().await;
    assert_eq!(world.jobs().await, [], "nothing is dead");
    let tasks = world.simulator.tasks();
    for (interaction, _, expected) in cases(&fields) {
        let made = tasks
            .iter()
            .find(|task| task.body["customFields"][0]["value"] == interaction);
        assert_eq!(
            made.map(|task| task.body["priority"].as_str().unwrap()),
            expected,
            "{interaction}"
        );
    }
    let needed = cases(&fields)
        .iter()
        .filter(|(.., expected)| expected.is_some())
        .count();
    assert_eq!(
        (tasks.len(), world.simulator.notifications().len()),
        (needed, needed)
    );
    assert_eq!(world.cards("AGT-7").await.len(), needed);
}

type Case = (&'static str, Option<Value>, Option<&'static str>);

/// Interaction, its form, and the priority of its task.
fn cases(fields: &dyn Fn(Value) -> Option<Value>) -> Vec<Case> {
    vec![
        ("two-nine", Some(form(2.9)), Some("High")),
        ("three", Some(form(3)), Some("Medium")),
        ("three-nine", Some(form("3.9")), Some("Medium")),
        ("four", Some(form(4)), None),
        (
            "missing",
            fields(json!([{"fieldName": "comment", "value": "1"}])),
            None,
        ),
        ("no-form", None, None),
        ("no-responses", Some(json!({"id": "F"})), None),
        ("null-responses", fields(Value::Null), None),
        ("comma", Some(form("2,5")), Some("High")),
        ("not-applicable", Some(form("n/a")), None),
        ("not-a-number", Some(form("NaN")), None),
        ("zero", Some(form(0)), Some("High")),
        ("eleven", Some(form(11)), None),
    ]
}

#[tokio::test]
async fn ids_are_encoded_and_change_no_path() {
    let world = World::new().await;
    let ids = [
        "../a", "a/b", "a b", "a.b", "a%2Fb", "ä?#", "a\\..\\b", "...",
    ];
    for id in ids {
        world.simulator.set_form(id, Some(form(1)));
        world.complete(id, "AGT-7", 1);
    }
    // No encoding helps these two: whatever is on the way folds them.
    for id in [".", ".."] {
        world.complete(id, "AGT-7", 1);
    }
    world.until_done().await;
    let made: BTreeSet<String> = interactions(&world.simulator.tasks()).into_iter().collect();
    assert_eq!(made, ids.map(str::to_owned).into());
    assert_eq!(world.cards("AGT-7").await.len(), ids.len());
    let dead = world.jobs().await;
    assert_eq!(dead.len(), 2);
    for job in dead {
        let reason = job.last_error.unwrap();
        assert!(
            reason.starts_with("read_form: the interaction id has "),
            "{reason}"
        );
        assert_eq!(job.state, JobState::Dead);
    }
    let seen = world.simulator.seen(0, None).into_iter();
    let forms: Vec<_> = seen.filter(|entry| entry.route == "forms").collect();
    assert_eq!(forms.len(), ids.len());
    for entry in forms {
        let path = entry.text("path").unwrap();
        assert_eq!(path.split('/').count(), 6, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_agent_is_parked_with_the_platforms_words() {
    let world = World::new().await;
    world.simulator.set_form("INT-1", Some(form(1)));
    world.complete("INT-1", "nobody here", 2);
    world.until_done().await;
    let [job] = &world.jobs().await[..] else {
        panic!("expected one job")
    };
    assert_eq!(
        (job.state, job.last_error.as_deref()),
        (
            JobState::Dead,
            Some(
                "create_task: the platform answered 403 (unknown_agent: assigneeId is \"nobody here\", which is no agent), expected 2xx"
            )
        )
    );
    assert_eq!(
        world.audited("task_dead").await,
        [["INT-1".to_owned(), "dead".to_owned()]]
    );
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_one_and_nothing_is_asked_again() {
    let world = World::new().await;
    let garbage = |route| FaultRule::new(route, FaultKind::Garbage);
    let faults = [FaultRoute::Tasks, FaultRoute::Notifications].map(garbage);
    world.simulator.set_faults(faults.to_vec()).unwrap();
    world.simulator.set_form("INT 1", Some(form(1)));
    world.complete("INT 1", "AGT-7", 1);
    world.until_done().await;
    let seen = world.simulator.seen(0, None);
    for route in ["tasks", "agent_notifications"] {
        let calls = seen.iter().filter(|entry| entry.route == route);
        assert_eq!(calls.count(), 1, "{route}");
    }
    let [card] = &world.cards("AGT-7").await[..] else {
        panic!("expected one card")
    };
    assert_eq!(card.true_interaction_id(), "INT 1");
    let CardBody::Task(task) = &card.body else {
        panic!("expected a task, got {card:?}")
    };
    assert_eq!(task.task_id, None);
    assert_eq!(world.jobs().await, [], "nothing is left");
}

#[tokio::test]
async fn an_answer_that_is_lost_doubles_nothing() {
    let world = World::new().await;
    let lost = |route| FaultRule {
        times: Some(1),
        ..FaultRule::new(route, FaultKind::Reset)
    };
    let routes = [
        FaultRoute::Forms,
        FaultRoute::Tasks,
        FaultRoute::Notifications,
    ];
    world
        .simulator
        .set_faults(routes.map(lost).to_vec())
        .unwrap();
    world.simulator.set_form("INT-1", Some(form(1)));
    world.complete("INT-1", "AGT-7", 1);
    world.until_done().await;
    for made in [world.simulator.tasks(), world.simulator.notifications()] {
        let [record] = &made[..] else {
            panic!("expected one, got {made:?}")
        };
        assert_eq!(record.repeats, 1, "asked for again, and known by its key");
    }
    assert_eq!(world.cards("AGT-7").await.len(), 1);
}

#[tokio::test]
async fn a_platform_that_asks_for_time_gets_it_in_both_forms() {
    let world = World::new().await;
    let wait = |route, retry_after_form| FaultRule {
        retry_after: Some(1),
        retry_after_form,
        times: Some(1),
        ..FaultRule::status(route, 429)
    };
    let faults = vec![
        wait(FaultRoute::Forms, RetryAfterForm::Date),
        wait(FaultRoute::Tasks, RetryAfterForm::Seconds),
        wait(FaultRoute::Notifications, RetryAfterForm::Date),
    ];
    world.simulator.set_faults(faults).unwrap();
    world.simulator.set_form("INT-1", Some(form(1)));
    world.complete("INT-1", "AGT-7", 1);
    world.until_done().await;
    assert_eq!(world.simulator.notifications().len(), 1);
    let seen = world.simulator.seen(0, None);
    for route in ["forms", "tasks", "agent_notifications"] {
        let calls = seen.iter().filter(|entry| entry.route == route);
        let at: Vec<i64> = calls.map(|entry| entry.at_ms).collect();
        let [first, second] = at[..] else {
            panic!("expected two calls of {route}, got {at:?}")
        };
        assert!(second - first >= 1_000, "{route}: {} ms", second - first);
    }
}

/// Three of ten calls fail; every event is delivered three times.
#[tokio::test]
async fn whatever_fails_there_is_one_of_each() {
    // Waits that may double up to minutes would leave the end to luck.
    let settings = format!("[webhooks]\nsecret = '{SECRET}'\n[tasks]\nlongest_wait_seconds = 2\n");
    let world = World::with(&settings, Clock::system()).await;
    let often = |fault: FaultRule| FaultRule {
        rate: Some(0.15),
        ..fault
    };
    let routes = [
        FaultRoute::Forms,
        FaultRoute::Tasks,
        FaultRoute::Notifications,
    ];
    let faults = routes.iter().flat_map(|route| {
        [
            often(FaultRule::status(*route, 503)),
            often(FaultRule::new(*route, FaultKind::Reset)),
        ]
    });
    world.simulator.set_faults(faults.collect()).unwrap();
    let mut poor = BTreeSet::new();
    for n in 0..24 {
        let interaction = format!("INT-{n}");
        let is_poor = n % 2 == 0;
        world
            .simulator
            .set_form(&interaction, Some(form(if is_poor { 1 } else { 5 })));
        world.complete(&interaction, "AGT-7", 3);
        if is_poor {
            poor.insert(interaction);
        }
    }
    world.until_done().await;
    let tasks = interactions(&world.simulator.tasks());
    assert_eq!(
        (tasks.len(), tasks.into_iter().collect::<BTreeSet<_>>()),
        (poor.len(), poor.clone())
    );
    assert_eq!(world.simulator.notifications().len(), poor.len());
    assert_eq!(world.cards("AGT-7").await.len(), poor.len());
    assert_eq!(world.jobs().await, [], "nothing is dead");
}

/// The answer comes before the work, which the platform holds up here.
#[tokio::test]
async fn a_slow_platform_keeps_no_webhook_waiting() {
    let world = World::new().await;
    let slow = FaultRule::latency(FaultRoute::Forms, 600_000);
    world.simulator.set_faults(vec![slow]).unwrap();
    world.complete("INT-1", "AGT-7", 1);
    let received = async {
        while !world
            .simulator
            .webhooks()
            .iter()
            .all(|webhook| webhook.received == 1)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // A fifth of the time that the platform takes.
    timeout(Duration::from_mins(2), received)
        .await
        .expect("an answer");
    assert_eq!(world.jobs().await.len(), 1, "stored, and under way");
}
