//! Watches a search: shows how it stands where standard error is a terminal, and ends it when its
//! time is over. What it shows never reaches the answer; when it ends a search, the answer says so.

use std::time::{Duration, Instant};

use planner::Progress;

use crate::money::{cents, rounded_up};
use crate::stages::{now, show_line};

/// The least time between two refreshes of the line.
const REFRESH_MIN: Duration = Duration::from_millis(200);

/// Characters of the bar.
const BAR_WIDTH: usize = 24;

/// A watch over one search.
pub(crate) struct Watch {
    begun: Instant,
    time_limit: Option<Duration>,
    work_limit: u64,
    shows_progress: bool,
    shown: Option<Instant>,
    ended_search: bool,
}

impl Watch {
    /// Begins to watch a search of `work_limit` units, for `time_limit` at most.
    pub(crate) fn new(work_limit: u64, time_limit: Option<Duration>, shows_progress: bool) -> Self {
        let begun = now();
        Self { begun, time_limit, work_limit, shows_progress, shown: None, ended_search: false }
    }

    /// Looks at how things stand; whether the search must end.
    pub(crate) fn look(&mut self, progress: &Progress) -> bool {
        let now = now();
        let is_due = self.shown.is_none_or(|shown| now.duration_since(shown) >= REFRESH_MIN);
        if self.shows_progress && is_due {
            show_line(&line(progress, self.work_limit));
            self.shown = Some(now);
        }
        let is_over = |limit| now.duration_since(self.begun) >= limit;
        self.ended_search |= self.time_limit.is_some_and(is_over);
        self.ended_search
    }

    /// Whether the time was over before the search was.
    pub(crate) const fn ended_search(&self) -> bool {
        self.ended_search
    }
}

/// One line of fewer than 80 columns. The estimate proves nothing; the checker's bound does, once
/// the search is over.
fn line(progress: &Progress, work_limit: u64) -> String {
    let Progress { work_used, objective, estimate } = progress;
    let done = u128::from((*work_used).min(work_limit));
    let percent = done * 100 / u128::from(work_limit.max(1));
    let percent = usize::try_from(percent).unwrap_or(100);
    let bar = "#".repeat(percent * BAR_WIDTH / 100);
    format!(
        "plan [{bar:.<BAR_WIDTH$}] {percent:>3} %  cost {}  estimate {} USD/h",
        cents(rounded_up(*objective)),
        cents(rounded_up(*estimate)),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::NanoUsdPerHour;
    use planner::Progress;

    use super::{Watch, line};

    fn progress(work_used: u64) -> Progress {
        Progress {
            work_used,
            objective: NanoUsdPerHour::new(681_140_000_000),
            estimate: NanoUsdPerHour::new(677_670_000_001),
        }
    }

    #[test]
    fn line_says_how_far_and_how_good() {
        for (work_used, start) in [
            (0, "plan [........................]   0 %"),
            (25, "plan [######..................]  25 %"),
            (101, "plan [########################] 100 %"),
        ] {
            let line = line(&progress(work_used), 100);
            assert!(line.starts_with(start), "{line}");
            assert!(line.ends_with("cost 681.14  estimate 677.67 USD/h"), "{line}");
            assert!(line.len() < 80, "{line}");
        }
    }

    #[test]
    fn search_ends_when_its_time_is_over() {
        let mut watch = Watch::new(100, Some(Duration::ZERO), false);
        assert!(watch.look(&progress(1)) && watch.ended_search());
        let mut watch = Watch::new(100, None, false);
        assert!(!watch.look(&progress(1)) && !watch.ended_search());
    }
}
