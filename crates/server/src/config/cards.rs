//! `[cards]`: what a card's body may hold.

use serde::Deserialize;

use super::Problems;
use super::origin::{self, Origin};
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Cards {
    /// Origins that images may come from.
    pub image_origins: Vec<Origin>,
    /// Whether bodies are cleaned here. Only tests of the browser's own cleaning switch it off.
    pub clean_html: bool,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    image_origins: Vec<String>,
    clean_html: bool,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            image_origins: Vec::new(),
            clean_html: true,
        }
    }
}

pub(super) fn read(source: &Source, development: bool, problems: &mut Problems) -> Option<Cards> {
    let raw: Raw = source.section("cards", problems)?;
    if !raw.clean_html && !development {
        problems.wrong("cards.clean_html", "false", "true, or server.dev_mode");
    }
    let image_origins = origin::list("cards.image_origins", &raw.image_origins, problems);
    Some(Cards {
        image_origins,
        clean_html: raw.clean_html,
    })
}
