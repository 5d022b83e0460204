//! `[storage]`: where the server keeps what must survive.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Problems;
use super::problem::quoted;
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Storage {
    /// The database's file; its directory exists.
    pub path: PathBuf,
}

impl Storage {
    /// The directory of the database, where other small files may lie, too.
    pub fn data_dir(&self) -> &Path {
        directory(&self.path)
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    path: PathBuf,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            path: PathBuf::from("cuecard.db"),
        }
    }
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Storage> {
    let raw: Raw = source.section("storage", problems)?;
    check("storage.path", &raw.path, problems);
    Some(Storage { path: raw.path })
}

/// Notes a file that cannot be: one that is a directory, or whose directory is not there.
pub(super) fn check(key: &str, path: &Path, problems: &mut Problems) {
    if path.is_dir() || path.file_name().is_none() || !directory(path).is_dir() {
        problems.wrong(
            key,
            quoted(path.display()),
            "a file in a directory that exists",
        );
    }
}

fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
