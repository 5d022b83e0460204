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
        let permit = Arc::clone(&self.limit)
            .acquire_owned()
            .await
            .map_err(|error| failed(doing, error))?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match kept {
                Some(connection) => connection,
                None => schema::open_reader(&path).map_err(|error| failed(doing, error))?,
            };
            let view = connection
                .transaction()
                .map_err(|error| failed(doing, error))?;
            let value = read(&view)?;
            drop(view);
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            Ok(value)
        });
        task.await.map_err(|error| failed(doing, error))?
    }
}
