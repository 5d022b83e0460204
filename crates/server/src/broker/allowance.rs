//! How often something may happen: a burst at once, then a steady rate. Pure; the time is an argument.

use cuecard_protocol::Millis;

/// The generic cell rate algorithm: one time stamp, however large the burst.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    cost: u64,
    burst: u64,
    /// When the allowance will be full again.
    spent_until: Millis,
}

impl Allowance {
    /// `burst` at once, and `per_second` after that.
    pub const fn new(burst: u64, per_second: u64) -> Self {
        let per_second = if per_second == 0 { 1 } else { per_second };
        Self {
            cost: 1_000 / per_second,
            burst,
            spent_until: Millis(0),
        }
    }

    /// Takes one off; false if none is left at `now`, and then nothing is taken.
    pub fn take(&mut self, now: Millis) -> bool {
        let spent_until = self.spent_until.max(now).plus(Millis(self.cost));
        let is_left = spent_until.since(now).0 <= self.cost.saturating_mul(self.burst);
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
}
