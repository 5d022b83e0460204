//! Issued tokens and what they allow; pure.
//!
//! A token is good until its lifetime is over or until all are revoked at once. Scopes are compared with dots and
//! colons taken as the same, because deployed clients write both. Start with [`TokenBook::check`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

/// All scopes there are, in the spelling with colons (platform wire, section 2).
pub const SCOPES: [&str; 11] = [
    "agentassist:content:write",
    "agentassist:write",
    "interaction:read",
    "interactions:read",
    "notification:write",
    "postinteractionform:read",
    "realtime:agentassist:publish",
    "realtime:read",
    "webchat:guest",
    "webchat:message",
    "workflow:task:create",
];

/// A set of scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<&'static str>);

impl Scopes {
    /// Every scope there is: what a request without `scope` is granted.
    pub fn all() -> Self {
        Self(SCOPES.into_iter().collect())
    }

    /// Reads a list separated by spaces.
    ///
    /// # Errors
    ///
    /// The first scope that does not exist.
    pub fn parse(list: &str) -> Result<Self, String> {
        list.split_ascii_whitespace()
            .map(|scope| known(scope).ok_or_else(|| scope.to_owned()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether `scope` (spelled with colons) is among them.
    pub fn allow(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }
}

fn known(scope: &str) -> Option<&'static str> {
    let colons = scope.replace('.', ":");
    SCOPES.into_iter().find(|known| *known == colons)
}

/// Who got a token, for what, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The OAuth client.
    pub client_id: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The first moment at which it is no longer good.
    pub expires: Timestamp,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// None was presented.
    #[error("no access token was presented")]
    Missing,
    /// Never issued, or revoked.
    #[error("the access token is unknown or has been revoked")]
    Unknown,
    /// Its lifetime is over.
    #[error("the access token has expired")]
    Expired,
}

/// The tokens in circulation.
#[derive(Debug, Default)]
pub struct TokenBook {
    issued: BTreeMap<String, Grant>,
}

/// Expired tokens are remembered for so long, to be told apart from unknown ones.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);

impl TokenBook {
    /// Puts a token into circulation.
    pub fn issue(&mut self, token: String, grant: Grant, now: Timestamp) {
        self.issued
            .retain(|_, grant| now.duration_since(grant.expires) < MEMORY);
        self.issued.insert(token, grant);
    }

    /// What the token allows.
    ///
    /// # Errors
    ///
    /// [`TokenRefusal`] when it is not good.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<&Grant, TokenRefusal> {
        if token.is_empty() {
            return Err(TokenRefusal::Missing);
        }
        let grant = self.issued.get(token).ok_or(TokenRefusal::Unknown)?;
        if now < grant.expires {
            Ok(grant)
        } else {
            Err(TokenRefusal::Expired)
        }
    }

    /// Revokes every token; tells how many there were.
    pub fn revoke_all(&mut self) -> usize {
        std::mem::take(&mut self.issued).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_token_lives_until_its_end_and_not_longer() {
        let grant = Grant {
            client_id: "cid".into(),
            scopes: Scopes::all(),
            expires: at(100),
        };
        let mut book = TokenBook::default();
        book.issue("t".into(), grant.clone(), at(0));
        assert_eq!(book.check("t", at(99)), Ok(&grant));
        assert_eq!(book.check("t", at(100)), Err(TokenRefusal::Expired));
        assert_eq!(book.check("u", at(0)), Err(TokenRefusal::Unknown));
        assert_eq!(book.check("", at(0)), Err(TokenRefusal::Missing));
        assert_eq!(book.revoke_all(), 1);
        assert_eq!(book.check("t", at(99)), Err(TokenRefusal::Unknown));
    }

    #[test]
    fn long_expired_tokens_are_forgotten() {
        let grant = Grant {
            client_id: "cid".into(),
            scopes: Scopes::all(),
            expires: at(100),
        };
        let mut book = TokenBook::default();
        book.issue("old".into(), grant.clone(), at(0));
        book.issue("new".into(), grant, at(100 + 3600));
        assert_eq!(
            book.check("old", at(100 + 3600)),
            Err(TokenRefusal::Unknown)
        );
    }

    #[test]
    fn scopes_are_read_in_both_spellings() {
        let dots = Scopes::parse("webchat.guest webchat.message").unwrap();
        assert_eq!(
            dots,
            Scopes::parse("webchat:message  webchat:guest").unwrap()
        );
        assert!(dots.allow("webchat:guest") && !dots.allow("realtime:read"));
        assert_eq!(
            Scopes::parse("interaction:read bogus:scope"),
            Err("bogus:scope".to_owned())
        );
    }
}
