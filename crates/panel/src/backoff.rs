//! How long to wait before the next try: full jitter. The connection decides when a try has failed.

use cuecard_protocol::Millis;

/// Longest wait.
const LONGEST: u64 = 30_000;

/// Bound of the first wait; it doubles with each failure.
const FIRST: u64 = 1_000;

/// Counts failures in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure: uniform in 0 … min(30 s, 1 s · 2ⁿ). `random` is uniform in 0 … 1.
    pub(crate) fn next(&mut self, random: f64) -> Millis {
        let bound = FIRST
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        Millis(share_of(bound, random))
    }

    /// The connection was stable: the next wait is short again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// `random` of `bound`, whole milliseconds; anything that is no number in 0 … 1 is brought there.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the bound is at most 30,000 and the factor within 0 to 1"
)]
fn share_of(bound: u64, random: f64) -> u64 {
    let random = if random.is_nan() {
        0.5
    } else {
        random.clamp(0.0, 1.0)
    };
    (bound as f64 * random) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_double_up_to_thirty_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..7).map(|_| backoff.next(1.0).0).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), Millis(500));
    }

    #[test]
    fn a_bad_random_number_is_contained() {
        for (random, wait) in [(-3.0, 0), (7.0, 1_000), (f64::NAN, 500)] {
            assert_eq!(Backoff::default().next(random), Millis(wait), "{random}");
        }
    }

    proptest! {
        #[test]
        fn never_longer_than_the_bound_and_spread_over_all_of_it(
            failures in 0_u32..100,
            random in 0.0_f64..1.0,
        ) {
            let bound = (1_000_u64 << failures.min(10)).min(30_000);
            let mut backoff = Backoff { failures };
            let wait = backoff.next(random).0;
            prop_assert!(wait <= bound);
            prop_assert_eq!(Backoff { failures }.next(0.0), Millis(0));
            prop_assert_eq!(Backoff { failures }.next(1.0), Millis(bound));
            prop_assert_eq!(backoff.failures, failures + 1);
        }
    }
}
