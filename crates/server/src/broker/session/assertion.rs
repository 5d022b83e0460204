//! An assertion: the desktop's own backend says, signed and for a minute, who the agent is.
//!
//! Pure: the time is an argument, and that the `jti` counts once is the caller's part.

use cuecard_protocol::{AgentId, Millis};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::config::session::{AssertionKey, Session as Settings};

/// How far the clock of a desktop's backend may be ahead where an assertion says from when it counts.
const CLOCK_SKEW_SECONDS: u64 = 5;
/// How far away `exp` may be, in seconds.
pub const LONGEST_LIFE_SECONDS: u64 = 60;

/// Longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 128;

/// Checks assertions against the configured keys.
#[derive(Clone)]
pub struct Assertions {
    keys: Vec<(Algorithm, DecodingKey)>,
    audience: String,
}

/// What an assertion says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who it is.
    pub agent: AgentId,
    /// Its unique id; to be taken once.
    pub jti: String,
    /// When it ends.
    pub expires_at: Millis,
    /// The agent's language, if named.
    pub locale: Option<String>,
}

/// Why an assertion is not accepted. None of the texts has the assertion or a key in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// No key is configured.
    #[error(
        "assertions are not configured: expected session.hs256_secret or session.eddsa_public_key_pem"
    )]
    NotConfigured,
    /// It is no JWT, is signed by another key, with another algorithm, or lacks a claim.
    #[error("the assertion is not accepted: {0}")]
    Invalid(String),
    /// It has ended.
    #[error("exp {exp} is not after the server's time {now} (both in epoch seconds)")]
    Expired {
        /// Its end.
        exp: u64,
        /// The server's time.
        now: u64,
    },
    /// It would be good for too long.
    #[error("exp {exp} is more than 60 s after the server's time {now} (both in epoch seconds)")]
    TooLong {
        /// Its end.
        exp: u64,
        /// The server's time.
        now: u64,
    },
}

#[derive(Deserialize)]
struct Claims {
    sub: AgentId,
    exp: u64,
    nbf: Option<u64>,
    jti: String,
    locale: Option<String>,
}

impl Assertions {
    /// With the keys of the configuration, which has checked them.
    pub fn new(settings: &Settings) -> Self {
        let keys = settings.assertion_keys.iter().filter_map(|key| match key {
            AssertionKey::Hs256(secret) => Some((
                Algorithm::HS256,
                DecodingKey::from_secret(secret.expose_secret().as_bytes()),
            )),
            AssertionKey::EdDsa(pem) => {
                let key = DecodingKey::from_ed_pem(pem.expose_secret().as_bytes()).ok()?;
                Some((Algorithm::EdDSA, key))
            }
        });
        Self {
            keys: keys.collect(),
            audience: settings.audience.clone(),
        }
    }

    /// Checks an assertion at `now`.
    pub fn check(&self, token: &str, now: Millis) -> Result<Assertion, AssertionError> {
        let mut outcome = Err(AssertionError::NotConfigured);
        for (algorithm, key) in &self.keys {
            // The key fixes the algorithm; what the token claims about itself is only compared with it.
            let mut validation = Validation::new(*algorithm);
            validation.set_audience(&[&self.audience]);
            validation.set_required_spec_claims(&["exp", "aud", "sub"]);
            // Below, against our clock.
            validation.validate_exp = false;
            match jsonwebtoken::decode::<Claims>(token, key, &validation) {
                Ok(decoded) => return accept(decoded.claims, now),
                Err(error) => outcome = Err(AssertionError::Invalid(error.to_string())),
            }
        }
        outcome
    }
}

fn accept(claims: Claims, now: Millis) -> Result<Assertion, AssertionError> {
    let Claims {
        sub,
        exp,
        nbf,
        jti,
        locale,
    } = claims;
    let seconds = now.0 / 1_000;
    if exp <= seconds {
        return Err(AssertionError::Expired { exp, now: seconds });
    }
    if exp > seconds + LONGEST_LIFE_SECONDS {
        return Err(AssertionError::TooLong { exp, now: seconds });
    }
    if let Some(nbf) = nbf.filter(|nbf| *nbf > seconds + CLOCK_SKEW_SECONDS) {
        return Err(AssertionError::Invalid(format!(
            "nbf {nbf} is after the server's time {seconds} (both in epoch seconds)"
        )));
    }
    if jti.is_empty() || jti.len() > MAX_JTI_BYTES {
        let length = jti.len();
        return Err(AssertionError::Invalid(format!(
            "jti has {length} bytes, expected 1 to {MAX_JTI_BYTES}"
        )));
    }
    Ok(Assertion {
        agent: sub,
        jti,
        expires_at: Millis::from_secs(exp),
        locale,
    })
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
