//! When a failed job is tried again, and when it is given up. Pure.

use std::time::Duration;

use cuecard_protocol::Millis;

use crate::backbone::jobs::{Job, Settlement};

/// The bound of the first wait of our own, and the least wait that can be asked for.
const BASE: Duration = Duration::from_secs(1);
/// The bound that no wait of our own exceeds, where nobody has set another.
pub const CAP: Duration = Duration::from_mins(5);
/// A job that failed for so long is dead.
const GIVE_UP: Millis = Millis::from_secs(24 * 3600);

/// Settles an attempt of `job` that failed at `now` for `reason`, and might succeed later.
///
/// The wait is the one that was `asked` for, else uniform in 0 to min(`cap`, 1 s · 2ⁿ) (full jitter), where n counts the
/// failures before and `draw` is uniform in 0 to 1, drawn anew for each call. Whoever asks for less than 1 s gets that,
/// and whoever asks for none our own wait, if it is longer: what fails again and again is asked less and less.
pub fn again(
    job: &Job,
    asked: Option<Duration>,
    reason: String,
    now: Millis,
    draw: f64,
    cap: Duration,
) -> Settlement {
    if now.since(job.tried_since) >= GIVE_UP {
        let reason = format!("given up after 24 hours; {reason}");
        return Settlement::Dead { reason };
    }
    let own = bound(job.attempts, cap).mul_f64(draw.clamp(0.0, 1.0));
    let wait = match asked {
        None => own,
        Some(Duration::ZERO) => own.max(BASE),
        Some(asked) => asked.max(BASE),
    };
    let at = now.plus(Millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    Settlement::Retry { at, reason }
}

/// min(`cap`, [`BASE`] · 2ⁿ) after n + 1 attempts.
fn bound(attempts: u32, cap: Duration) -> Duration {
    2u32.checked_pow(attempts.saturating_sub(1))
        .map_or(cap, |factor| BASE.saturating_mul(factor))
        .min(cap)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::backbone::jobs::JobState;

    const START: Millis = Millis(1_800_000_000_000);

    fn job(attempts: u32) -> Job {
        Job {
            id: 1,
            queue: "callback:crm".to_owned(),
            delivery: "d".to_owned(),
            payload: Value::Null,
            created_at: START,
            tried_since: START,
            attempts,
            state: JobState::Leased,
            due_at: START,
            last_error: None,
        }
    }

    fn failed(job: &Job, asked: Option<u64>, now: Millis, draw: f64) -> Settlement {
        let asked = asked.map(Duration::from_secs);
        again(job, asked, "why".to_owned(), now, draw, CAP)
    }

    #[test]
    fn what_was_asked_for_goes_before_our_own_wait() {
        let retry = |after: u64| Settlement::Retry {
            at: START.plus(Millis(after)),
            reason: "why".to_owned(),
        };
        assert_eq!(failed(&job(1), Some(7), START, 0.5), retry(7_000));
        assert_eq!(failed(&job(1), Some(0), START, 0.5), retry(1_000));
        assert_eq!(failed(&job(5), Some(0), START, 0.5), retry(8_000));
        assert_eq!(
            again(
                &job(1),
                Some(Duration::from_millis(1)),
                "why".to_owned(),
                START,
                0.5,
                CAP
            ),
            retry(1_000)
        );
        assert_eq!(failed(&job(1), None, START, 0.5), retry(500));
        assert_eq!(failed(&job(3), None, START, 0.5), retry(2_000));
    }

    #[test]
    fn waits_double_up_to_five_minutes() {
        let waits: Vec<u64> = (1..=11)
            .map(|attempts| bound(attempts, CAP).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(bound(u32::MAX, CAP), CAP);
        assert_eq!(bound(9, Duration::from_secs(10)), Duration::from_secs(10));
    }

    #[test]
    fn after_a_day_a_job_is_dead_and_a_replayed_one_has_another_day() {
        let late = START.plus(GIVE_UP);
        assert!(matches!(
            failed(&job(9), None, Millis(late.0 - 1), 0.0),
            Settlement::Retry { .. }
        ));
        assert_eq!(
            failed(&job(9), Some(1), late, 0.0),
            Settlement::Dead {
                reason: "given up after 24 hours; why".to_owned()
            }
        );
        let replayed = Job {
            tried_since: late,
            ..job(9)
        };
        assert!(matches!(
            failed(&replayed, None, late, 0.0),
            Settlement::Retry { .. }
        ));
    }

    proptest! {
        #[test]
        fn no_wait_of_our_own_is_longer_than_its_bound(attempts in 1..100u32, draw in 0.0..1.0f64) {
            let Settlement::Retry { at, .. } = failed(&job(attempts), None, START, draw) else {
                panic!("expected a retry")
            };
            prop_assert!(u128::from(at.since(START).0) <= bound(attempts, CAP).as_millis());
        }
    }
}
