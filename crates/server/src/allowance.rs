//! How often something may happen: a burst at once, then a steady rate. Pure; the time is an argument.

use std::collections::BTreeMap;

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
        if self.is_full(now) {
            self.spent_until = 0;
        }
        let now = now.0.saturating_mul(1_000);
        let spent_until = self.spent_until.max(now).saturating_add(self.cost);
        let is_left = spent_until - now <= self.most();
        if is_left {
            self.spent_until = spent_until;
        }
        is_left
    }

    /// Whether nothing of it is taken at `now`.
    const fn is_full(&self, now: Millis) -> bool {
        let now = now.0.saturating_mul(1_000);
        // Nobody can have spent more than there is: then the clock was set back.
        self.spent_until <= now || self.spent_until > now.saturating_add(self.most())
    }

    /// What can be spent at once, in microseconds.
    const fn most(&self) -> u64 {
        self.cost.saturating_mul(self.burst)
    }
}

/// An allowance for each of many, by name. Those that are full again are forgotten.
#[derive(Debug)]
pub struct Allowances {
    full: Allowance,
    spent: BTreeMap<String, Allowance>,
    swept_at: Millis,
}

/// Full ones are looked for so often.
const SWEEP: Millis = Millis::from_secs(60);

impl Allowances {
    /// `burst` at once for each, and `per_second` after that.
    pub const fn new(burst: u64, per_second: u64) -> Self {
        Self {
            full: Allowance::new(burst, per_second),
            spent: BTreeMap::new(),
            swept_at: Millis(0),
        }
    }

    /// As [`Allowance::take`], of the one with this name.
    pub fn take(&mut self, name: &str, now: Millis) -> bool {
        // Either way: the clock may have been set back.
        if now.0.abs_diff(self.swept_at.0) >= SWEEP.0 {
            self.spent.retain(|_, one| !one.is_full(now));
            self.swept_at = now;
        }
        let one = self.spent.entry(name.to_owned()).or_insert(self.full);
        one.take(now)
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
    #[test]
    fn each_name_has_its_own_and_full_ones_are_forgotten() {
        let mut allowances = Allowances::new(2, 1);
        let now = Millis::from_secs(10_000);
        let taken = ["a", "a", "a", "b"].map(|name| allowances.take(name, now));
        assert_eq!(taken, [true, true, false, true]);
        assert!(!allowances.take("a", now.plus(Millis(999))));
        let later = now.plus(Millis::from_secs(59));
        assert!(allowances.take("c", later));
        assert_eq!(allowances.spent.len(), 3);
        assert!(allowances.take("c", later.plus(Millis::from_secs(1))));
        assert_eq!(allowances.spent.into_keys().collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_names() {
        let mut allowances = Allowances::new(2, 1);
        assert!(allowances.take("a", Millis::from_secs(10_000)));
        assert!(allowances.take("b", Millis::from_secs(5_000)));
        assert_eq!(allowances.spent.into_keys().collect::<Vec<_>>(), ["b"]);
    }
}
