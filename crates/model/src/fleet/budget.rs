//! Budgets: how many nodes of a pool may be going at once, and when.
//!
//! In: what a pool says. Out: a limit, its window and its reasons. A budget that cannot be read is an
//! error, and allows none.

use std::collections::BTreeSet;

use super::{Reason, Schedule, ScheduleError};
use crate::Timestamp;

/// How many nodes a budget allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded up; 0 to 100.
    Percent(u32),
}

impl Limit {
    /// The number of nodes, of `total`.
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => {
                let percent = usize::try_from(percent).unwrap_or(usize::MAX);
                total.saturating_mul(percent).div_ceil(100)
            }
        }
    }
}

/// One budget of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub limit: Limit,
    /// When it holds, and for how many seconds from each beginning; `None`: always.
    pub window: Option<(Schedule, i64)>,
    /// Which disruptions it limits; `None`: all. An empty list limits none.
    pub reasons: Option<BTreeSet<Reason>>,
}

/// A budget that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// `nodes` is neither a count nor a percentage.
    #[error("budget nodes {0:?} is neither a count nor a percentage such as 10%")]
    Nodes(String),
    /// Its schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// One of the two that belong together is missing.
    #[error("a budget has a schedule and a duration, or neither")]
    Window,
    /// A reason that is not known.
    #[error("budget reason {0:?} is not known; use Drifted, Empty, Underutilized or Unhealthy")]
    Reason(String),
}

impl Budget {
    /// Reads a budget: `nodes` as written (`10%` where absent), `duration` in seconds.
    pub fn read(
        nodes: Option<&str>,
        schedule: Option<&str>,
        duration: Option<i64>,
        reasons: Option<&[String]>,
    ) -> Result<Self, BudgetError> {
        let window = match (schedule, duration) {
            (None, None) => None,
            (Some(schedule), Some(duration)) => Some((schedule.parse()?, duration)),
            (None, Some(_)) | (Some(_), None) => return Err(BudgetError::Window),
        };
        let reason =
            |word: &String| Reason::parse(word).ok_or_else(|| BudgetError::Reason(word.clone()));
        let reasons = reasons.map(|words| words.iter().map(reason).collect()).transpose()?;
        Ok(Self { limit: limit(nodes.unwrap_or("10%"))?, window, reasons })
    }

    /// Whether it holds at `now`: a beginning lies less than its duration back. Windows that overlap
    /// go on into each other.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.window.as_ref().is_none_or(|(schedule, duration)| {
            let begin = Timestamp(now.0.saturating_sub(*duration));
            schedule.next(begin).is_some_and(|hit| hit <= now)
        })
    }

    /// Whether it limits disruptions for `reason`.
    pub fn limits(&self, reason: Reason) -> bool {
        self.reasons.as_ref().is_none_or(|reasons| reasons.contains(&reason))
    }
}

fn limit(text: &str) -> Result<Limit, BudgetError> {
    let error = || BudgetError::Nodes(text.to_owned());
    let digits = text.strip_suffix('%').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = if is_number { digits.parse().ok() } else { None }.ok_or_else(error)?;
    match text.ends_with('%') {
        false => Ok(Limit::Count(number)),
        true if number <= 100 => Ok(Limit::Percent(number)),
        true => Err(error()),
    }
}
