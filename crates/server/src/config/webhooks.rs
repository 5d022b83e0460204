//! `[webhooks]`: whether the platform's webhooks are taken, and how they prove where they come from.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::Problems;
use super::source::{self, Source};

/// The checked section.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// What they are signed with; none only if unsigned ones are accepted.
    pub secret: Option<SecretString>,
    /// Whether one that is not signed is taken, too.
    pub accept_unsigned: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    accept_unsigned: bool,
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Webhooks> {
    if !source.has("webhooks") {
        return None;
    }
    let raw: Raw = source.section("webhooks", problems)?;
    if !source.has("platform") {
        problems.missing(
            "platform",
            "a section [platform], whose webhooks and forms these are",
        );
    }
    let is_given = raw.secret.is_some() || raw.secret_file.is_some();
    if !is_given && !raw.accept_unsigned {
        problems.missing(
            "webhooks.secret",
            "it or webhooks.secret_file, so that only the platform can send them; or webhooks.accept_unsigned",
        );
    }
    let secret = source::secret(
        "webhooks",
        "secret",
        raw.secret,
        raw.secret_file.as_deref(),
        problems,
    );
    if let Some(secret) = &secret {
        source::require_signer("webhooks.secret", secret, problems);
    }
    Some(Webhooks {
        secret,
        accept_unsigned: raw.accept_unsigned,
    })
}
