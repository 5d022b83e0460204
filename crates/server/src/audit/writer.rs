//! The thread that writes the trail: takes what is queued, writes and syncs it in one go, then notes how far it came.
//!
//! Beside the trail lies `<trail>.head` with the number and hash of the last line. It is written after the lines, so it
//! is never ahead of an honest trail, and lines cut off the end show.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cuecard_protocol::Millis;
use serde_json::json;
use tokio::sync::oneshot;

use super::line::{self, Link};
use super::{Event, Message};
use crate::lock;

/// Most events that are written and synced together.
const BATCH: usize = 1024;

/// What could not be written is tried again after so long, if no new event brings it up before.
const RETRY: Duration = Duration::from_secs(1);

/// The trail cannot be taken up.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file system refuses.
    #[error("audit trail {path}: {doing} failed: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Another server writes to it.
    #[error("audit trail {0} is in use by another process; expected a file of this server's own")]
    InUse(PathBuf),
    /// Its end is not the end of a trail.
    #[error(
        "audit trail {path} ends with {found:?}; expected a line that this server wrote. Move the file away to start a new trail"
    )]
    NotATrail {
        /// The file.
        path: PathBuf,
        /// The beginning of its last line.
        found: String,
    },
}

/// The open trail.
pub(super) struct Writer {
    file: File,
    head_path: PathBuf,
    last: Link,
}

/// Where the note of the last line lies.
pub(super) fn head_path(trail: &Path) -> PathBuf {
    let mut name = trail.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

/// Reads the note of the last line; `None` if there is none that makes sense.
pub(super) fn read_head(trail: &Path) -> Option<Link> {
    serde_json::from_slice(&std::fs::read(head_path(trail)).ok()?).ok()
}

impl Writer {
    /// Opens or makes the file and takes up its chain.
    pub fn open(path: &Path, now: Millis) -> Result<Self, AuditError> {
        let failed = |doing| {
            move |source| AuditError::Io {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let mut options = OpenOptions::new();
        // A new one is read by its owner only, as the session key; the mode of one that is there stays.
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(path).map_err(failed("opening"))?;
        match lock::exclusive(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed("locking")(source)),
        }
        let torn = cut_torn_line(&mut file).map_err(failed("cutting an unfinished line"))?;
        let last = match last_line(&mut file).map_err(failed("reading the last line"))? {
            None => Link::genesis(),
            Some(text) => {
                let not_a_trail = || AuditError::NotATrail {
                    path: path.to_owned(),
                    found: text.chars().take(80).collect(),
                };
                line::read("", &text).ok_or_else(not_a_trail)?.link
            }
        };
        let head = read_head(path);
        let mut writer = Self {
            file,
            head_path: head_path(path),
            last,
        };
        let mut events = Vec::new();
        if torn > 0 {
            events.push((
                now,
                note("audit_recovered", "torn_line", json!({ "bytes": torn })),
            ));
        }
        if let Some(head) = head.filter(|head| head.n > writer.last.n) {
            tracing::error!(
                noted = head.n,
                found = writer.last.n,
                "the audit trail is shorter than it was"
            );
            let detail = json!({ "noted": head.n, "found": writer.last.n });
            events.push((now, note("audit_recovered", "lines_missing", detail)));
        }
        writer.write(&events).map_err(failed("writing"))?;
        Ok(writer)
    }

    /// Appends the events; they are on disk when this returns.
    fn write(&mut self, events: &[(Millis, Event)]) -> io::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut last = self.last.clone();
        let mut lines = String::new();
        for (at, event) in events {
            let (text, written) = line::write(&last, *at, event);
            lines.push_str(&text);
            lines.push('\n');
            last = written;
        }
        let start = self.file.metadata()?.len();
        let written = self
            .file
            .write_all(lines.as_bytes())
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a batch on disk would break the chain for the next try.
            self.file.set_len(start)?;
            return Err(error);
        }
        self.last = last;
        // The lines are there: writing them again because of the note beside them would double them.
        if let Err(error) = self.note_head() {
            tracing::error!(%error, "the note beside the audit trail cannot be written");
            metrics::counter!("cuecard_audit_errors_total").increment(1);
        }
        Ok(())
    }

    fn note_head(&self) -> io::Result<()> {
        let next = self.head_path.with_extension("head.next");
        let text = serde_json::to_vec(&self.last).map_err(io::Error::other)?;
        let mut file = std::fs::File::create(&next)?;
        file.write_all(&text)?;
        // Before the rename, so that a power cut cannot leave an empty note.
        file.sync_all()?;
        std::fs::rename(&next, &self.head_path)
    }
}

