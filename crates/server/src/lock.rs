//! A file that only one server may use at a time.

use std::fs::{File, TryLockError};
use std::thread::sleep;
use std::time::Duration;

/// How often a lock that is taken is tried again, and after how long: the server before may still be on its way out.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Locks the file until it is closed. Waits up to 2 s for another holder; so not for async threads.
pub(crate) fn exclusive(file: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            done => return done,
        }
    }
    file.try_lock()
}
