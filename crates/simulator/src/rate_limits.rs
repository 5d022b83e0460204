//! How often a route may be called: a token bucket for each client and route; pure (platform wire, section 14.11).
//!
//! Callers that prove nothing share a bucket. Without limits nobody is refused. A call that can be told from others is
//! not refused twice in a row (section 10.8). Start with [`RateLimits::take`].

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::Timestamp;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as UnknownRoute, StrDeserializer};

use crate::faults::FaultRoute;

/// A limit of one route: `typing=0.5:1` is one call every two seconds, and never two at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Where. Not [`FaultRoute::All`], and not the sockets.
    pub route: FaultRoute,
    /// Calls in a second, in the long run; above 0.
    pub per_second: f64,
    /// Calls at once after a long silence; at least 1.
    pub burst: u32,
}

/// A limit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "rate limit {0:?}, expected ROUTE=PER_SECOND:BURST with a route of requests (oauth, risk, typing, guests, forms, tasks, notifications), a number above 0 and a whole number of at least 1"
)]
pub struct RateLimitError(String);

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        let read = || {
            let (route, rate) = text.split_once('=')?;
            let (per_second, burst) = rate.split_once(':')?;
            let deserializer: StrDeserializer<'_, UnknownRoute> = route.into_deserializer();
            let limit = Self {
                route: FaultRoute::deserialize(deserializer).ok()?,
                per_second: per_second.parse().ok()?,
                burst: burst.parse().ok()?,
            };
            let possible = !matches!(limit.route, FaultRoute::All | FaultRoute::Sockets)
                && limit.per_second.is_finite()
                && limit.per_second > 0.0
                && limit.burst > 0;
            possible.then_some(limit)
        };
        read().ok_or_else(|| RateLimitError(text.to_owned()))
    }
}

/// What a call is about, so that it is known when it comes again.
pub type Mark = [u8; 32];

/// Refused calls that are remembered at most.
const MAX_REFUSED: usize = 10_000;

/// What adding up fractions may cost a caller who waited as told.
const ROUNDING: f64 = 1e-6;

#[derive(Debug)]
struct Bucket {
    /// Calls that may be made at `at`.
    tokens: f64,
    at: Timestamp,
}

/// The limits and how much of them is used up.
#[derive(Debug, Default)]
pub struct RateLimits {
    limits: Vec<RateLimit>,
    buckets: BTreeMap<(FaultRoute, Option<String>), Bucket>,
    refused: BTreeSet<(FaultRoute, Option<String>, Mark)>,
}

impl RateLimits {
    /// Nothing is used up yet. Of two limits for one route the later counts.
    pub fn new(limits: Vec<RateLimit>) -> Self {
        Self {
            limits,
            buckets: BTreeMap::new(),
            refused: BTreeSet::new(),
        }
    }

    /// Counts a call. One that has a `mark` and was refused the last time is let through.
    ///
    /// # Errors
    ///
    /// Whole seconds after which the next call is let through, at least 1, when this one is too early. It is not counted.
    pub fn take(
        &mut self,
        route: FaultRoute,
        client: Option<String>,
        mark: Option<Mark>,
        now: Timestamp,
    ) -> Result<(), u32> {
        let Some(mark) = mark else {
            return self.take_from_bucket(route, client, now);
        };
        let call = (route, client.clone(), mark);
        let was_refused = self.refused.remove(&call);
        let taken = self.take_from_bucket(route, client, now);
        if was_refused {
            return Ok(());
        }
        if taken.is_err() {
            if self.refused.len() == MAX_REFUSED {
                self.refused.pop_first();
            }
            self.refused.insert(call);
        }
        taken
    }

