//! Why a typing call failed, and what helps.

use std::time::Duration;

use http::StatusCode;

use super::TYPING_SCOPE;
use crate::{
    platform::missing_scope,
    rest::{Answer, CallError},
    retry_after::asked,
    segment::IdError,
    token::TokenError,
};

/// Why a typing call failed. No variant holds a token, a secret or a customer's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypingError {
    /// There is no token to call with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The id cannot be part of a path.
    #[error(transparent)]
    Id(#[from] IdError),
    /// No answer came in time. The platform may have done what was asked.
    #[error("the typing API could not be reached: {reason}")]
    Unreachable {
        /// What the network said.
        reason: String,
    },
    /// 401, for a new token too.
    #[error("the typing API rejected a new token too (401)")]
    Unauthorized,
    /// 403.
    #[error("the typing API refused with 403 ({reason}); the client needs the scope \"{scope}\"")]
    Forbidden {
        /// The scopes that are missing, separated by spaces.
        scope: String,
        /// The platform's code.
        reason: String,
        /// Whether it was about a guest that exists: then it may as well have expired (platform wire, section 7).
        about_guest: bool,
    },
    /// 404: the guest's session is over, or there never was one.
    #[error("the guest is gone ({reason})")]
    Gone {
        /// The platform's code.
        reason: String,
    },
    /// 429.
    #[error("the typing API asks us to wait (429, {})", asked(*retry_after))]
    RateLimited {
        /// How long, if it says so.
        retry_after: Option<Duration>,
    },
    /// The platform is in trouble.
    #[error("the typing API answered {status}")]
    Unavailable {
        /// 408, or 500 or above.
        status: u16,
        /// When it wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// Any other answer that is not a success.
    #[error("the typing API answered {status} ({reason}), expected 2xx")]
    Refused {
        /// The status.
        status: u16,
        /// The platform's code.
        reason: String,
    },
    /// A success whose body cannot be read.
    #[error("the typing API's answer is of no use: {reason}")]
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

impl TypingError {
    /// Whether the same call can succeed later without anybody changing a setting or a permission.
    ///
    /// An answer that cannot be read is among these: it came from something between us and the platform. So is a
    /// rejected token, because the next call asks for another; and so is a token that cannot be had, whatever the
    /// reason, because nothing has been said about the call then.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Token(_)
            | Self::Unreachable { .. }
            | Self::Unauthorized
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::Unreadable { .. } => true,
            Self::Id(_) | Self::Forbidden { .. } | Self::Gone { .. } | Self::Refused { .. } => {
                false
            }
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

    /// Whether the typing API itself answered 429.
    pub fn is_rate_limit(&self) -> bool {
        matches!(self, Self::RateLimited { .. })
    }

    /// Whether a new guest can help: the old one is not known, or may have expired.
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::Gone { .. }
                | Self::Forbidden {
                    about_guest: true,
                    ..
                }
        )
    }

    /// What an answer means that is not a success.
    pub(super) fn of(answer: &Answer, about_guest: bool) -> Self {
        let reason = answer
            .code()
            .unwrap_or_else(|| "no reason given".to_owned());
        let retry_after = answer.retry_after;
        match answer.status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::Forbidden {
                scope: missing_scope(TYPING_SCOPE, &colons_as_dots(&answer.scope)),
                reason,
                about_guest,
            },
            StatusCode::NOT_FOUND if about_guest => Self::Gone { reason },
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited { retry_after },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                let status = status.as_u16();
                Self::Unavailable {
                    status,
                    retry_after,
                }
            }
            status => Self::Refused {
                status: status.as_u16(),
                reason,
            },
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
            Self::Gone { .. } => "gone",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
        }
    }
}

/// Deployed clients write these scopes both ways (platform wire, section 8.3).
fn colons_as_dots(scopes: &str) -> String {
    scopes.replace(':', ".")
}

impl From<CallError> for TypingError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Token(error) => Self::Token(error),
            CallError::Unreachable(reason) => Self::Unreachable { reason },
        }
    }
}
