//! The jobs of a store that a server may have open at the same time: for the command line.
//!
//! SQLite lets one process write at a time and the others wait, so nothing that the server does is disturbed. A server
//! looks for jobs that became due by another's hand every second or so.

use std::path::Path;

use rusqlite::Connection;

use super::{jobs, schema};
use crate::backbone::BackboneError;
use crate::backbone::jobs::{Job, JobId, JobState};
use crate::clock::Clock;

/// The jobs in the file of a store.
pub struct Beside {
    connection: Connection,
    clock: Clock,
}

impl Beside {
    /// Opens the file; it must be there, with the tables of this version.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, BackboneError> {
        let connection = schema::open_beside(path)?;
        Ok(Self { connection, clock })
    }

    /// See [`crate::backbone::jobs::Jobs::jobs`].
    pub fn jobs(
        &self,
        queue: Option<&str>,
        state: Option<JobState>,
        limit: usize,
    ) -> Result<Vec<Job>, BackboneError> {
        jobs::list(&self.connection, queue, state, limit)
    }

    /// See [`crate::backbone::jobs::Jobs::job`].
    pub fn job(&self, job: JobId) -> Result<Option<Job>, BackboneError> {
        jobs::one(&self.connection, job)
    }

    /// See [`crate::backbone::jobs::Jobs::replay`].
    pub fn replay(&self, job: JobId) -> Result<bool, BackboneError> {
        jobs::replay(&self.connection, job, self.clock.now())
    }

    /// See [`crate::backbone::jobs::Jobs::discard`].
    pub fn discard(&self, job: JobId) -> Result<bool, BackboneError> {
        jobs::discard(&self.connection, job)
    }
}
