//! What has arrived, for `GET /admin/seen`: requests, frames, and the coming and going of sockets.
//!
//! A bounded log: the oldest entries leave first. No secret is written down: tokens are masked before they get here,
//! and client secrets never come. Start with [`SeenLog::note`].

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

/// Entries that are kept at most.
const MAX_ENTRIES: usize = 50_000;
/// Bytes of frames that are kept at most, as counted by [`SeenLog::note`].
const MAX_BYTES: usize = 64 << 20;

/// What kind of thing arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenKind {
    /// A request: `method`, `path`, `status`, and what its endpoint adds.
    Http,
    /// A data frame from a client: `connection`, `bytes`; `frame` when it was JSON of at most 64 KiB; `error` when it
    /// was refused.
    Frame,
    /// A socket: `event` (`opened` or `closed`), `connection`, and of its end `by`, `code`, `reason`. A refused upgrade
    /// is an `http` entry.
    Socket,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenEntry {
    /// Counts from 1 over everything that arrived.
    pub n: u64,
    /// When, epoch milliseconds.
    pub at_ms: i64,
    /// What kind.
    pub kind: SeenKind,
    /// `oauth`, `risk`, `other`, or the name of a socket.
    pub route: String,
    /// What else is known, by kind.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

impl SeenEntry {
    /// A detail, if it is there and text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.details.get(key).and_then(Value::as_str)
    }
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<(usize, SeenEntry)>,
    last: u64,
    bytes: usize,
}

/// The log and its followers.
#[derive(Debug)]
pub struct SeenLog {
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
}

impl Default for SeenLog {
    fn default() -> Self {
        Self {
            ring: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }
}

impl SeenLog {
    /// Writes an entry down. `details` is a JSON object, `weight` the bytes it stands for.
    pub fn note(&self, at: Timestamp, kind: SeenKind, route: &str, weight: usize, details: Value) {
        let details = match details {
            Value::Object(details) => details,
            other => Map::from_iter([("detail".to_owned(), other)]),
        };
        let mut ring = self.ring();
        ring.last += 1;
        ring.bytes += weight;
        let n = ring.last;
        ring.entries.push_back((
            weight,
            SeenEntry {
                n,
                at_ms: at.as_millisecond(),
                kind,
                route: route.to_owned(),
                details,
            },
        ));
        while ring.entries.len() > MAX_ENTRIES || ring.bytes > MAX_BYTES {
            let Some((weight, _)) = ring.entries.pop_front() else {
                break;
            };
            ring.bytes -= weight;
        }
        drop(ring);
        self.newest.send_replace(n);
    }

    /// The entries after number `after`, of one kind or of all, oldest first.
    pub fn after(&self, after: u64, kind: Option<SeenKind>) -> Vec<SeenEntry> {
        self.ring()
            .entries
            .iter()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.n > after && kind.is_none_or(|kind| kind == entry.kind))
            .cloned()
            .collect()
    }

    /// Tells the number of the newest entry whenever there is one more.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_are_numbered_filtered_and_flat() {
        let log = SeenLog::default();
        let at = Timestamp::from_millisecond(5).unwrap();
        log.note(at, SeenKind::Http, "oauth", 0, json!({"status": 200}));
        log.note(at, SeenKind::Frame, "alerts", 10, json!({"bytes": 10}));
        assert_eq!(
            serde_json::to_value(log.after(0, None)).unwrap(),
            json!([
                {"n": 1, "at_ms": 5, "kind": "http", "route": "oauth", "status": 200},
                {"n": 2, "at_ms": 5, "kind": "frame", "route": "alerts", "bytes": 10},
            ])
        );
        assert_eq!(log.after(0, Some(SeenKind::Frame)).len(), 1);
        assert_eq!(log.after(2, None), vec![]);
    }

    #[test]
    fn weight_bounds_the_log() {
        let log = SeenLog::default();
        let at = Timestamp::UNIX_EPOCH;
        for _ in 0..3 {
            log.note(at, SeenKind::Frame, "alerts", MAX_BYTES / 2, json!({}));
        }
        assert_eq!(
            log.after(0, None)
                .iter()
                .map(|entry| entry.n)
                .collect::<Vec<_>>(),
            [2, 3]
        );
    }
}
