//! A hard end at a chosen request, for tests of what a restart finds.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Where and how the process ends.
#[derive(Clone, Debug)]
pub struct Crash {
    /// At which request.
    pub point: CrashPoint,
    /// How.
    pub end: CrashEnd,
}

/// How a crash is made.
#[derive(Clone, Debug)]
pub enum CrashEnd {
    /// The process is aborted.
    Abort,
    /// The request never goes on, and whoever waits is told to throw the controller away; for tests that
    /// share a process with it.
    Freeze(Arc<Notify>),
}

/// The `n`th request to API server or cloud, counted from 0.
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
pub(super) struct Crashing {
    crash: Option<Crash>,
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Crashing {
    pub(super) const fn new(crash: Option<Crash>) -> Self {
        Self { crash, begun: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }

    pub(super) async fn before(&self) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        self.at(CrashPoint::Before(number)).await;
    }

    pub(super) async fn after(&self) {
        let number = self.ended.fetch_add(1, Ordering::Relaxed);
        self.at(CrashPoint::After(number)).await;
    }

    async fn at(&self, point: CrashPoint) {
        let Some(crash) = self.crash.as_ref().filter(|crash| crash.point == point) else { return };
        match &crash.end {
            CrashEnd::Abort => std::process::abort(),
            CrashEnd::Freeze(told) => {
                told.notify_one();
                std::future::pending::<()>().await;
            }
        }
    }
}
