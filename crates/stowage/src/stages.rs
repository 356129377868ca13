//! How long each stage took, in one line on standard error; what is going on, where that is a
//! terminal. The only reader of the clock in this program: no time reaches the answer.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A stopwatch over the stages of a command.
pub(crate) struct Stages {
    begun: Instant,
    took: Vec<(&'static str, Duration)>,
    shows_progress: bool,
}

impl Stages {
    /// Starts the watch.
    pub(crate) fn new() -> Self {
        Self { begun: now(), took: Vec::new(), shows_progress: io::stderr().is_terminal() }
    }

    /// Whether someone may be looking at a progress line.
    pub(crate) const fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    /// Does `work` as the stage `name`, a verb such as `plan`.
    pub(crate) fn run<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        self.show(&format!("stowage: {name} ..."));
        let begun = now();
        let result = work();
        self.took.push((name, begun.elapsed()));
        self.show("");
        result
    }

    /// Prints the times, such as `read 1.2 ms, plan 30.1 ms, total 35.0 ms`.
    pub(crate) fn print(&self) {
        let total = ("total", self.begun.elapsed());
        let times: Vec<String> = (self.took.iter().chain([&total]))
            .map(|(name, took)| format!("{name} {}", milliseconds(*took)))
            .collect();
        eprintln!("{}", times.join(", "));
    }

    /// Replaces the progress line where there is one.
    fn show(&self, text: &str) {
        if self.shows_progress {
            show_line(text);
        }
    }
}

/// Replaces the line that a terminal shows on standard error; one that is gone is no reason to
/// stop.
pub(crate) fn show_line(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush());
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the binary times itself, on standard error only")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn milliseconds(took: Duration) -> String {
    let micros = took.as_micros();
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}