fn note(event: &'static str, outcome: &'static str, detail: serde_json::Value) -> Event {
    let detail = if let serde_json::Value::Object(detail) = detail {
        detail
    } else {
        serde_json::Map::new()
    };
    Event {
        event,
        outcome,
        detail,
        ..Event::default()
    }
}

/// Starts the thread; it ends when all senders are gone and all is written or, with an error in
/// the log, lost.
pub(super) fn spawn(
    mut writer: Writer,
    messages: Receiver<Message>,
) -> Result<JoinHandle<()>, AuditError> {
    let path = writer.head_path.clone();
    thread::Builder::new()
        .name("audit".to_owned())
        .spawn(move || run(|events| writer.write(events), &messages, RETRY))
        .map_err(|source| AuditError::Io {
            path,
            doing: "starting its thread",
            source,
        })
}

/// Writes what comes until all senders are gone; what cannot be written waits, and is tried again every `retry`.
fn run(
    mut write: impl FnMut(&[(Millis, Event)]) -> io::Result<()>,
    messages: &Receiver<Message>,
    retry: Duration,
) {
    let mut waiting = Vec::new();
    let mut has_lost = false;
    let mut flushes: Vec<oneshot::Sender<bool>> = Vec::new();
    while let Ok(first) = next(messages, (!waiting.is_empty()).then_some(retry)) {
        for message in first.into_iter().chain(messages.try_iter().take(BATCH)) {
            match message {
                Message::Write(at, event) => waiting.push((at, event)),
                Message::Flush(done) => flushes.push(done),
            }
        }
        if try_to(&mut write, &mut waiting).is_err() && waiting.len() > 64 * BATCH {
            // Kept for the next try, but not without end: a full disk must not fill the memory, too.
            lose(&mut waiting);
            has_lost = true;
        }
        for done in flushes.drain(..) {
            // Nobody waits any more: fine.
            let _ = done.send(waiting.is_empty() && !has_lost);
        }
    }
    // Nobody comes back for what is left.
    if !waiting.is_empty() && try_to(&mut write, &mut waiting).is_err() {
        lose(&mut waiting);
    }
}

/// The next message; none if that takes longer than `patience`. An error when there will be none any more.
fn next(
    messages: &Receiver<Message>,
    patience: Option<Duration>,
) -> Result<Option<Message>, RecvError> {
    let Some(patience) = patience else {
        return messages.recv().map(Some);
    };
    match messages.recv_timeout(patience) {
        Ok(message) => Ok(Some(message)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(RecvError),
    }
}

/// Writes what waits, and then nothing waits any more.
fn try_to(
    write: &mut impl FnMut(&[(Millis, Event)]) -> io::Result<()>,
    waiting: &mut Vec<(Millis, Event)>,
) -> io::Result<()> {
    let written = write(waiting);
    match &written {
        Ok(()) => waiting.clear(),
        Err(error) => {
            tracing::error!(%error, waiting = waiting.len(), "the audit trail cannot be written");
            metrics::counter!("cuecard_audit_errors_total").increment(1);
        }
    }
    written
}

fn lose(waiting: &mut Vec<(Millis, Event)>) {
    tracing::error!(events = waiting.len(), "events of the audit trail are lost");
    metrics::counter!("cuecard_audit_lost_total").increment(waiting.len() as u64);
    waiting.clear();
}

/// Cuts off bytes behind the last line break; returns how many.
fn cut_torn_line(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let kept = find_back(file, length)?.map_or(0, |at| at + 1);
    if kept < length {
        file.set_len(kept)?;
        file.sync_data()?;
    }
    Ok(length - kept)
}

/// The last line of a file that is empty or ends with a line break.
fn last_line(file: &mut File) -> io::Result<Option<String>> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(None);
    }
    let end = length - 1;
    let start = find_back(file, end)?.map_or(0, |at| at + 1);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(end - start).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The place of the last line break before `end`.
