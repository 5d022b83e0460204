//! What follows a finished interaction, by REST: its form, a task for its agent, and word of it (platform wire, section 6).
//!
//! Each method is one call (two when the first token is rejected) that ends within [`CALL_LIMIT`]. What to make of a
//! form, and when to call again, is not decided here. Start at [`Tasks`].

mod error;

use std::time::Duration;

use http::{Method, StatusCode};
use metrics::counter;
use serde_json::{Map, Value, json};

pub use self::error::TaskError;
use crate::{
    platform::HttpUrl,
    rest::{Answer, Rest},
    segment,
    token::{TokenError, TokenSource},
    wire::tasks::{Created, Form, NotificationRequest, TaskRequest},
};

/// What all three calls need together (platform wire, section 2).
pub const TASKS_SCOPE: &str =
    "interaction:read postinteractionform:read workflow:task:create notification:write";
/// How long a call may take, its token included.
pub const CALL_LIMIT: Duration = Duration::from_secs(10);
/// No form is longer, in bytes.
const LONGEST_FORM: usize = 1024 * 1024;

/// One of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Form,
    Task,
    Notification,
}

impl Call {
    /// What it needs (platform wire, section 6.2).
    const fn scope(self) -> &'static str {
        match self {
            Self::Form => "interaction:read postinteractionform:read",
            Self::Task => "workflow:task:create",
            Self::Notification => "notification:write",
        }
    }

    /// The value of the metrics' `call` and `route` labels.
    const fn label(self) -> &'static str {
        match self {
            Self::Form => "forms",
            Self::Task => "tasks",
            Self::Notification => "notifications",
        }
    }
}

/// Forms, tasks and notifications of one tenant.
///
/// The platform's wire knows no idempotency keys (section 6.3); they are sent all the same. A platform that does not
/// heed them does again what is asked again, also when only its answer was lost.
#[derive(Debug)]
pub struct Tasks(Rest);

impl Tasks {
    /// Calls below `base`, usually an origin. Calls nobody yet.
    pub fn new(tokens: TokenSource, base: &HttpUrl) -> Result<Self, TaskError> {
        let rest = Rest::new(tokens, base, CALL_LIMIT).map_err(TokenError::from)?;
        Ok(Self(rest.with_longest_answer(LONGEST_FORM)))
    }

    /// The form of an interaction; `None` when the platform says that there is none (404).
    pub async fn form(&self, interaction: &str) -> Result<Option<Form>, TaskError> {
        counted(Call::Form, self.read(interaction).await)
    }

    /// Makes a task; its id, if the answer says one. `key` is that of the first try, at every try: visible ASCII.
    pub async fn create(&self, task: &TaskRequest, key: &str) -> Result<Option<String>, TaskError> {
        counted(Call::Task, self.make(task, key).await)
    }

    /// Tells an agent. `key` as with [`Tasks::create`].
    pub async fn notify(
        &self,
        notification: &NotificationRequest,
        key: &str,
    ) -> Result<(), TaskError> {
        counted(Call::Notification, self.tell(notification, key).await)
    }

    async fn read(&self, interaction: &str) -> Result<Option<Form>, TaskError> {
        segment::check("interaction", interaction)?;
        let path = [
            "api",
            "v2",
            "interactions",
            interaction,
            "postinteractionforms",
        ];
        let answer = self.0.call(Method::GET, &path, None, None).await?;
        match answer.status {
            // A page of something between us and the platform says nothing about the form.
            StatusCode::NOT_FOUND if answer.is_empty() => Ok(None),
            StatusCode::NOT_FOUND => answer
                .object::<Map<String, Value>>()
                .map(|_| None)
                .map_err(unreadable),
            status if status.is_success() => answer.object().map(Some).map_err(unreadable),
            _ => Err(TaskError::of(&answer, Call::Form.scope())),
        }
    }

    async fn make(&self, task: &TaskRequest, key: &str) -> Result<Option<String>, TaskError> {
        let path = ["api", "v2", "workflows", "tasks"];
        let answer = self.post(Call::Task, &path, &json!(task), key).await?;
        // Any 2xx is a success (platform wire, section 6.2): asking again for an id could make a second task.
        let made: Option<Created> = answer.object().ok();
        Ok(made.map(|made| made.id.to_string()))
    }

    async fn tell(&self, notification: &NotificationRequest, key: &str) -> Result<(), TaskError> {
        let path = ["api", "v2", "notifications", "agents"];
        let body = json!(notification);
        // Nothing of the answer is needed.
        self.post(Call::Notification, &path, &body, key).await?;
        Ok(())
    }

    async fn post(
        &self,
        call: Call,
        path: &[&str],
        body: &Value,
        key: &str,
    ) -> Result<Answer, TaskError> {
        let answer = self
            .0
            .call(Method::POST, path, Some(body), Some(key))
            .await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(TaskError::of(&answer, call.scope()))
        }
    }
}

fn unreadable(reason: String) -> TaskError {
    TaskError::Unreadable { reason }
}

/// Counts a call by its outcome.
fn counted<T>(call: Call, result: Result<T, TaskError>) -> Result<T, TaskError> {
    let outcome = result.as_ref().err().map_or("done", TaskError::label);
    counter!("cuecard_platform_task_calls_total", "call" => call.label(), "outcome" => outcome)
        .increment(1);
    if result.as_ref().is_err_and(TaskError::is_rate_limit) {
        counter!("cuecard_platform_rate_limited_total", "route" => call.label()).increment(1);
    }
    result
}
