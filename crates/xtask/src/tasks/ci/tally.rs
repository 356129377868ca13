//! Counts of checks and tests, read from what libtest prints.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::process::ExitCode;

/// Lines of what failed tests printed that are shown again at the end, as whoever reads only the end of a
/// long log has nothing else to go by: the last ones of each test binary.
const SHOWN_AGAIN: usize = 20;

/// What passed, failed and was skipped. Shown as the last lines of a run.
#[derive(Default)]
pub(super) struct Tally {
    /// What failed tests printed, of all test binaries.
    printed: Vec<String>,
    /// The same of the binary that is being read, while it tells it.
    printing: Option<VecDeque<String>>,
    passed: usize,
    /// Names of what failed.
    failed: Vec<String>,
    /// Failures that libtest counted.
    failed_tests: usize,
    /// How many were skipped, by reason.
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    /// Notes a step that counts as one check.
    pub(super) fn check(&mut self, name: &str, succeeded: bool) {
        if succeeded {
            self.passed += 1;
        } else {
            self.failed.push(name.to_owned());
        }
    }

    /// Reads a line of `cargo test`: results of a test binary, a failed test, or `skipped: name:
    /// reason` from a test that had nothing to run on.
    pub(super) fn read_line(&mut self, line: &str) {
        self.keep_what_failures_print(line);
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |what: &str| -> usize {
                let before = counts.split(what).next().unwrap_or_default();
                let number = before.trim_end().rsplit(' ').next().unwrap_or_default();
                number.parse().unwrap_or(0)
            };
            self.passed += count(" passed;");
            self.failed_tests += count(" failed;");
            let ignored = count(" ignored;");
            if ignored > 0 {
                *self.skipped.entry("marked `#[ignore]`".to_owned()).or_default() += ignored;
            }
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failed.push(name.to_owned());
        } else if let Some(skipped) = line.strip_prefix("skipped: ") {
            let reason = skipped.split_once(": ").map_or(skipped, |(_, reason)| reason);
            *self.skipped.entry(reason.to_owned()).or_default() += 1;
            // libtest knows no skipping at run time and counts such a test as passed.
            self.passed = self.passed.saturating_sub(1);
        }
    }

    /// libtest has what failed tests printed between two lines `failures:`.
    fn keep_what_failures_print(&mut self, line: &str) {
        if line == "failures:" {
            match self.printing.take() {
                None => self.printing = Some(VecDeque::new()),
                Some(printed) => self.printed.extend(printed),
            }
        } else if line.starts_with("test result: ") {
            self.printing = None;
        } else if let Some(printing) = &mut self.printing {
            if printing.len() == SHOWN_AGAIN {
                printing.pop_front();
            }
            printing.push_back(line.to_owned());
        }
    }

    /// Notes how `cargo test` ended: without a counted failure, a failed run did not compile.
    pub(super) fn end_of_tests(&mut self, succeeded: bool) {
        if !succeeded && self.failed_tests == 0 {
            self.failed.push("compiling and starting the tests".to_owned());
        }
    }

    /// A failure where anything failed or nothing ran.
    pub(super) fn exit_code(&self) -> ExitCode {
        if self.failed.is_empty() && self.failed_tests == 0 && self.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Named failures and those that libtest counted without a name that could be read.
    fn failures(&self) -> usize {
        self.failed.len().max(self.failed_tests)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.printed {
            writeln!(f, "{line}")?;
        }
        for name in &self.failed {
            writeln!(f, "failed: {name}")?;
        }
        for (reason, count) in &self.skipped {
            writeln!(f, "{count} skipped: {reason}")?;
        }
        writeln!(f, "{} passed, {} failed", self.passed, self.failures())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn counts_are_read_from_what_libtest_prints() {
        let output = "skipped: openb_is_read: STOWAGE_DATA is not set\n\
                      test rows::openb ... FAILED\n\
                      failures:\n\
                      ---- rows::openb stdout ----\n\
                      4 rows, 5 expected\n\
                      failures:\n\
                      \x20   rows::openb\n\
                      test result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                      skipped: azure_is_read: STOWAGE_DATA is not set\n\
                      test result: ok. 13 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let mut tally = Tally::default();
        tally.check("format", true);
        tally.check("lints", false);
        output.lines().for_each(|line| tally.read_line(line));
        tally.end_of_tests(false);
        let expected = "---- rows::openb stdout ----\n\
                        4 rows, 5 expected\n\
                        failed: lints\n\
                        failed: rows::openb\n\
                        2 skipped: STOWAGE_DATA is not set\n\
                        2 skipped: marked `#[ignore]`\n\
                        16 passed, 2 failed\n";
        assert_eq!(tally.to_string(), expected);
    }
}
