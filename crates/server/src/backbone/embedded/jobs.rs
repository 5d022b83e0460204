//! Durable jobs with leases.

use cuecard_protocol::Millis;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{json, most, stored, time, time_or_none, word};
use super::failed;
use super::writer::Write;
use crate::backbone::BackboneError;
use crate::backbone::jobs::{Job, JobId, JobState, QueueDepth, Settlement, TYPING_MARKS};

/// Longest reason of a failure that is kept, in characters.
const LONGEST_REASON: usize = 300;

const COLUMNS: &str =
    "id, queue, delivery, payload, created_at, tried_since, attempts, state, due_at, last_error";

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get("id")?,
        queue: row.get("queue")?,
        delivery: row.get("delivery")?,
        payload: json(row, "payload")?,
        created_at: time(row, "created_at")?,
        tried_since: time(row, "tried_since")?,
        attempts: row.get("attempts")?,
        state: word(row, "state")?,
        due_at: time(row, "due_at")?,
        last_error: row.get("last_error")?,
    })
}

/// See [`crate::backbone::jobs::Jobs::enqueue`]; nobody is to have the job before `due_at`.
pub(super) fn enqueue(
    write: &mut Write<'_>,
    queue: &str,
    delivery: &str,
    payload: &str,
    now: Millis,
    due_at: Millis,
) -> Result<bool, BackboneError> {
    let is_new = write
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO jobs (queue, delivery, payload, created_at, tried_since, state, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?5)",
        )
        .and_then(|mut insert| {
            insert.execute(params![queue, delivery, payload, stored(now), stored(due_at)])
        })
        .map_err(|error| failed("enqueue", error))?
        > 0;
    write.news.has_jobs |= is_new && queue != TYPING_MARKS;
    Ok(is_new)
}

/// See [`crate::backbone::jobs::Jobs::lease`].
pub(super) fn lease(
    db: &Connection,
    queue: &str,
    limit: usize,
    now: Millis,
    until: Millis,
) -> Result<Vec<Job>, BackboneError> {
    let mut jobs: Vec<Job> = db
        .prepare_cached(&format!(
            "UPDATE jobs SET state = 'leased', attempts = attempts + 1, due_at = ?4
             WHERE id IN (SELECT id FROM jobs WHERE queue = ?1 AND state <> 'dead' AND due_at <= ?2
                 ORDER BY due_at, id LIMIT ?3)
             RETURNING {COLUMNS}"
        ))
        .and_then(|mut update| {
            let key = params![queue, stored(now), most(limit), stored(until)];
            update.query_map(key, read)?.collect()
        })
        .map_err(|error| failed("lease", error))?;
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

/// See [`crate::backbone::jobs::Jobs::keep`].
pub(super) fn keep(
    db: &Connection,
    job: JobId,
    attempts: u32,
    payload: &str,
) -> Result<bool, BackboneError> {
    db.prepare_cached(
        "UPDATE jobs SET payload = ?3 WHERE id = ?1 AND attempts = ?2 AND state = 'leased'",
    )
    .and_then(|mut update| update.execute(params![job, attempts, payload]))
    .map(|changed| changed > 0)
    .map_err(|error| failed("keep", error))
}

/// See [`crate::backbone::jobs::Jobs::settle`].
pub(super) fn settle(
    write: &mut Write<'_>,
    job: JobId,
    attempts: u32,
    settlement: &Settlement,
    now: Millis,
) -> Result<bool, BackboneError> {
    let short = |reason: &str| reason.chars().take(LONGEST_REASON).collect::<String>();
    let (sql, time, reason) = match settlement {
        Settlement::Done => (
            "DELETE FROM jobs WHERE id = ?1 AND attempts = ?2 AND state = 'leased'",
            None,
            None,
        ),
        Settlement::Retry { at, reason } => (
            "UPDATE jobs SET state = 'waiting', due_at = ?3, last_error = ?4
             WHERE id = ?1 AND attempts = ?2 AND state = 'leased'",
            Some(*at),
            Some(short(reason)),
        ),
        Settlement::Dead { reason } => (
            "UPDATE jobs SET state = 'dead', due_at = ?3, last_error = ?4
             WHERE id = ?1 AND attempts = ?2 AND state = 'leased'",
            Some(now),
            Some(short(reason)),
        ),
    };
    let settled = write
        .db
        .prepare_cached(sql)
        .and_then(|mut statement| match time {
            None => statement.execute(params![job, attempts]),
            Some(time) => statement.execute(params![job, attempts, stored(time), reason]),
        });
    let is_settled = settled.map_err(|error| failed("settle", error))? > 0;
    write.news.has_jobs |= is_settled && matches!(settlement, Settlement::Retry { .. });
    Ok(is_settled)
}

/// See [`crate::backbone::jobs::Jobs::forget`].
pub(super) fn forget(db: &Connection, queue: &str, delivery: &str) -> Result<bool, BackboneError> {
    db.prepare_cached("DELETE FROM jobs WHERE queue = ?1 AND delivery = ?2")
        .and_then(|mut delete| delete.execute([queue, delivery]))
        .map(|deleted| deleted > 0)
        .map_err(|error| failed("forget a job", error))
}

/// See [`crate::backbone::jobs::Jobs::next_due`].
pub(super) fn next_due(db: &Connection, queue: &str) -> Result<Option<Millis>, BackboneError> {
    db.prepare_cached("SELECT min(due_at) AS due_at FROM jobs WHERE queue = ?1 AND state <> 'dead'")
        .and_then(|mut select| select.query_row([queue], |row| time_or_none(row, "due_at")))
        .map_err(|error| failed("next_due", error))
}

/// See [`crate::backbone::jobs::Jobs::jobs`].
pub(super) fn list(
    db: &Connection,
    queue: Option<&str>,
    state: Option<JobState>,
    limit: usize,
) -> Result<Vec<Job>, BackboneError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM jobs
         WHERE (queue = ?1 OR ?1 IS NULL AND queue <> ?4) AND (?2 IS NULL OR state = ?2)
         ORDER BY id LIMIT ?3"
    ))
    .and_then(|mut select| {
        let key = params![
            queue,
            state.map(JobState::as_str),
            most(limit),
            TYPING_MARKS
        ];
        select.query_map(key, read)?.collect()
    })
    .map_err(|error| failed("list jobs", error))
}

