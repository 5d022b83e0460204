//! Connections that only read: as many as there are reads at the same time, kept for the next, each in a consistent view.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{failed, schema};
use crate::backbone::BackboneError;

/// Most reads at the same time.
const LIMIT: usize = 4;

/// The pool.
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    limit: Arc<Semaphore>,
}

impl Readers {
    /// A pool for this file; connections are opened when they are needed.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Arc::default(),
            limit: Arc::new(Semaphore::new(LIMIT)),
        }
    }

    /// Reads within one view of the database, away from the async threads.
    pub async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, BackboneError> + Send + 'static,
    ) -> Result<T, BackboneError> {
        let limit = Arc::clone(&self.limit);
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        // In a task of its own: a place that is free is given to whoever waits longest, and a caller who is not polled
        // meanwhile would keep it from all others.
        let task = tokio::spawn(async move {
            let permit = limit.acquire_owned().await;
            let _permit = permit.map_err(|error| failed(doing, error))?;
            let reading = tokio::task::spawn_blocking(move || in_view(&path, &idle, doing, read));
            reading.await.map_err(|error| failed(doing, error))?
        });
        task.await.map_err(|error| failed(doing, error))?
    }
}

/// Reads with a connection of the pool, which comes back unless the read failed.
fn in_view<T>(
    path: &Path,
    idle: &Mutex<Vec<Connection>>,
    doing: &'static str,
    read: impl FnOnce(&Connection) -> Result<T, BackboneError>,
) -> Result<T, BackboneError> {
    let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = idle().pop();
    let mut connection = match kept {
        Some(connection) => connection,
        None => schema::open_reader(path).map_err(|error| failed(doing, error))?,
    };
    let view = connection
        .transaction()
        .map_err(|error| failed(doing, error))?;
    let value = read(&view)?;
    drop(view);
    idle().push(connection);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tempfile::tempdir;
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use super::*;

    /// Nothing here takes so long unless it never comes.
    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_reader_that_nobody_polls_keeps_no_other_waiting() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("cuecard.db");
        let _store = schema::open(&path, "log").unwrap();
        let readers = Arc::new(Readers::new(&path));
        // All places are taken by readers that wait for a word.
        let word = Arc::new(Barrier::new(LIMIT + 1));
        let busy: Vec<_> = (0..LIMIT)
            .map(|_| {
                let (readers, word) = (Arc::clone(&readers), Arc::clone(&word));
                let read = move |_: &Connection| {
                    word.wait();
                    Ok(())
                };
                tokio::spawn(async move { readers.read("wait", read).await })
            })
            .collect();
        while readers.limit.available_permits() > 0 {
            yield_now().await;
        }
        // As many others are begun, and left alone.
        let mut left: Vec<_> = (0..LIMIT)
            .map(|_| Box::pin(readers.read("lie idle", |_| Ok(()))))
            .collect();
        for reader in &mut left {
            assert!(reader.now_or_never().is_none());
        }
        yield_now().await;
        word.wait();
        let next = timeout(PATIENCE, readers.read("go on", |_| Ok(()))).await;
        next.expect("a place").expect("a read");
        for reader in busy {
            reader.await.unwrap().unwrap();
        }
    }
}
