//! How often something may happen: a burst at once, then a steady rate. Pure; the time is an argument.

use cuecard_protocol::Millis;

/// The generic cell rate algorithm: one time stamp, however large the burst.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Of one, in microseconds.
    cost: u64,
    burst: u64,
    /// When the allowance will be full again, in microseconds.
    spent_until: u64,
}

impl Allowance {
    /// `burst` at once, and `per_second` after that.
    pub const fn new(burst: u64, per_second: u64) -> Self {
        let per_second = if per_second == 0 { 1 } else { per_second };
        Self {
            cost: 1_000_000 / per_second,
            burst,
            spent_until: 0,
        }
    }

    /// Takes one off; false if none is left at `now`, and then nothing is taken.
    pub fn take(&mut self, now: Millis) -> bool {
        let now = now.0.saturating_mul(1_000);
        let most = self.cost.saturating_mul(self.burst);
        if self.spent_until > now.saturating_add(most) {
            // Nobody can have spent so much: the clock was set back.
            self.spent_until = now;
        }
        let spent_until = self.spent_until.max(now).saturating_add(self.cost);
        let is_left = spent_until - now <= most;
        if is_left {
            self.spent_until = spent_until;
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut allowance = Allowance::new(3, 10);
        let now = Millis(1_000_000);
        let taken: Vec<bool> = (0..5).map(|_| allowance.take(now)).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert!(!allowance.take(now.plus(Millis(99))));
        assert!(allowance.take(now.plus(Millis(100))));
        assert!(!allowance.take(now.plus(Millis(100))));
        let later = now.plus(Millis::from_secs(60));
        let taken: Vec<bool> = (0..4).map(|_| allowance.take(later)).collect();
        assert_eq!(taken, [true, true, true, false]);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let mut allowance = Allowance::new(3, 10);
        let now = Millis::from_secs(10_000);
        assert!(allowance.take(now));
        let taken: Vec<bool> = (0..4)
            .map(|_| allowance.take(Millis::from_secs(5_000)))
            .collect();
        assert_eq!(taken, [true, true, true, false]);
    }
}
