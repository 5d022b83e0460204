//! Counting passed and failed tests from what the test runners print, and naming the failed ones. Pure: text in, numbers and names out.

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

/// The names of failed tests, from the lines of libtest's reports: those that stand indented below the last `failures:` of each.
#[derive(Debug, Default)]
pub struct Failures {
    /// The names so far, each once.
    pub names: Vec<String>,
    listing: bool,
}

impl Failures {
    /// Takes the next line.
    pub fn read(&mut self, line: &str) {
        if line == "failures:" {
            self.listing = true;
        } else if let (true, Some(name)) = (self.listing, line.strip_prefix("    ")) {
            if !self.names.iter().any(|known| known == name) {
                self.names.push(name.to_owned());
            }
        } else if !line.is_empty() {
            self.listing = false;
        }
    }
}

/// The tests that libtest says are slow and that have not ended yet.
#[derive(Debug, Default)]
pub struct Running {
    /// Their names.
    pub names: Vec<String>,
}

impl Running {
    /// Takes the next line.
    pub fn read(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test ") else {
            return;
        };
        if let Some((name, _)) = rest.split_once(" has been running for over ") {
            self.names.push(name.to_owned());
        } else if let Some((name, _)) = rest.split_once(" ... ") {
            self.names.retain(|running| running != name);
        }
    }
}

/// The spec files in which a test failed, from a TAP report of `node --test`: it gives places of failed tests only.
pub fn failed_specs(tap: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for place in tap
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("location: '"))
    {
        // `'/specs/a.test.mjs:3:1'`
        let Some(file) = place.rsplitn(3, ':').last() else {
            continue;
        };
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
    }
    files
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
    fn failed_tests_are_named_once_and_their_output_is_not_taken_for_names() {
        let report = "running 3 tests
test doors::opens ... FAILED
test doors::closes ... ok

failures:

---- doors::opens stdout ----
    not a name
thread panicked

failures:
    doors::opens
    doors::shuts

test result: FAILED. 1 passed; 2 failed
    not a name either

failures:
    doors::opens
";
        let mut failures = Failures::default();
        report.lines().for_each(|line| failures.read(line));
        assert_eq!(failures.names, ["doors::opens", "doors::shuts"]);
    }

    #[test]
    fn slow_tests_run_until_their_end_is_printed() {
        let mut running = Running::default();
        for line in [
            "test doors::opens ... ok",
            "test doors::hangs has been running for over 60 seconds",
            "test doors::crawls has been running for over 60 seconds",
            "test result: ok. 1 passed; 0 failed",
            "test doors::crawls ... FAILED",
        ] {
            running.read(line);
        }
        assert_eq!(running.names, ["doors::hangs"]);
    }

    #[test]
    fn failed_specs_are_named_once() {
        let tap = "ok 1 - fine\n  ---\n  duration_ms: 1\n  ...\nnot ok 2 - suite\n    not ok 1 - inner\n      ---\n      \
                   location: '/specs/a.test.mjs:5:25'\n  ---\n  location: '/specs/a.test.mjs:5:1'\n  location: '/specs/b.test.mjs:7:1'\n";
        assert_eq!(
            failed_specs(tap),
            ["/specs/a.test.mjs", "/specs/b.test.mjs"]
        );
        assert!(failed_specs("ok 1 - fine\n").is_empty());
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
