//! `[log]`: how much is logged on stderr, and in which form.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::Problems;
use super::problem::quoted;
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Log {
    /// The form.
    pub format: Format,
    /// A level, or directives such as `info,cuecard_server::broker=debug`.
    pub level: String,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    format: Format,
    level: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            format: Format::Text,
            level: "info".to_owned(),
        }
    }
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Log> {
    let raw: Raw = source.section("log", problems)?;
    if raw.level.trim().is_empty() || EnvFilter::try_new(&raw.level).is_err() {
        let expected = "a level (error, warn, info, debug, trace) or directives such as info,cuecard_server=debug";
        problems.wrong("log.level", quoted(&raw.level), expected);
    }
    Some(Log {
        format: raw.format,
        level: raw.level,
    })
}
