//! How a test runner ended, and what becomes of tests that failed.

use std::mem;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::counts::{Counts, Failures, Running};
use crate::process;

/// A suite that prints nothing for so long hangs. Its slowest test takes a tenth of that.
pub const SILENCE: Duration = Duration::from_mins(10);

/// How a runner ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What its summaries say, if there is one.
    pub counts: Option<Counts>,
    /// Whether it said that all is well.
    pub success: bool,
    /// What failed, by name, or by file where the runner is given files.
    pub failed: Vec<String>,
    /// Whether it hung, and was ended.
    pub hung: bool,
}

/// What a suite comes to.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many tests passed and failed in the end.
    pub counts: Counts,
    /// What failed at first and passed when it was run once more.
    pub unsteady: Vec<String>,
}

impl Run {
    /// Runs a command whose output is libtest's, or like it.
    pub fn of(command: &mut Command) -> Result<Self> {
        let mut counts: Option<Counts> = None;
        let (mut failures, mut running) = (Failures::default(), Running::default());
        let status = process::run_lines(command, SILENCE, |line| {
            if let Some(found) = Counts::of_rust_summary(line) {
                *counts.get_or_insert_default() += found;
            }
            failures.read(line);
            running.read(line);
        })?;
        let mut failed = failures.names;
        if status.is_none() {
            println!(
                "test: nothing was printed for {} s; ended",
                SILENCE.as_secs()
            );
            failed.append(&mut running.names);
        }
        Ok(Self {
            counts,
            success: status.is_some_and(|status| status.success()),
            failed,
            hung: status.is_none(),
        })
    }

    /// A runner that fails without a failed test, or ends without a summary, did not do its work.
    pub fn broke(&self) -> bool {
        self.counts
            .is_none_or(|counts| !self.success && counts.failed == 0)
    }

    /// The result as it is.
    pub fn outcome(self) -> Outcome {
        let mut counts = self.counts.unwrap_or_default();
        if self.broke() {
            counts += Counts::BROKEN;
        }
        Outcome {
            counts,
            unsteady: Vec::new(),
        }
    }

    /// The result after `again`, which is given the names of what failed and runs at least that; after a suite that hung, all
    /// of it. What passes then counts as passed, and is named.
    pub fn tried_again(mut self, again: impl FnOnce(&[String]) -> Result<Self>) -> Result<Outcome> {
        if !self.hung && (self.failed.is_empty() || self.broke()) {
            return Ok(self.outcome());
        }
        if self.failed.is_empty() {
            self.failed.push("it hung".to_owned());
        }
        println!(
            "\ntest: failed, and is tried once more: {}",
            self.failed.join(", ")
        );
        let names = mem::take(&mut self.failed);
        let second = again(&names)?;
        let hung = self.hung;
        let mut outcome = self.outcome();
        match second.counts {
            Some(counts) if second.success && counts.passed > 0 => {
                if hung {
                    outcome.counts = counts;
                } else {
                    outcome.counts.passed += mem::take(&mut outcome.counts.failed);
                }
                outcome.unsteady = names;
            }
            _ => {}
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Counts = Counts {
        passed: 3,
        failed: 0,
    };
    const BAD: Counts = Counts {
        passed: 3,
        failed: 2,
    };

    fn run(counts: Option<Counts>, success: bool) -> Run {
        let failed = counts.map_or(0, |counts| counts.failed);
        Run {
            counts,
            success,
            failed: (0..failed).map(|number| format!("test {number}")).collect(),
            hung: false,
        }
    }

    /// Hung after the tests of some of its programs had passed.
    fn hung(running: &[&str]) -> Run {
        Run {
            counts: Some(GOOD),
            success: false,
            failed: running.iter().map(ToString::to_string).collect(),
            hung: true,
        }
    }

    #[test]
    fn a_runner_that_breaks_is_a_failure() {
        let counts = |counts, success| run(counts, success).outcome().counts;
        assert_eq!(counts(Some(GOOD), true), GOOD);
        assert_eq!(
            counts(Some(GOOD), false),
            Counts {
                passed: 3,
                failed: 1
            }
        );
        assert_eq!(counts(Some(BAD), false), BAD);
        assert_eq!(counts(None, true), Counts::BROKEN);
        assert_eq!(counts(None, false), Counts::BROKEN);
        let broke = [
            (Some(GOOD), true),
            (Some(BAD), false),
            (Some(GOOD), false),
            (None, true),
        ]
        .map(|(counts, success)| run(counts, success).broke());
        assert_eq!(broke, [false, false, true, true]);
    }

    #[test]
    fn what_passes_at_the_second_try_is_named_and_what_fails_twice_has_failed() {
        let failing = || run(Some(BAD), false);
        let better = failing().tried_again(|names| {
            assert_eq!(names, ["test 0", "test 1"]);
            Ok(run(
                Some(Counts {
                    passed: 2,
                    failed: 0,
                }),
                true,
            ))
        });
        assert_eq!(
            better.expect("runs"),
            Outcome {
                counts: Counts {
                    passed: 5,
                    failed: 0
                },
                unsteady: vec!["test 0".into(), "test 1".into()],
            }
        );
        let one_of_two = Counts {
            passed: 1,
            failed: 1,
        };
        let nothing_ran = Counts::default();
        for second in [
            run(Some(one_of_two), false),
            run(Some(nothing_ran), true),
            run(None, true),
        ] {
            let outcome = failing().tried_again(|_| Ok(second)).expect("runs");
            assert_eq!((outcome.counts, outcome.unsteady), (BAD, Vec::new()));
        }
    }

    #[test]
    fn a_suite_that_hung_is_tried_again_and_counts_as_it_ends_then() {
        let whole = Counts {
            passed: 9,
            failed: 0,
        };
        for (running, named) in [(&["test 0"][..], "test 0"), (&[], "it hung")] {
            let outcome = hung(running)
                .tried_again(|_| Ok(run(Some(whole), true)))
                .expect("runs");
            assert_eq!(
                (outcome.counts, outcome.unsteady),
                (whole, vec![named.to_owned()])
            );
        }
        let outcome = hung(&[]).tried_again(|_| Ok(hung(&[]))).expect("runs");
        let counts = Counts {
            passed: 3,
            failed: 1,
        };
        assert_eq!((outcome.counts, outcome.unsteady), (counts, Vec::new()));
    }

    #[test]
    fn what_passed_or_broke_is_not_tried_again() {
        for first in [
            run(Some(GOOD), true),
            run(Some(GOOD), false),
            run(None, false),
        ] {
            let outcome = first
                .clone()
                .tried_again(|_| panic!("nothing to try again"))
                .expect("ends");
            assert_eq!(outcome, first.outcome());
        }
    }
}
