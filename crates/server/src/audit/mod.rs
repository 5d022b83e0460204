//! The audit trail: one JSON line for each event, chained by SHA-256, so that a later change shows.
//!
//! Start at [`Audit::record`]. [`line`] has the form of a line, [`writer`] the thread that writes, [`verify`] the check.
//! Card bodies and customers' words never come in here: an event has ids, kinds, numbers and outcomes.

mod line;
pub mod verify;
mod writer;

use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use cuecard_protocol::Millis;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::clock::Clock;

pub use writer::AuditError;

/// One event. `event` and `outcome` are names of this program; the rest are ids and small values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// What happened: `published`, `delivered`, `rendered`, `accepted`, `dismissed`, `expired`, `refused`,
    /// `session_opened`, `session_ended`, `server_started`, …
    pub event: &'static str,
    /// Whose doing or whose screen: an agent id, a source's name, or empty for the server itself.
    pub actor: String,
    /// The interaction, where there is one.
    pub interaction: Option<String>,
    /// The card, where there is one.
    pub card: Option<String>,
    /// `ok`, or a short name in `snake_case` of why not.
    pub outcome: &'static str,
    /// More ids, kinds and numbers.
    pub detail: Map<String, Value>,
}

/// The trail of this server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    // `std::sync::mpsc` because `record` must work anywhere without waiting, and the writer is a thread.
    queue: Mutex<Sender<Message>>,
    clock: Clock,
    thread: Option<JoinHandle<()>>,
}

/// Whoever drops the last handle may rely on everything recorded being on disk, if the disk takes it at all (else it is
/// counted as lost), and on the file being free.
impl Drop for Inner {
    fn drop(&mut self) {
        *self.queue.get_mut().unwrap_or_else(PoisonError::into_inner) = mpsc::channel().0;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the audit trail's thread failed");
        }
    }
}

/// What the writer's thread is told.
#[derive(Debug)]
enum Message {
    Write(Millis, Event),
    Flush(oneshot::Sender<bool>),
}

impl Audit {
    /// Opens or makes the trail at `path`, takes up its chain, and keeps others from writing to it meanwhile.
    ///
    /// A last line that was never finished (the machine went down) is cut off, and an event says so.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, AuditError> {
        let writer = writer::Writer::open(path, clock.now())?;
        let (queue, messages) = mpsc::channel();
        let thread = Some(writer::spawn(writer, messages)?);
        Ok(Self {
            inner: Arc::new(Inner {
                queue: Mutex::new(queue),
                clock,
                thread,
            }),
        })
    }

    /// Writes an event with the time of now. Never waits; the line is on disk a moment later.
    pub fn record(&self, event: Event) {
        self.send(Message::Write(self.inner.clock.now(), event));
    }

    /// Returns when the writer has got to everything recorded before: whether all of it is on disk. What is not is tried
    /// again, unless it is lost; after a loss this stays false.
    pub async fn flush(&self) -> bool {
        let (done, written) = oneshot::channel();
        self.send(Message::Flush(done));
        // An error means that the writer is gone; there is nothing left to wait for.
        written.await.unwrap_or(false)
    }

    fn send(&self, message: Message) {
        let queue = self
            .inner
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if queue.send(message).is_err() {
            metrics::counter!("cuecard_audit_lost_total").increment(1);
        }
    }
}
