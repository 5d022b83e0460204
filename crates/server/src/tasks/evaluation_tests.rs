//! What is asked for, in which order, and the card that comes of it.

use serde_json::{Value, json};

use super::*;
use crate::config::Config;

const NOW: Millis = Millis(1_795_164_592_835);

fn settings() -> Tasks {
    Config::from_toml("[server]\ndev_mode = true")
        .unwrap()
        .tasks
}

fn begun(interaction: &str) -> Evaluation {
    Evaluation::begin(InteractionCompleted {
        interaction_id: interaction.to_owned(),
        agent_id: "AGT-7".to_owned(),
    })
}

fn form(value: impl Into<Value>) -> Form {
    let value = value.into();
    serde_json::from_value(
        json!({"responses": [{"fieldName": "overall_satisfaction", "value": value}]}),
    )
    .unwrap()
}

/// An evaluation whose task was made.
fn made(interaction: &str) -> Evaluation {
    let mut evaluation = begun(interaction);
    evaluation.read(Some(&form("2")), &settings(), NOW).unwrap();
    evaluation.created(Some("TASK-2"));
    evaluation
}

/// The bodies are those that were recorded (platform wire, section 12).
#[test]
fn one_step_after_the_other() {
    let settings = settings();
    let mut evaluation = begun("INT-CSAT-2");
    let read = Step::ReadForm("INT-CSAT-2".to_owned());
    assert_eq!(evaluation.next(&settings), read);
    let plan = evaluation.read(Some(&form(2)), &settings, NOW);
    assert_eq!(plan.map(|plan| plan.priority), Ok(TaskPriority::High));
    let Step::CreateTask(task) = evaluation.next(&settings) else {
        panic!("expected a task")
    };
    assert_eq!(
        serde_json::to_string(&task).unwrap(),
        r#"{"subject":"Agent Assist: Follow-up required for interaction INT-CSAT-2","description":"Post-interaction satisfaction score: 2. Requires agent review.","dueDate":"2026-11-21T08:49:52.835Z","priority":"High","assigneeId":"AGT-7","customFields":[{"id":"interaction_id_link","value":"INT-CSAT-2"}]}"#
    );
    evaluation.created(Some("TASK-2"));
    let Step::Notify(notification) = evaluation.next(&settings) else {
        panic!("expected a notification")
    };
    assert_eq!(
        serde_json::to_string(&notification).unwrap(),
        r#"{"agentId":"AGT-7","message":"New Assist Task assigned: TASK-2. Review interaction INT-CSAT-2.","type":"desktop","priority":"high"}"#
    );
    evaluation.is_notified = true;
    assert_eq!(evaluation.next(&settings), Step::Show);
    evaluation.is_shown = true;
    assert_eq!(evaluation.next(&settings), Step::Finish);
}

#[test]
fn a_notification_that_failed_is_still_wanted_when_the_card_is_shown() {
    let mut evaluation = made("INT-1");
    evaluation.is_shown = true;
    assert!(matches!(evaluation.next(&settings()), Step::Notify(_)));
}

#[test]
fn a_task_whose_id_was_not_said_is_made_and_goes_without() {
    let settings = settings();
    let mut evaluation = begun("INT-1");
    evaluation.read(Some(&form(2)), &settings, NOW).unwrap();
    evaluation.created(None);
    let Step::Notify(notification) = evaluation.next(&settings) else {
        panic!("expected a notification")
    };
    assert_eq!(
        notification.message,
        "New Assist Task assigned. Review interaction INT-1."
    );
    let (_, card) = evaluation.card(NOW).unwrap().unwrap();
    assert_eq!(
        json!(card.body),
        json!({"task": {
            "subject": "Agent Assist: Follow-up required for interaction INT-1",
            "priority": "High", "due_at": NOW.0 + 86_400_000, "score": 2.0,
        }})
    );
}

#[test]
fn scores_are_written_as_javascript_writes_them() {
    for (value, written) in [
        (json!("2,5"), "2"),
        (json!(2.5), "2.5"),
        (json!("1.50"), "1.5"),
        (json!("-0"), "0"),
    ] {
        let mut evaluation = begun("INT-1");
        evaluation
            .read(Some(&form(value)), &settings(), NOW)
            .unwrap();
        let Step::CreateTask(task) = evaluation.next(&settings()) else {
            panic!("expected a task")
        };
        let expected =
            format!("Post-interaction satisfaction score: {written}. Requires agent review.");
        assert_eq!(task.description, expected);
    }
}

#[test]
fn what_is_kept_is_what_goes_on() {
    let evaluation = made("../a b");
    let kept = json!(evaluation);
    assert_eq!(
        kept,
        json!({
            "interaction_id": "../a b", "agent_id": "AGT-7", "is_made": true, "task_id": "TASK-2", "is_notified": false, "is_shown": false,
            "plan": {"score": 2.0, "priority": "High", "decided_at": NOW, "due_at": NOW.0 + 86_400_000},
        })
    );
    assert_eq!(
        serde_json::from_value::<Evaluation>(kept).unwrap(),
        evaluation
    );
    let least = json!({"interaction_id": "I", "agent_id": "AGT-7"});
    assert_eq!(
        serde_json::from_value::<Evaluation>(least).unwrap(),
        begun("I")
    );
}

#[test]
fn the_card_is_the_agents_and_leaves_a_week_after_it_is_due() {
    assert_eq!(begun("INT-1").card(NOW), Ok(None));
    let later = NOW.plus(Millis(500));
    let (agent, card) = made("INT-1").card(later).unwrap().unwrap();
    assert_eq!(agent.as_str(), "AGT-7");
    assert_eq!(
        json!(card),
        json!({
            "id": "task-INT-1", "interaction_id": "INT-1", "published_at": NOW, "received_at": later,
            "expires_at": NOW.0 + 8 * 86_400_000,
            "body": {"task": {
                "task_id": "TASK-2", "subject": "Agent Assist: Follow-up required for interaction INT-1",
                "priority": "High", "due_at": NOW.0 + 86_400_000, "score": 2.0,
            }},
        })
    );
}

#[test]
fn every_interaction_has_a_card_of_its_own() {
    let card = |interaction: &str| made(interaction).card(NOW).unwrap().unwrap().1;
    let long = "ä".repeat(128);
    let ids = ["a/b", "a.b", "a b", "../", "a_b", "a\nb", &long];
    let cards = ids.map(|id| card(id).id);
    for (at, id) in cards.iter().enumerate() {
        assert!(id.as_str().starts_with("task-"), "{id}");
        assert!(!cards[..at].contains(id), "{id} twice");
    }
    assert_eq!(card("a/b").interaction_id.as_str(), "a/b");
    assert_eq!(card("a \tb").interaction_id.as_str(), "a__b");
    // What stands for it on a card is not what leads to it.
    for id in ids {
        assert_eq!(card(id).true_interaction_id(), id);
    }
    assert_eq!(card(&long).interaction_id.as_str(), "ä".repeat(64));
}

#[test]
fn an_agent_that_no_panel_can_have_gets_no_card() {
    let mut evaluation = made("INT-1");
    evaluation.agent_id = "AGT 7".to_owned();
    let error = evaluation.card(NOW).unwrap_err().to_string();
    assert_eq!(
        error,
        "the task cannot be shown: agent id \"AGT 7\" is not valid: expected 1 to 128 bytes without spaces or control characters"
    );
}

#[test]
fn a_long_id_of_a_task_is_cut() {
    let mut evaluation = made("INT-1");
    evaluation.created(Some(&"ä".repeat(1_000)));
    assert_eq!(evaluation.task_id, Some("ä".repeat(128)));
}
