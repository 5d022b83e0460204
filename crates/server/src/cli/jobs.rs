//! `jobs`: look at the durable queues, beside a running server or without one; replay or discard what is dead.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use cuecard_server::backbone::BackboneError;
use cuecard_server::backbone::embedded::beside::Beside;
use cuecard_server::backbone::jobs::{Job, JobId, JobState};
use cuecard_server::clock::Clock;
use cuecard_server::config::{Config, Flags};
use cuecard_server::timestamp;

use super::{FAILED, WRONG_SETTINGS, print, say};

#[derive(Subcommand)]
pub(super) enum JobsCommand {
    /// List jobs, the oldest first.
    List {
        #[command(flatten)]
        store: Store,
        /// Only this queue, such as callback:crm.
        #[arg(long)]
        queue: Option<String>,
        /// Only jobs in this state.
        #[arg(long)]
        state: Option<State>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one job whole, with what is to be delivered.
    Show(One),
    /// Make a dead job due again; a running server takes it up within two seconds.
    Replay(One),
    /// Forget a dead job.
    Discard(One),
}

#[derive(Args)]
pub(super) struct One {
    /// Its number, as `list` shows it.
    id: JobId,
    #[command(flatten)]
    store: Store,
}

#[derive(Args)]
pub(super) struct Store {
    /// The settings, which say where the store is.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Print JSON, one object in each line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum State {
    Waiting,
    Leased,
    Dead,
}

impl From<State> for JobState {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => Self::Waiting,
            State::Leased => Self::Leased,
            State::Dead => Self::Dead,
        }
    }
}

pub(super) fn run(command: &JobsCommand) -> ExitCode {
    let store = match command {
        JobsCommand::List { store, .. } => store,
        JobsCommand::Show(one) | JobsCommand::Replay(one) | JobsCommand::Discard(one) => &one.store,
    };
    let config = match Config::load(store.config.as_deref(), &Flags::default()) {
        Ok(config) => config,
        Err(error) => return say(&error, WRONG_SETTINGS),
    };
    let path = &config.storage.path;
    let beside = match Beside::open(path, Clock::system()) {
        Ok(beside) => beside,
        Err(error) => {
            let line = format!(
                "storage.path is \"{}\": expected a database of this server ({error})",
                path.display()
            );
            return say(&line, WRONG_SETTINGS);
        }
    };
    match carry_out(command, &beside, store.json) {
        Ok(Ok(lines)) if lines.is_empty() => ExitCode::SUCCESS,
        Ok(Ok(lines)) => print(&lines.join("\n")),
        Ok(Err(refusal)) => say(&refusal, FAILED),
        Err(error) => say(&error, FAILED),
    }
}

/// The lines to print, or why it cannot be done.
fn carry_out(
    command: &JobsCommand,
    beside: &Beside,
    json: bool,
) -> Result<Result<Vec<String>, String>, BackboneError> {
    Ok(match command {
        JobsCommand::List {
            queue,
            state,
            limit,
            ..
        } => {
            let jobs = beside.jobs(queue.as_deref(), state.map(JobState::from), *limit)?;
            Ok(jobs
                .iter()
                .map(|job| if json { as_json(job) } else { line(job) })
                .collect())
        }
        JobsCommand::Show(one) => match beside.job(one.id)? {
            Some(job) if json => Ok(vec![as_json(&job)]),
            Some(job) => Ok(vec![line(&job), whole(&job)]),
            None => Err(unknown(one.id)),
        },
        JobsCommand::Replay(one) => {
            let is_done = beside.replay(one.id)?;
            changed(beside, one.id, is_done, "replayed", json)?
        }
        JobsCommand::Discard(one) => {
            let is_done = beside.discard(one.id)?;
            changed(beside, one.id, is_done, "discarded", json)?
        }
    })
}

fn changed(
    beside: &Beside,
    id: JobId,
    is_done: bool,
    word: &str,
    json: bool,
) -> Result<Result<Vec<String>, String>, BackboneError> {
    if is_done {
        let line = if json {
            serde_json::json!({ "id": id, "result": word }).to_string()
        } else {
            format!("job {id} is {word}")
        };
        return Ok(Ok(vec![line]));
    }
    Ok(Err(match beside.job(id)? {
        Some(job) => format!("job {id} is {}: expected a dead job", job.state.as_str()),
        None => unknown(id),
    }))
}

fn unknown(id: JobId) -> String {
    format!("job {id} is not there: expected one that `jobs list` shows")
}

fn as_json(job: &Job) -> String {
    serde_json::to_string(job).unwrap_or_default()
}

/// One line, without what is to be delivered.
fn line(job: &Job) -> String {
    format!(
        "{}\t{}\t{}\tmade {}\tattempts {}\tdue {}\t{}",
        job.id,
        job.state.as_str(),
        job.queue,
        timestamp::write(job.created_at),
        job.attempts,
        timestamp::write(job.due_at),
        job.last_error.as_deref().unwrap_or("-")
    )
}

fn whole(job: &Job) -> String {
    let payload = serde_json::to_string_pretty(&job.payload).unwrap_or_default();
    format!("delivery {}\n{payload}", job.delivery)
}
