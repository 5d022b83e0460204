//! What a task and a notification must be, beyond the types of their fields; pure (platform wire, section 6.2).

use cuecard_cxone::wire::tasks::{NotificationRequest, TaskRequest};
use jiff::Timestamp;

use crate::frame_rules::shown;

/// The longest subject or message, in bytes.
const MAX_LINE: usize = 1000;
/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 10_000;
/// Custom fields of one task.
const MAX_FIELDS: usize = 50;

/// Whether a task can be made.
///
/// # Errors
///
/// Which field is wrong, with its value and what would do.
pub fn check_task(task: &TaskRequest) -> Result<(), String> {
    check_text("subject", &task.subject, MAX_LINE)?;
    check_text("description", &task.description, MAX_DESCRIPTION)?;
    check_text("assigneeId", &task.assignee_id, MAX_LINE)?;
    if task.due_date.parse::<Timestamp>().is_err() {
        return Err(format!(
            "dueDate is {:?}, expected a time in ISO 8601 such as \"2026-11-21T08:49:52.835Z\"",
            shown(&task.due_date)
        ));
    }
    let count = task.custom_fields.len();
    if count > MAX_FIELDS {
        return Err(format!(
            "customFields has {count} entries, expected at most {MAX_FIELDS}"
        ));
    }
    for (index, field) in task.custom_fields.iter().enumerate() {
        check_text(&format!("customFields[{index}].id"), &field.id, MAX_LINE)?;
    }
    Ok(())
}

/// Whether a notification can be sent.
///
/// # Errors
///
/// Which field is wrong, with its value and what would do.
pub fn check_notification(notification: &NotificationRequest) -> Result<(), String> {
    check_text("agentId", &notification.agent_id, MAX_LINE)?;
    check_text("message", &notification.message, MAX_LINE)?;
    check_choice("type", &notification.kind, &["desktop"])?;
    check_choice(
        "priority",
        &notification.priority,
        &["low", "normal", "medium", "high", "critical"],
    )
}

fn check_text(field: &str, text: &str, longest: usize) -> Result<(), String> {
    if text.trim().is_empty() || text.len() > longest {
        let length = text.len();
        return Err(format!(
            "{field} has {length} bytes or says nothing, expected 1 to {longest} bytes"
        ));
    }
    Ok(())
}

fn check_choice(field: &str, text: &str, choices: &[&str]) -> Result<(), String> {
    if choices.contains(&text) {
        return Ok(());
    }
    Err(format!(
        "{field} is {:?}, expected {}",
        shown(text),
        choices.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn task(changed: Value) -> Result<(), String> {
        let mut body = json!({
            "subject": "s", "description": "d", "dueDate": "2026-11-21T08:49:52.835Z", "priority": "High",
            "assigneeId": "AGT-7", "customFields": [{"id": "interaction_id_link", "value": "INT-CSAT-2"}],
        });
        let Value::Object(changed) = changed else {
            unreachable!("an object")
        };
        body.as_object_mut().unwrap().extend(changed);
        check_task(&serde_json::from_value(body).map_err(|error| error.to_string())?)
    }

    #[test]
    fn tasks() {
        assert_eq!(task(json!({})), Ok(()));
        assert_eq!(
            task(json!({"dueDate": "2026-11-21T08:49:52+01:00", "customFields": []})),
            Ok(())
        );
        for (changed, reason) in [
            (
                json!({"subject": " "}),
                "subject has 1 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                json!({"subject": "s".repeat(1001)}),
                "subject has 1001 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                json!({"description": ""}),
                "description has 0 bytes or says nothing, expected 1 to 10000 bytes",
            ),
            (
                json!({"assigneeId": ""}),
                "assigneeId has 0 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                json!({"dueDate": "tomorrow"}),
                "dueDate is \"tomorrow\", expected a time in ISO 8601 such as \"2026-11-21T08:49:52.835Z\"",
            ),
            (
                json!({"dueDate": "2026-11-21T08:49:52"}),
                "dueDate is \"2026-11-21T08:49:52\", expected a time in ISO 8601 such as \"2026-11-21T08:49:52.835Z\"",
            ),
            (
                json!({"customFields": [{"id": "", "value": ""}]}),
                "customFields[0].id has 0 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                json!({"customFields": vec![json!({"id": "a", "value": ""}); 51]}),
                "customFields has 51 entries, expected at most 50",
            ),
        ] {
            assert_eq!(task(changed), Err(reason.to_owned()));
        }
    }

    #[test]
    fn notifications() {
        let check = |agent: &str, message: &str, kind: &str, priority: &str| {
            let body =
                json!({"agentId": agent, "message": message, "type": kind, "priority": priority});
            check_notification(&serde_json::from_value(body).unwrap())
        };
        assert_eq!(check("AGT-7", "m", "desktop", "high"), Ok(()));
        for (refused, reason) in [
            (
                check("", "m", "desktop", "high"),
                "agentId has 0 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                check("A", "", "desktop", "high"),
                "message has 0 bytes or says nothing, expected 1 to 1000 bytes",
            ),
            (
                check("A", "m", "pager", "high"),
                "type is \"pager\", expected desktop",
            ),
            (
                check("A", "m", "desktop", "High"),
                "priority is \"High\", expected low, normal, medium, high, critical",
            ),
        ] {
            assert_eq!(refused, Err(reason.to_owned()));
        }
    }
}