/// See [`crate::backbone::jobs::Jobs::job`].
pub(super) fn one(db: &Connection, job: JobId) -> Result<Option<Job>, BackboneError> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1"))
        .and_then(|mut select| select.query_row([job], read).optional())
        .map_err(|error| failed("find a job", error))
}

/// See [`crate::backbone::jobs::Jobs::replay`].
pub(super) fn replay(db: &Connection, job: JobId, now: Millis) -> Result<bool, BackboneError> {
    db.execute(
        "UPDATE jobs SET state = 'waiting', due_at = ?2, tried_since = ?2 WHERE id = ?1 AND state = 'dead'",
        params![job, stored(now)],
    )
    .map(|changed| changed > 0)
    .map_err(|error| failed("replay", error))
}

/// See [`crate::backbone::jobs::Jobs::discard`].
pub(super) fn discard(db: &Connection, job: JobId) -> Result<bool, BackboneError> {
    db.execute("DELETE FROM jobs WHERE id = ?1 AND state = 'dead'", [job])
        .map(|changed| changed > 0)
        .map_err(|error| failed("discard", error))
}

/// See [`crate::backbone::jobs::Jobs::depths`].
pub(super) fn depths(db: &Connection) -> Result<Vec<QueueDepth>, BackboneError> {
    db.prepare_cached(
        "SELECT queue, count(*) FILTER (WHERE state <> 'dead') AS open,
             count(*) FILTER (WHERE state = 'dead') AS dead,
             min(created_at) FILTER (WHERE state <> 'dead') AS oldest
         FROM jobs WHERE queue <> ?1 GROUP BY queue ORDER BY queue",
    )
    .and_then(|mut select| {
        let read = |row: &Row<'_>| {
            Ok(QueueDepth {
                queue: row.get("queue")?,
                open: row.get("open")?,
                dead: row.get("dead")?,
                oldest: time_or_none(row, "oldest")?,
            })
        };
        select.query_map([TYPING_MARKS], read)?.collect()
    })
    .map_err(|error| failed("depths", error))
}
