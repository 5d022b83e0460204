//! `[audit]`: where the audit trail is written.

use std::path::PathBuf;

use serde::Deserialize;

use super::source::Source;
use super::{Problems, storage};

/// The checked section.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The trail's file; its directory exists.
    pub path: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    path: PathBuf,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            path: PathBuf::from("audit.jsonl"),
        }
    }
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Audit> {
    let raw: Raw = source.section("audit", problems)?;
    storage::check("audit.path", &raw.path, problems);
    Some(Audit { path: raw.path })
}
