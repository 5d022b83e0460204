//! An assertion: the desktop's own backend says, signed and for a minute, who the agent is; or, in a token of the same
//! form with a claim `context`, what is known of the conversation on the agent's screen. Neither is taken for the other.
//!
//! Pure: the time is an argument, and that the `jti` counts once is the caller's part.

use std::collections::BTreeMap;

use cuecard_protocol::{AgentId, InteractionId, Millis};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

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

/// What a signed context says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContext {
    /// On whose screen.
    pub agent: AgentId,
    /// Its unique id; to be taken once.
    pub jti: String,
    /// When it ends.
    pub expires_at: Millis,
    /// The conversation that is shown, if any.
    pub interaction: Option<InteractionId>,
    /// What is known of it, by name. A customer's words: never to be logged.
    pub values: BTreeMap<String, String>,
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
    /// A claim that only signed contexts have, or that they must have, is not as it should be.
    #[error("the claim {claim} is not as expected: {expected}")]
    Claim {
        /// Its name.
        claim: &'static str,
        /// What it should be. What it is may be a customer's words.
        expected: &'static str,
    },
}

/// The claims of both kinds of token, and those of its own.
#[derive(Deserialize)]
struct Claims<Own> {
    sub: AgentId,
    exp: u64,
    nbf: Option<u64>,
    jti: String,
    #[serde(flatten)]
    own: Own,
}

#[derive(Deserialize)]
struct OfSession {
    locale: Option<String>,
    context: Option<IgnoredAny>,
}

// Any values, because the reader's own words for a wrong one would repeat it.
#[derive(Deserialize)]
struct OfContext {
    #[serde(default)]
    interaction: Value,
    #[serde(default)]
    context: Value,
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
        let claims: Claims<OfSession> = self.verify(token, now)?;
        if claims.own.context.is_some() {
            return Err(AssertionError::Claim {
                claim: "context",
                expected: "none in a token that opens a session",
            });
        }
        Ok(Assertion {
            agent: claims.sub,
            jti: claims.jti,
            expires_at: Millis::from_secs(claims.exp),
            locale: claims.own.locale,
        })
    }

    /// Checks a signed context at `now`.
    pub fn check_context(&self, token: &str, now: Millis) -> Result<SignedContext, AssertionError> {
        let claims: Claims<OfContext> = self.verify(token, now)?;
        let values = serde_json::from_value(claims.own.context);
        let interaction = serde_json::from_value(claims.own.interaction);
        Ok(SignedContext {
            agent: claims.sub,
            jti: claims.jti,
            expires_at: Millis::from_secs(claims.exp),
            interaction: interaction.map_err(|_| AssertionError::Claim {
                claim: "interaction",
                expected: "an interaction's id, or absent",
            })?,
            values: values.map_err(|_| AssertionError::Claim {
                claim: "context",
                expected: "an object whose values are texts",
            })?,
        })
    }

    fn verify<Own: DeserializeOwned>(
        &self,
        token: &str,
        now: Millis,
    ) -> Result<Claims<Own>, AssertionError> {
        let mut outcome = Err(AssertionError::NotConfigured);
        for (algorithm, key) in &self.keys {
            // The key fixes the algorithm; what the token claims about itself is only compared with it.
            let mut validation = Validation::new(*algorithm);
            validation.set_audience(&[&self.audience]);
            validation.set_required_spec_claims(&["exp", "aud", "sub"]);
            // Below, against our clock.
            validation.validate_exp = false;
            match jsonwebtoken::decode::<Claims<Own>>(token, key, &validation) {
                Ok(decoded) => return in_time(decoded.claims, now),
                Err(error) => outcome = Err(AssertionError::Invalid(error.to_string())),
            }
        }
        outcome
    }
}

fn in_time<Own>(claims: Claims<Own>, now: Millis) -> Result<Claims<Own>, AssertionError> {
    let Claims { exp, nbf, .. } = claims;
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
    let length = claims.jti.len();
    if !(1..=MAX_JTI_BYTES).contains(&length) {
        return Err(AssertionError::Invalid(format!(
            "jti has {length} bytes, expected 1 to {MAX_JTI_BYTES}"
        )));
    }
    Ok(claims)
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