fn find_back(file: &mut File, mut end: u64) -> io::Result<Option<u64>> {
    const STEP: u64 = 8192;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        (&mut *file).take(end - start).read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|&byte| byte == b'\n') {
            return Ok(Some(start + at as u64));
        }
        end = start;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Sender};

    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// Nothing in these tests takes so long unless it never comes.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn record(queue: &Sender<Message>, events: usize) {
        for _ in 0..events {
            let event = Message::Write(Millis(0), Event::default());
            queue.send(event).unwrap();
        }
    }

    fn flush(queue: &Sender<Message>) -> oneshot::Receiver<bool> {
        let (done, written) = oneshot::channel();
        queue.send(Message::Flush(done)).unwrap();
        written
    }

    /// Writes with a disk that is full so many times: what it took, and the metrics.
    fn run_dry(messages: &Receiver<Message>, mut failures: u32) -> (Vec<usize>, String) {
        let mut taken = Vec::new();
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let write = |events: &[(Millis, Event)]| {
                if failures > 0 {
                    failures -= 1;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                taken.push(events.len());
                Ok(())
            };
            run(write, messages, Duration::from_millis(1));
        });
        (taken, recorder.handle().render())
    }

    #[test]
    fn what_could_not_be_written_is_tried_again_though_nothing_new_happens() {
        let (queue, messages) = mpsc::channel();
        let (take, taken) = mpsc::channel();
        let mut failures = 3;
        let write = move |events: &[(Millis, Event)]| {
            if failures > 0 {
                failures -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            take.send(events.len()).map_err(io::Error::other)
        };
        let thread = thread::spawn(move || run(write, &messages, Duration::from_millis(1)));
        record(&queue, 1);
        assert_eq!(taken.recv_timeout(PATIENCE), Ok(1));
        assert_eq!(flush(&queue).blocking_recv(), Ok(true));
        drop(queue);
        thread.join().unwrap();
    }

    #[test]
    fn a_flush_tells_whether_all_is_on_disk() {
        let (queue, messages) = mpsc::channel();
        record(&queue, 2);
        let written = flush(&queue);
        drop(queue);
        run_dry(&messages, 0);
        assert_eq!(written.blocking_recv(), Ok(true));

        let (queue, messages) = mpsc::channel();
        record(&queue, 2);
        let written = flush(&queue);
        drop(queue);
        run_dry(&messages, 1);
        assert_eq!(written.blocking_recv(), Ok(false));
    }

    #[test]
    fn the_rest_is_tried_once_more_at_the_end() {
        let (queue, messages) = mpsc::channel();
        record(&queue, 2);
        drop(queue);
        let (taken, metrics) = run_dry(&messages, 1);
        assert_eq!(taken, [2]);
        assert!(!metrics.contains("cuecard_audit_lost_total"), "{metrics}");
    }

    #[test]
    fn what_is_lost_is_counted_and_no_flush_hides_it() {
        let (queue, messages) = mpsc::channel();
        record(&queue, 2);
        drop(queue);
        let (taken, metrics) = run_dry(&messages, u32::MAX);
        assert_eq!(taken, [0; 0]);
        assert!(
            metrics.contains("cuecard_audit_lost_total 2\n"),
            "{metrics}"
        );

        // More than is kept for a full disk; each round of the loop takes a batch and one.
        let (queue, messages) = mpsc::channel();
        let rounds = 64;
        record(&queue, rounds * (BATCH + 1));
        let written = flush(&queue);
        drop(queue);
        let (_, metrics) = run_dry(&messages, u32::try_from(rounds).unwrap());
        let lost = format!("cuecard_audit_lost_total {}\n", rounds * (BATCH + 1));
        assert!(metrics.contains(&lost), "{metrics}");
        assert_eq!(written.blocking_recv(), Ok(false));
    }
}
