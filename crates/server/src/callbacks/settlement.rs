//! What a receiver's answer means for the job: done, again later, or dead. Pure.

use std::time::Duration;

use cuecard_protocol::Millis;

use crate::backbone::jobs::{Job, Settlement};
use crate::work::retry;

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered.
    Status {
        /// With this HTTP status.
        code: u16,
        /// And asked to wait so long.
        retry_after: Option<Duration>,
    },
    /// There was no answer, for this reason.
    Unreachable(String),
}

impl Answer {
    /// In words, for the job's record. Nothing of what the receiver said: that could be anything.
    pub fn reason(&self) -> String {
        match self {
            Self::Status { code, .. } => format!("HTTP status {code}, expected 2xx"),
            Self::Unreachable(reason) => format!("no answer: {reason}"),
        }
    }
}

/// Settles a try of `job` that ended at `now`; when it is tried again says [`retry::again`].
pub fn settle(answer: &Answer, job: &Job, now: Millis, draw: f64) -> Settlement {
    let asked = match answer {
        Answer::Status {
            code: 200..=299, ..
        } => return Settlement::Done,
        Answer::Status {
            code: 429 | 500..=599,
            retry_after,
        } => *retry_after,
        // Another try would be refused in the same words.
        Answer::Status { .. } => {
            return Settlement::Dead {
                reason: answer.reason(),
            };
        }
        Answer::Unreachable(_) => None,
    };
    retry::again(job, asked, answer.reason(), now, draw, retry::CAP)
}

#[cfg(test)]
mod tests {
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

    fn status(code: u16, seconds: Option<u64>) -> Answer {
        let retry_after = seconds.map(Duration::from_secs);
        Answer::Status { code, retry_after }
    }

    fn retry(after_ms: u64, reason: &str) -> Settlement {
        Settlement::Retry {
            at: START.plus(Millis(after_ms)),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let at_start = |answer| settle(&answer, &job(1), START, 0.5);
        for code in [200, 204, 299] {
            assert_eq!(at_start(status(code, None)), Settlement::Done);
        }
        for code in [100, 301, 302, 400, 401, 404, 408, 410, 422] {
            let reason = format!("HTTP status {code}, expected 2xx");
            assert_eq!(at_start(status(code, Some(3))), Settlement::Dead { reason });
        }
        assert_eq!(
            at_start(status(429, Some(7))),
            retry(7_000, "HTTP status 429, expected 2xx")
        );
        assert_eq!(
            at_start(status(503, Some(0))),
            retry(1_000, "HTTP status 503, expected 2xx")
        );
        assert_eq!(
            at_start(status(500, None)),
            retry(500, "HTTP status 500, expected 2xx")
        );
        assert_eq!(
            at_start(Answer::Unreachable("timed out".to_owned())),
            retry(500, "no answer: timed out")
        );
    }
}
