//! Post-interaction forms, follow-up tasks, agent notifications, and the event that sets them off (platform wire,
//! sections 6 and 14.9).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of the webhook `interaction.completed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InteractionCompleted {
    /// The interaction that is over.
    pub interaction_id: String,
    /// Its agent.
    pub agent_id: String,
}

/// The answer of `GET /api/v2/interactions/{interactionId}/postinteractionforms`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// What was filled in; missing or null when nothing was.
    #[serde(default)]
    pub responses: Option<Vec<FormResponse>>,
}

/// Fields are named; what they say is the customer's own and not shown.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.responses.iter().flatten();
        f.debug_list()
            .entries(fields.map(|response| &response.field_name))
            .finish()
    }
}

impl Form {
    /// The value of the first field of this name.
    pub fn value(&self, field: &str) -> Option<&Value> {
        let mut responses = self.responses.iter().flatten();
        let named = responses.find(|response| response.field_name.as_deref() == Some(field))?;
        Some(&named.value)
    }
}

/// One field of a form.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormResponse {
    /// Its name, such as `overall_satisfaction`. One without a name is nobody's.
    #[serde(default)]
    pub field_name: Option<String>,
    /// Text or a number; a field of no interest may hold anything.
    #[serde(default)]
    pub value: Value,
}

/// The body of `POST /api/v2/workflows/tasks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRequest {
    /// What it is about, in a line.
    pub subject: String,
    /// The same at length.
    pub description: String,
    /// ISO 8601 with milliseconds and `Z`.
    pub due_date: String,
    /// How urgent it is.
    pub priority: TaskPriority,
    /// The agent who shall do it, an active user.
    pub assignee_id: String,
    /// Fields that the tenant has defined.
    pub custom_fields: Vec<CustomField>,
}

/// The platform's priorities of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskPriority {
    /// Whenever there is time.
    Low,
    /// As usual.
    Normal,
    /// Before the usual.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

/// A field that the tenant has defined, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// The field's id, the tenant's own.
    pub id: String,
    /// Its value.
    pub value: String,
}

/// The body of `POST /api/v2/notifications/agents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRequest {
    /// The agent to be told.
    pub agent_id: String,
    /// What.
    pub message: String,
    /// Where it shows; the recorded client sends `desktop`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How urgent it is; the recorded client sends `high`.
    pub priority: String,
}

/// What `POST /api/v2/workflows/tasks` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The task's id.
    pub id: CreatedId,
}

/// An id, which the platform writes as text or as a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CreatedId {
    /// Text.
    Text(String),
    /// A whole number.
    Number(u64),
}

impl fmt::Display for CreatedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(id) => f.write_str(id),
            Self::Number(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same<T: Serialize + serde::de::DeserializeOwned>(json: &str) {
        let value: T = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
    }

    #[test]
    fn the_recorded_bodies() {
        same::<TaskRequest>(
            r#"{"subject":"Agent Assist: Follow-up required for interaction INT-CSAT-2","description":"Post-interaction satisfaction score: 2. Requires agent review.","dueDate":"2026-11-21T08:49:52.835Z","priority":"High","assigneeId":"AGT-7","customFields":[{"id":"interaction_id_link","value":"INT-CSAT-2"}]}"#,
        );
        same::<NotificationRequest>(
            r#"{"agentId":"AGT-7","message":"New Assist Task assigned: TASK-2. Review interaction INT-CSAT-2.","type":"desktop","priority":"high"}"#,
        );
        same::<InteractionCompleted>(r#"{"interactionId":"INT-CSAT-2","agentId":"AGT-7"}"#);
        same::<Created>(r#"{"id":"TASK-2"}"#);
        same::<Created>(r#"{"id":2}"#);
        assert!(serde_json::from_value::<TaskPriority>(json!("high")).is_err());
    }

    #[test]
    fn the_first_field_of_a_name_counts_and_its_value_is_not_shown() {
        let form = |value: Value| serde_json::from_value::<Form>(value).unwrap();
        let filled = form(json!({"id": 1, "responses": [
            {"value": 9},
            {"fieldName": "comment", "value": "Jane", "more": true},
            {"fieldName": "score", "value": "2,5"},
            {"fieldName": "score", "value": 4},
            {"fieldName": "empty"},
        ]}));
        assert_eq!(filled.value("score"), Some(&json!("2,5")));
        assert_eq!(filled.value("empty"), Some(&Value::Null));
        assert_eq!(filled.value("stars"), None);
        assert!(!format!("{filled:?}").contains("Jane"), "{filled:?}");
        for nothing in [
            json!({}),
            json!({"responses": null}),
            json!({"responses": []}),
        ] {
            assert_eq!(form(nothing).value("score"), None);
        }
        assert!(serde_json::from_value::<Form>(json!({"responses": {"score": 2}})).is_err());
    }
}
