//! Who is asked for forms, tasks and notifications: the platform, or a test's stand-in.

use std::future::Future;

use cuecard_cxone::tasks::{TaskError, Tasks};
use cuecard_cxone::wire::tasks::{Form, NotificationRequest, TaskRequest};

/// See the methods of [`Tasks`].
pub(super) trait Platform: Send + Sync {
    fn form(
        &self,
        interaction: &str,
    ) -> impl Future<Output = Result<Option<Form>, TaskError>> + Send;

    fn create(
        &self,
        task: &TaskRequest,
        key: &str,
    ) -> impl Future<Output = Result<Option<String>, TaskError>> + Send;

    fn notify(
        &self,
        notification: &NotificationRequest,
        key: &str,
    ) -> impl Future<Output = Result<(), TaskError>> + Send;
}

impl Platform for Tasks {
    async fn form(&self, interaction: &str) -> Result<Option<Form>, TaskError> {
        Self::form(self, interaction).await
    }

    async fn create(&self, task: &TaskRequest, key: &str) -> Result<Option<String>, TaskError> {
        Self::create(self, task, key).await
    }

    async fn notify(&self, notification: &NotificationRequest, key: &str) -> Result<(), TaskError> {
        Self::notify(self, notification, key).await
    }
}
