//! The one thread that writes. Start at [`Writer::write`].

use std::collections::BTreeMap;
use std::fs::File;
use std::thread::{self, JoinHandle};

use cuecard_protocol::AgentId;
use rusqlite::{Connection, Savepoint, TransactionBehavior};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::failed;
use super::outcome_followers::OutcomeFollowers;
use crate::backbone::BackboneError;
use crate::backbone::subscription::Subscription;

/// Writes that may wait; further callers wait for room, so a flood costs no memory.
const QUEUE: usize = 1024;
/// Most writes in one transaction: large enough to pay for the sync, small enough that nobody waits long.
const BATCH: usize = 256;

/// What a statement may do: the database within a savepoint, and saying what others want to know.
pub(super) struct Write<'a> {
    pub db: &'a Connection,
    pub news: &'a mut News,
    pub standing: &'a Standing,
}

/// What does not change while the store is open.
pub(super) struct Standing {
    pub log_id: String,
    pub subscriptions: Vec<Subscription>,
}

/// What followers are told once it is durable.
#[derive(Default)]
pub(super) struct News {
    /// Whose logs grew.
    pub grown: Vec<AgentId>,
    /// The last outcome of each client that has new ones.
    pub outcomes: BTreeMap<String, u64>,
    /// Whether there is a new job, or one that is due now.
    pub has_jobs: bool,
}

impl News {
    fn add(&mut self, later: Self) {
        self.grown.extend(later.grown);
        self.outcomes.extend(later.outcomes);
        self.has_jobs |= later.has_jobs;
    }
}

/// How followers are told.
#[derive(Clone)]
pub(super) struct Followers {
    pub grown: broadcast::Sender<AgentId>,
    pub outcomes: OutcomeFollowers,
    pub jobs: watch::Sender<u64>,
}

impl Followers {
    /// Nobody follows: fine.
    fn tell(&self, mut news: News) {
        news.grown.sort_unstable();
        news.grown.dedup();
        for agent in news.grown {
            let _ = self.grown.send(agent);
        }
        self.outcomes.tell(&news.outcomes);
        if news.has_jobs {
            self.jobs.send_modify(|changes| *changes += 1);
        }
    }
}

/// Answers the caller; called after the commit, with what became of that.
type Answer = Box<dyn FnOnce(Result<(), BackboneError>) + Send>;
/// Does a write within the batch. `Err` undoes its own statements only.
type Job = Box<dyn FnOnce(&mut Write<'_>) -> Result<Answer, Answer> + Send>;

/// The way to the thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

/// Whoever drops it may rely on everything being written, and on the file being free.
impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = mpsc::channel(1).0;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the store's thread failed");
        }
    }
}

impl Writer {
    /// Starts the thread; it holds the lock as long as it may write.
    pub fn spawn(
        mut connection: Connection,
        lock: File,
        standing: Standing,
        followers: Followers,
    ) -> Result<Self, BackboneError> {
        let (jobs, mut queue) = mpsc::channel(QUEUE);
        let run = move || {
            let mut batch = Vec::with_capacity(BATCH);
            while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
                write_batch(&mut connection, batch.drain(..), &standing, &followers);
            }
            drop(connection);
            drop(lock);
        };
        let thread = thread::Builder::new()
            .name("backbone".to_owned())
            .spawn(run);
        Ok(Self {
            jobs,
            thread: Some(thread.map_err(|error| failed("start", error))?),
        })
    }

    /// Does the write in the next batch; returns when it is durable, or was undone.
    pub async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        write: impl FnOnce(&mut Write<'_>) -> Result<T, BackboneError> + Send + 'static,
    ) -> Result<T, BackboneError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |batch| match write(batch) {
            // A caller that has gone away needs no answer; the write holds.
            Ok(value) => Ok(Box::new(move |committed| {
                drop(answer.send(committed.map(|()| value)));
            })),
            Err(error) => Err(Box::new(move |_| drop(answer.send(Err(error))))),
        });
        let gone = || failed(doing, "the store did not take the write; its log says why");
        self.jobs.send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Followers are told, and callers answered, only of what is durable.
fn write_batch(
    connection: &mut Connection,
    jobs: impl Iterator<Item = Job>,
    standing: &Standing,
    followers: &Followers,
) {
    let mut news = News::default();
    let mut answers = Vec::new();
    let committed = commit_batch(connection, jobs, standing, &mut news, &mut answers);
    if committed.is_ok() {
        followers.tell(news);
    }
    let failure = committed.err().map(|error| error.to_string());
    if let Some(reason) = &failure {
        tracing::error!(%reason, "a batch of writes was undone");
    }
    for answer in answers {
        answer(
            failure
                .as_ref()
                .map_or(Ok(()), |reason| Err(failed("commit", reason.clone()))),
        );
    }
}

fn commit_batch(
    connection: &mut Connection,
    jobs: impl Iterator<Item = Job>,
    standing: &Standing,
    news: &mut News,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        answers.push(run(savepoint, job, standing, news)?);
    }
    transaction.commit()
}

fn run(
    mut savepoint: Savepoint<'_>,
    job: Job,
    standing: &Standing,
    news: &mut News,
) -> rusqlite::Result<Answer> {
    let mut own = News::default();
    let done = job(&mut Write {
        db: &savepoint,
        news: &mut own,
        standing,
    });
    match done {
        Ok(answer) => {
            news.add(own);
            savepoint.commit().map(|()| answer)
        }
        Err(answer) => {
            savepoint.rollback()?;
            savepoint.commit().map(|()| answer)
        }
    }
}
