//! How long to wait before the next try: full jitter, so that many clients do not come back at the same moment.
//!
//! Pure: time is a [`Moment`] and randomness a drawn number, both given by the caller. Start at [`Backoff`].

use std::time::Duration;

/// Time since the start of the socket that owns the machine; it never goes back.
pub type Moment = Duration;

/// The bound of the first wait.
pub const BASE: Duration = Duration::from_secs(1);
/// The bound that no wait exceeds.
pub const CAP: Duration = Duration::from_secs(30);
/// A connection that held for this long clears the count of failures.
pub const STABLE: Duration = Duration::from_secs(30);

/// Counts failures in a row, and turns them into waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    up_since: Option<Moment>,
}

impl Backoff {
    /// The connection is up.
    pub fn connected(&mut self, now: Moment) {
        self.up_since = Some(now);
    }

    /// The connection or the try to make one ended; the wait before the next.
    ///
    /// `draw` is uniform in 0 to 1, drawn anew for each call. The wait is uniform in 0 to min([`CAP`], [`BASE`] · 2ⁿ), where n counts the
    /// failures since the last connection that lasted [`STABLE`].
    pub fn failed(&mut self, now: Moment, draw: f64) -> Duration {
        if self
            .up_since
            .take()
            .is_some_and(|since| now.saturating_sub(since) >= STABLE)
        {
            self.failures = 0;
        }
        let bound = bound(self.failures);
        self.failures = self.failures.saturating_add(1);
        bound.mul_f64(draw.clamp(0.0, 1.0))
    }

    /// How many failures have come in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// min([`CAP`], [`BASE`] · 2ⁿ).
fn bound(failures: u32) -> Duration {
    2u32.checked_pow(failures)
        .map_or(CAP, |factor| BASE.saturating_mul(factor))
        .min(CAP)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..7)
            .map(|_| backoff.failed(S(0), 1.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn only_a_stable_connection_clears_the_count() {
        let mut backoff = Backoff::default();
        backoff.failed(S(0), 1.0);
        backoff.failed(S(1), 1.0);
        backoff.connected(S(10));
        assert_eq!(backoff.failed(S(39), 1.0), S(4), "29 s are not stable");
        backoff.connected(S(50));
        assert_eq!(backoff.failed(S(80), 1.0), S(1), "30 s are");
        assert_eq!(
            backoff.failed(S(200), 1.0),
            S(2),
            "a failed try is no connection, however long it took"
        );
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bound(draws in prop::collection::vec(0.0..1.0f64, 1..80)) {
            let mut backoff = Backoff::default();
            for (n, draw) in draws.into_iter().enumerate() {
                let bound = CAP.min(Duration::from_millis(1000u64.saturating_mul(1 << n.min(40))));
                prop_assert!(backoff.failed(S(0), draw) <= bound);
            }
        }

        #[test]
        fn waits_are_proportional_to_the_draw(failures in 0u32..50, draw in 0.0..1.0f64) {
            let mut backoff = Backoff { failures, up_since: None };
            let share = backoff.failed(S(0), draw).as_secs_f64() / bound(failures).as_secs_f64();
            prop_assert!((share - draw).abs() < 1e-6);
        }
    }
}
