//! Why a call about tasks failed, and what helps.

use std::time::Duration;

use http::StatusCode;

use crate::{
    platform::lacking_scope,
    rest::{Answer, CallError},
    retry_after::asked,
    segment::IdError,
    token::TokenError,
};

/// Why a call failed. No variant holds a token or a secret; the platform's words are about ids and scores at most,
/// because no call carries more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// There is no token to call with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The id cannot be part of a path.
    #[error(transparent)]
    Id(#[from] IdError),
    /// No answer came in time. The platform may have done what was asked.
    #[error("the platform could not be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// 401, for a new token too.
    #[error("the platform rejected a new token too (401)")]
    Unauthorized,
    /// 403, and the token lacks a scope.
    #[error("the platform refused with 403 ({reason}); the client needs the scope \"{scope}\"")]
    Forbidden {
        /// The scopes that are missing, separated by spaces.
        scope: String,
        /// The platform's code and words.
        reason: String,
    },
    /// 429.
    #[error("the platform asks us to wait (429, {})", asked(*retry_after))]
    RateLimited {
        /// How long, if it says so.
        retry_after: Option<Duration>,
    },
    /// The platform is in trouble.
    #[error("the platform answered {status}")]
    Unavailable {
        /// 408, or 500 or above.
        status: u16,
        /// When it wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// Any other answer that is not a success, for example because there is no such agent.
    #[error("the platform answered {status} ({reason}), expected 2xx")]
    Refused {
        /// The status.
        status: u16,
        /// The platform's code and words.
        reason: String,
    },
    /// The answer to a question cannot be read.
    #[error("the platform's answer is of no use: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl TaskError {
    /// Whether the same call can succeed later.
    ///
    /// Without a token nothing has been said about the call, whatever the reason, so it can. An answer that cannot be
    /// read came from something between us and the platform.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Token(_)
            | Self::Unreachable { .. }
            | Self::Unauthorized
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Unreadable { .. } => true,
            Self::Id(_) | Self::Forbidden { .. } | Self::Refused { .. } => false,
        }
    }

    /// How long the platform wants to be left alone, if it says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Token(error) => error.retry_after(),
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    /// Whether this call itself was answered 429.
    pub fn is_rate_limit(&self) -> bool {
        matches!(self, Self::RateLimited { .. })
    }

    /// What an answer means that is not a success, to a call that needs this scope.
    pub(super) fn of(answer: &Answer, scope: &str) -> Self {
        let (status, retry_after) = (answer.status.as_u16(), answer.retry_after);
        match answer.status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after },
            code if code.is_server_error() || code == StatusCode::REQUEST_TIMEOUT => {
                Self::Unavailable {
                    status,
                    retry_after,
                }
            }
            code => {
                let reason = reason(answer);
                // Deployed clients write scopes both ways (platform wire, section 8.3).
                let held = answer.scope.replace('.', ":");
                // A 403 to a token that has the scope is about the agent.
                match lacking_scope(scope, &held).filter(|_| code == StatusCode::FORBIDDEN) {
                    Some(scope) => Self::Forbidden { scope, reason },
                    None => Self::Refused { status, reason },
                }
            }
        }
    }

    /// The value of the metric's `outcome` label.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Token(_) => "no_token",
            Self::Id(_) => "id",
            Self::Unreachable { .. } => "unreachable",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// The platform's code and words.
fn reason(answer: &Answer) -> String {
    let said = [answer.code(), answer.words()];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() {
        "no reason given".to_owned()
    } else {
        said.join(": ")
    }
}

impl From<CallError> for TaskError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Token(error) => Self::Token(error),
            CallError::Unreachable(reason) => Self::Unreachable { reason },
        }
    }
}
