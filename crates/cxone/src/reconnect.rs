//! What to do after an outage: how long to wait, and whether the token is to blame.
//!
//! Pure. Both sockets' machines hold one [`Reconnect`]; the waits themselves come from [`crate::backoff`].

use std::time::Duration;

use crate::{
    backoff::{Backoff, Moment},
    outage::Outage,
};

/// The wait when only a person can help (a wrong secret, a missing scope): the platform is asked now and then, so
/// that the connection comes back by itself once it is put right.
pub const HELPLESS_WAIT: Duration = Duration::from_mins(1);

/// What follows an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The wait before the next try.
    pub wait: Duration,
    /// Whether the token must not be used again.
    pub discard_token: bool,
}

/// Remembers what was tried since the connection was last stable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reconnect {
    backoff: Backoff,
    /// Whether a 401 has been answered with a new token at once; that is done once until the connection was stable.
    refreshed: bool,
}

impl Reconnect {
    /// The connection is up.
    pub(crate) fn connected(&mut self, now: Moment) {
        self.backoff.connected(now);
    }

    /// The connection, or the try to make one, failed. `draw` is uniform in 0 to 1.
    pub(crate) fn failed(&mut self, outage: &Outage, now: Moment, draw: f64) -> Plan {
        let jittered = self.backoff.failed(now, draw);
        if self.backoff.failures() == 1 {
            self.refreshed = false;
        }
        let mut plan = Plan {
            wait: outage
                .retry_after()
                .map_or(jittered, |asked| asked.max(jittered)),
            discard_token: false,
        };
        if *outage == Outage::Unauthorized {
            plan.discard_token = true;
            if !self.refreshed {
                self.refreshed = true;
                plan.wait = Duration::ZERO;
            }
        } else if !outage.is_retryable() {
            // A token carries the scopes it was issued with; only a new one can show that more were granted.
            plan.discard_token = matches!(outage, Outage::Forbidden { .. });
            plan.wait = HELPLESS_WAIT;
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TokenError;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn plan(seconds: u64, discard_token: bool) -> Plan {
        Plan {
            wait: S(seconds),
            discard_token,
        }
    }

    fn ended() -> Outage {
        Outage::Ended {
            reason: "1006".into(),
        }
    }

    #[test]
    fn a_401_forces_one_refresh_and_then_backs_off() {
        let mut reconnect = Reconnect::default();
        assert_eq!(
            reconnect.failed(&Outage::Unauthorized, S(0), 1.0),
            plan(0, true)
        );
        assert_eq!(
            reconnect.failed(&Outage::Unauthorized, S(0), 1.0),
            plan(2, true)
        );
        reconnect.connected(S(3));
        assert_eq!(
            reconnect.failed(&Outage::Unauthorized, S(4), 1.0),
            plan(4, true),
            "not stable yet"
        );
        reconnect.connected(S(10));
        assert_eq!(reconnect.failed(&ended(), S(50), 1.0), plan(1, false));
        assert_eq!(
            reconnect.failed(&Outage::Unauthorized, S(51), 1.0),
            plan(0, true),
            "stable in between"
        );
    }

    #[test]
    fn retry_after_is_a_lower_bound() {
        let mut reconnect = Reconnect::default();
        let refused = |seconds| Outage::Refused {
            status: 429,
            retry_after: Some(S(seconds)),
        };
        assert_eq!(reconnect.failed(&refused(7), S(0), 1.0), plan(7, false));
        assert_eq!(reconnect.failed(&refused(0), S(0), 1.0), plan(2, false));
        let limited = Outage::NoToken(TokenError::RateLimited { retry_after: S(90) });
        assert_eq!(reconnect.failed(&limited, S(0), 1.0), plan(90, false));
    }

    #[test]
    fn what_only_a_person_can_mend_is_tried_once_a_minute() {
        let mut reconnect = Reconnect::default();
        let forbidden = Outage::Forbidden {
            scope: "realtime:read".into(),
        };
        assert_eq!(reconnect.failed(&forbidden, S(0), 0.0), plan(60, true));
        let refused = TokenError::Unauthorized {
            status: 401,
            reason: "invalid_client".into(),
        };
        assert_eq!(
            reconnect.failed(&Outage::NoToken(refused), S(0), 0.0),
            plan(60, false)
        );
    }
}
