//! A hard end at a chosen request, for tests of what a restart finds.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the process ends: at the `n`th request to API server or cloud, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Before it is sent.
    Before(u64),
    /// After its answer came, before anybody hears of it.
    After(u64),
}

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no crash point; give before:N or after:N");
        let (when, number) = text.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        match when {
            "before" => Ok(Self::Before(number)),
            "after" => Ok(Self::After(number)),
            _ => Err(wrong()),
        }
    }
}

/// Counts requests, and ends the process where it was told to.
#[derive(Debug)]
pub(super) struct Crash {
    point: Option<CrashPoint>,
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Crash {
    pub(super) const fn new(point: Option<CrashPoint>) -> Self {
        Self { point, begun: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    pub(super) fn before(&self) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        if self.point == Some(CrashPoint::Before(number)) {
            std::process::abort();
        }
    }

    pub(super) fn after(&self) {
        let number = self.ended.fetch_add(1, Ordering::Relaxed);
        if self.point == Some(CrashPoint::After(number)) {
            std::process::abort();
        }
    }
}
