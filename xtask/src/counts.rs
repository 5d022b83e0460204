//! Counting passed and failed tests from what the test runners print. Pure: text in, numbers out.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
}

impl Counts {
    /// The counts in a summary line of libtest or of the wasm-bindgen test runner:
    /// `test result: ok. 12 passed; 0 failed; …`.
    pub fn of_rust_summary(line: &str) -> Option<Self> {
        let summary = line.trim_start().strip_prefix("test result:")?;
        Some(Self {
            passed: number_before(summary, "passed")?,
            failed: number_before(summary, "failed")?,
        })
    }

    /// The counts at the end of a TAP report of `node --test`: `# pass 12` and `# fail 0`. A cancelled test has not passed.
    pub fn of_node_report(tap: &str) -> Option<Self> {
        let count = |word: &str| {
            tap.lines().rev().find_map(|line| {
                line.strip_prefix("# ")?
                    .strip_prefix(word)?
                    .trim()
                    .parse::<u64>()
                    .ok()
            })
        };
        Some(Self {
            passed: count("pass ")?,
            failed: count("fail ")? + count("cancelled ").unwrap_or(0),
        })
    }

    /// Nothing passed and one thing failed: a runner that ended without a summary.
    pub const BROKEN: Self = Self {
        passed: 0,
        failed: 1,
    };
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    text.split([';', '.'])
        .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_summaries_are_read_and_other_lines_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.02s";
        assert_eq!(
            Counts::of_rust_summary(line),
            Some(Counts {
                passed: 12,
                failed: 3
            })
        );
        let browser =
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 filtered out; finished in 1.03s";
        assert_eq!(
            Counts::of_rust_summary(browser),
            Some(Counts {
                passed: 5,
                failed: 0
            })
        );
        assert_eq!(Counts::of_rust_summary("test feed::keeps_200 ... ok"), None);
        assert_eq!(Counts::of_rust_summary("test result: unknown"), None);
    }

    #[test]
    fn node_reports_are_read_from_the_end() {
        let tap = "TAP version 13\n# pass 999\nok 1 - a\n1..1\n# tests 9\n# suites 0\n# pass 5\n# fail 1\n# cancelled 2\n# skipped 1\n";
        assert_eq!(
            Counts::of_node_report(tap),
            Some(Counts {
                passed: 5,
                failed: 3
            })
        );
        assert_eq!(Counts::of_node_report("TAP version 13\n"), None);
    }

    #[test]
    fn counts_add_up_and_read_as_a_sentence() {
        let mut all = Counts {
            passed: 2,
            failed: 0,
        };
        all += Counts::BROKEN;
        assert_eq!(all.to_string(), "2 passed, 1 failed");
    }
}
