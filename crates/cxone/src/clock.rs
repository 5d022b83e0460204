//! The only place of this crate that reads the system's time or draws from its randomness. Everything else is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::backoff::Moment;

/// Counts [`Moment`]s for one socket's machine, on tokio's clock, which tests can pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Time since the start.
    pub(crate) fn now(self) -> Moment {
        self.start.elapsed()
    }

    /// The same moment for tokio's timers.
    pub(crate) fn instant(self, at: Moment) -> Instant {
        self.start + at
    }
}

/// The time of day, for HTTP dates and the time stamps of frames.
#[expect(clippy::disallowed_methods, reason = "the clock of this crate")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Milliseconds since 1970, as the platform's heartbeat carries them.
pub(crate) fn epoch_ms() -> i64 {
    let since = wall().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number uniform in 0 to 1.
pub(crate) fn draw() -> f64 {
    rand::random()
}
