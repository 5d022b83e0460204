//! What sets one publish socket apart from another: the rules of its machine, and how its frames are written and read.
//!
//! Start at [`Rules`]. The three dialects are in [`crate::alerts`], [`crate::suggestions`] and [`crate::prompts`].

use std::time::Duration;

use serde_json::Value;

use super::{
    Loss,
    step::{Event, Offer},
};
use crate::backoff::Moment;

/// How a socket's machine behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How the client says who it is.
    pub authentication: Authentication,
    /// What it takes for a frame not to be sent again.
    pub confirmation: Confirmation,
    /// How often the connection shows that it is alive.
    pub heartbeat_every: Duration,
    /// Whether a frame of its own goes with the heartbeat; a WebSocket ping always does.
    pub has_heartbeat_frame: bool,
    /// What a frame is whose time is over.
    pub too_late: Loss,
}

/// How the client says who it is (platform wire, section 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// By `access_token` in the query of the upgrade, percent-encoded.
    Query,
    /// The same as it is.
    RawQuery,
    /// By its first frame; nothing else is sent before that is answered.
    Frame,
}

/// What it takes for a frame not to be sent again (platform wire, section 8.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// A pong to a later ping: the platform answers nothing, but has read it.
    Pong,
    /// An acknowledgement or an outcome. A full buffer is waited out.
    Answer,
}

/// A publish socket's own frames.
pub trait Dialect: Send + 'static {
    /// What is published.
    type Content: Send + 'static;
    /// The socket's name in logs and metrics.
    const NAME: &'static str;
    /// How its machine behaves.
    const RULES: Rules;
    /// Headers of the upgrade.
    const HEADERS: &'static [(&'static str, &'static str)];
    /// The scopes it needs, to be named after a 403.
    const SCOPE: &'static str;
    /// The reason of our close frame.
    const GOODBYE: &'static str;

    /// The frame, and when it may be sent. `wall_ms` is the time of day, epoch milliseconds.
    fn offer(&mut self, content: Self::Content, now: Moment, wall_ms: i64) -> Offer;

    /// What a frame of the platform means that is no error frame; `None` for a type that is not known here.
    fn read(frame: Value, wall_ms: i64) -> Result<Option<Event>, serde_json::Error> {
        let (_, _) = (frame, wall_ms);
        Ok(None)
    }
}

/// The moment of a time of day; the start for one before it.
pub(crate) fn moment(at_ms: i64, now: Moment, wall_ms: i64) -> Moment {
    let away = Duration::from_millis(at_ms.abs_diff(wall_ms));
    if at_ms >= wall_ms {
        now.saturating_add(away)
    } else {
        now.saturating_sub(away)
    }
}

/// A wire type as text.
pub(crate) fn json(frame: &impl serde::Serialize) -> String {
    serde_json::to_string(frame).expect("wire types have text keys only, so they can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_count_from_now() {
        let now = Duration::from_secs(10);
        let at = |ms| moment(ms, now, 1_000_000).as_millis();
        assert_eq!(
            [at(1_000_000), at(1_002_500), at(999_000), at(0)],
            [10_000, 12_500, 9_000, 0]
        );
    }
}
