//! Why there is no token, and whether asking again can help.

use std::time::Duration;

use crate::http::ClientError;

/// Why there is no token. No variant holds a secret or a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no HTTP client to ask with.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No answer came.
    #[error("the token endpoint could not be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// The client's id, secret or access key is wrong.
    #[error("the token endpoint refused our credentials with {status} ({reason})")]
    Unauthorized {
        /// 400 or 401.
        status: u16,
        /// The platform's code and words.
        reason: String,
    },
    /// The client may not have the scopes it asks for.
    #[error(
        "the token endpoint refused the scope \"{scope}\" with {status} ({reason}); grant it to the client"
    )]
    Forbidden {
        /// 400 or 403.
        status: u16,
        /// The scopes that were asked for.
        scope: String,
        /// The platform's code and words.
        reason: String,
    },
    /// Too many requests, and the wait is longer than a caller should be held.
    #[error("the token endpoint asks us to wait {} s (429)", retry_after.as_secs())]
    RateLimited {
        /// How much of the wait is left.
        retry_after: Duration,
    },
    /// The platform is in trouble.
    #[error("the token endpoint answered {status}")]
    Unavailable {
        /// 500 or above.
        status: u16,
        /// When it wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// Any other answer that is not a success.
    #[error("the token endpoint answered {status} ({reason}), expected 2xx")]
    Refused {
        /// The status.
        status: u16,
        /// The platform's code and words.
        reason: String,
    },
    /// A success without a usable token in it.
    #[error("the token endpoint's answer is of no use: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl TokenError {
    /// Whether the same request can succeed later without anybody changing a setting.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::RateLimited { .. } | Self::Unavailable { .. } => true,
            Self::Client(_)
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// How long the platform wants to be left alone, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The value of the metric's `outcome` label.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Unreachable { .. } => "unreachable",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}