    fn take_from_bucket(
        &mut self,
        route: FaultRoute,
        client: Option<String>,
        now: Timestamp,
    ) -> Result<(), u32> {
        let Some(limit) = self.limits.iter().rfind(|limit| limit.route == route) else {
            return Ok(());
        };
        let burst = f64::from(limit.burst);
        let bucket = self.buckets.entry((route, client)).or_insert(Bucket {
            tokens: burst,
            at: now,
        });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = passed.mul_add(limit.per_second, bucket.tokens).min(burst);
        bucket.at = now;
        if bucket.tokens >= 1.0 - ROUNDING {
            bucket.tokens = (bucket.tokens - 1.0).max(0.0);
            return Ok(());
        }
        let wait = ((1.0 - bucket.tokens) / limit.per_second).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and as casts saturate a longer wait is the longest"
        )]
        Err((wait as u32).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn limits(text: &str) -> RateLimits {
        RateLimits::new(vec![text.parse().unwrap()])
    }

    #[test]
    fn limits_are_read_or_refused_with_what_would_do() {
        assert_eq!(
            "typing=0.5:1".parse(),
            Ok(RateLimit {
                route: FaultRoute::Typing,
                per_second: 0.5,
                burst: 1
            })
        );
        for text in [
            "",
            "typing",
            "typing=1",
            "typing=0:1",
            "typing=-1:1",
            "typing=NaN:1",
            "typing=inf:1",
            "typing=1:0",
            "typing=1:0.5",
            "dancing=1:1",
            "*=1:1",
            "sockets=1:1",
        ] {
            let refused = text.parse::<RateLimit>().unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("rate limit {text:?}, expected ROUTE=")),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let mut limits = limits("typing=0.5:2");
        let mut call = |ms| limits.take(FaultRoute::Typing, Some("cid".into()), None, at(ms));
        assert_eq!(
            [call(0), call(0), call(0), call(1000), call(1999)],
            [Ok(()), Ok(()), Err(2), Err(1), Err(1)]
        );
        assert_eq!([call(2000), call(2000)], [Ok(()), Err(2)]);
        assert_eq!(
            [call(60_000), call(60_000), call(60_000)],
            [Ok(()), Ok(()), Err(2)],
            "a bucket is never fuller than its burst"
        );
    }

    #[test]
    fn each_client_and_route_has_its_own() {
        let mut limits = limits("typing=1:1");
        let cid = || Some("cid".to_owned());
        assert_eq!(limits.take(FaultRoute::Typing, cid(), None, at(0)), Ok(()));
        assert_eq!(limits.take(FaultRoute::Typing, cid(), None, at(0)), Err(1));
        assert_eq!(limits.take(FaultRoute::Typing, None, None, at(0)), Ok(()));
        assert_eq!(limits.take(FaultRoute::Guests, cid(), None, at(0)), Ok(()));
        assert_eq!(limits.take(FaultRoute::Guests, cid(), None, at(0)), Ok(()));
    }

    #[test]
    fn a_marked_call_is_not_refused_twice_in_a_row() {
        let mut limits = limits("tasks=0.1:1");
        let mut call = |mark: u8| limits.take(FaultRoute::Tasks, None, Some([mark; 32]), at(0));
        assert_eq!([call(1), call(2), call(3)], [Ok(()), Err(10), Err(10)]);
        assert_eq!([call(2), call(3)], [Ok(()), Ok(())]);
        assert_eq!(
            [call(2), call(2)],
            [Err(10), Ok(())],
            "another one of the same"
        );
        let marks = (0..=u16::MAX).map(|n| Some(std::array::from_fn(|i| n.to_be_bytes()[i % 2])));
        for mark in marks.take(MAX_REFUSED + 1) {
            assert_eq!(limits.take(FaultRoute::Tasks, None, mark, at(0)), Err(10));
        }
        assert_eq!(limits.refused.len(), MAX_REFUSED);
    }

    #[test]
    fn the_later_limit_counts_and_a_wait_has_an_end() {
        let mut limits = RateLimits::new(vec![
            "risk=1:1".parse().unwrap(),
            "risk=1e-300:1".parse().unwrap(),
        ]);
        assert_eq!(limits.take(FaultRoute::Risk, None, None, at(0)), Ok(()));
        assert_eq!(
            limits.take(FaultRoute::Risk, None, None, at(0)),
            Err(u32::MAX)
        );
    }

    proptest! {
        #[test]
        fn whoever_waits_as_told_is_let_through(
            per_second in 0.05f64..20.0,
            burst in 1u32..5,
            steps in proptest::collection::vec(0i64..3_000, 1..60),
        ) {
            let mut limits = RateLimits::new(vec![RateLimit { route: FaultRoute::Typing, per_second, burst }]);
            let mut now = 0;
            for step in steps {
                now += step;
                if let Err(wait) = limits.take(FaultRoute::Typing, None, None, at(now)) {
                    now += i64::from(wait) * 1000;
                    prop_assert_eq!(limits.take(FaultRoute::Typing, None, None, at(now)), Ok(()));
                }
            }
        }
    }
}
