//! `[session]`: how long a session lives and how an agent's desktop proves who it is.

use std::path::PathBuf;

use cuecard_protocol::Millis;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::Problems;
use super::problem::quoted;
use super::source::{self, Source};

/// The checked section.
#[derive(Debug, Clone)]
pub struct Session {
    /// How long a session lives.
    pub lifetime: Millis,
    /// BCP 47 language of agents whose assertion names none.
    pub locale: String,
    /// What an assertion's `aud` must be.
    pub audience: String,
    /// Keys that assertions are checked with; without one only dev mode opens sessions.
    pub assertion_keys: Vec<AssertionKey>,
}

/// A key that assertions are checked with. Its kind fixes the algorithm; what a token claims about itself does not.
#[derive(Debug, Clone)]
pub enum AssertionKey {
    /// HMAC with SHA-256: a shared secret.
    Hs256(SecretString),
    /// `EdDSA`: a public key in PEM.
    EdDsa(SecretString),
}

/// Fewest bytes of a shared secret: the width of the hash (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;
/// Longest session: a week, in minutes.
const LONGEST: u64 = 7 * 24 * 60;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    lifetime_minutes: u64,
    locale: String,
    audience: String,
    hs256_secret: Option<SecretString>,
    hs256_secret_file: Option<PathBuf>,
    eddsa_public_key_pem: Option<SecretString>,
    eddsa_public_key_pem_file: Option<PathBuf>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            lifetime_minutes: 720,
            locale: "en".to_owned(),
            audience: "cuecard".to_owned(),
            hs256_secret: None,
            hs256_secret_file: None,
            eddsa_public_key_pem: None,
            eddsa_public_key_pem_file: None,
        }
    }
}

pub(super) fn read(source: &Source, development: bool, problems: &mut Problems) -> Option<Session> {
    let raw: Raw = source.section("session", problems)?;
    if !(1..=LONGEST).contains(&raw.lifetime_minutes) {
        let expected = format!("1 to {LONGEST} minutes");
        problems.wrong(
            "session.lifetime_minutes",
            raw.lifetime_minutes.to_string(),
            expected,
        );
    }
    if raw.locale.is_empty()
        || !raw
            .locale
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        problems.wrong(
            "session.locale",
            quoted(&raw.locale),
            "a BCP 47 language such as en or de-AT",
        );
    }
    if raw.audience.is_empty() {
        problems.wrong(
            "session.audience",
            quoted(&raw.audience),
            "what the aud of assertions is",
        );
    }
    let given = [&raw.hs256_secret_file, &raw.eddsa_public_key_pem_file]
        .iter()
        .any(|file| file.is_some())
        || raw.hs256_secret.is_some()
        || raw.eddsa_public_key_pem.is_some();
    if !given && !development {
        problems.missing(
            "session.hs256_secret",
            "it or session.eddsa_public_key_pem, so that desktops can open sessions (or server.dev_mode on loopback)",
        );
    }
    let hs256 = source::secret(
        "session",
        "hs256_secret",
        raw.hs256_secret,
        raw.hs256_secret_file.as_deref(),
        problems,
    );
    let eddsa = source::secret(
        "session",
        "eddsa_public_key_pem",
        raw.eddsa_public_key_pem,
        raw.eddsa_public_key_pem_file.as_deref(),
        problems,
    );
    if let Some(length) = hs256
        .as_ref()
        .map(|key| key.expose_secret().len())
        .filter(|&n| n < SHORTEST_SECRET)
    {
        let expected = format!("at least {SHORTEST_SECRET} bytes, random");
        problems.wrong(
            "session.hs256_secret",
            format!("(hidden) {length} bytes long"),
            expected,
        );
    }
    if let Some(key) = &eddsa
        && jsonwebtoken::DecodingKey::from_ed_pem(key.expose_secret().as_bytes()).is_err()
    {
        problems.wrong(
            "session.eddsa_public_key_pem",
            "(hidden) not such a key",
            "an Ed25519 public key in PEM",
        );
    }
    Some(Session {
        lifetime: Millis::from_secs(raw.lifetime_minutes.saturating_mul(60)),
        locale: raw.locale,
        audience: raw.audience,
        assertion_keys: hs256
            .map(AssertionKey::Hs256)
            .into_iter()
            .chain(eddsa.map(AssertionKey::EdDsa))
            .collect(),
    })
}
