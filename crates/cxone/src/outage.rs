//! Why a socket is not connected: shared by both sockets' machines and their events. Start at [`Outage`].

use std::time::Duration;

use metrics::counter;
use tracing::warn;

use crate::token::TokenError;

/// Why a socket is not connected. No variant holds a secret or a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// There is no token to connect with.
    #[error("no token: {0}")]
    NoToken(TokenError),
    /// 401: the token is not, or no longer, good.
    #[error("the platform rejected the token (401)")]
    Unauthorized,
    /// 403: the token lacks a scope.
    #[error("the platform refused the connection (403); the client needs the scope \"{scope}\"")]
    Forbidden {
        /// The scopes that are missing, separated by spaces.
        scope: String,
    },
    /// Any other status, 429 and 5xx among them.
    #[error("the platform answered the upgrade with {status}")]
    Refused {
        /// The status.
        status: u16,
        /// When it wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// The connection was made, and then refused by a frame.
    #[error("the platform refused the connection: {code}")]
    Rejected {
        /// The platform's code. Its words could repeat a customer's.
        code: String,
    },
    /// No connection could be made.
    #[error("the platform could not be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// The connection ended.
    #[error("the connection ended: {reason}")]
    Ended {
        /// The close code and reason, or what the network said.
        reason: String,
    },
    /// The connection is there, but nobody answers.
    #[error("the platform did not answer for {} s", after.as_secs())]
    Silent {
        /// How long was waited.
        after: Duration,
    },
}

impl Outage {
    /// Whether the next try can succeed without anybody changing a setting or a permission.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoToken(error) => error.is_retryable(),
            Self::Forbidden { .. } => false,
            _ => true,
        }
    }

    /// How long the platform wants to be left alone, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoToken(error) => error.retry_after(),
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The value of the metric's `outage` label.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::NoToken(_) => "no_token",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::Refused { status: 429, .. } => "rate_limited",
            Self::Refused { .. } | Self::Rejected { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Ended { .. } => "ended",
            Self::Silent { .. } => "silent",
        }
    }
}

/// Counts and logs an outage of a socket.
pub(crate) fn record(socket: &'static str, outage: &Outage, retry_in: Duration) {
    counter!("cuecard_platform_disconnects_total", "socket" => socket, "outage" => outage.label())
        .increment(1);
    if let Outage::Refused { status: 429, .. } = outage {
        counter!("cuecard_platform_rate_limited_total", "route" => socket).increment(1);
    }
    warn!(socket, %outage, retry_in_ms = retry_in.as_millis(), "not connected");
}
