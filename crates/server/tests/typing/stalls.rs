//! How long this machine stood still. Where a neighbour or a disk holds everything up, nobody can keep a promise to the
//! second, and that is not the server's fault.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use tokio::time::Instant;

/// What the thread sleeps at a time.
const NAP: Duration = Duration::from_millis(10);

/// A nap that took this much too long was a stall.
const TOLERATED: Duration = Duration::from_millis(50);

/// Looks at the machine in a thread of its own, until it is dropped.
pub struct Stalls {
    end: Sender<()>,
    thread: JoinHandle<Duration>,
}

impl Stalls {
    pub fn watch() -> Self {
        let (end, ended) = mpsc::channel();
        let thread = spawn(move || {
            let mut stalled = Duration::ZERO;
            loop {
                let lay_down = Instant::now();
                let is_over = ended.recv_timeout(NAP) != Err(RecvTimeoutError::Timeout);
                let overslept = lay_down.elapsed().saturating_sub(NAP);
                if overslept > TOLERATED {
                    stalled += overslept;
                }
                if is_over {
                    return stalled;
                }
            }
        });
        Self { end, thread }
    }

    /// All stalls since [`Stalls::watch`] together.
    pub fn end(self) -> Duration {
        drop(self.end);
        self.thread.join().unwrap()
    }
}
