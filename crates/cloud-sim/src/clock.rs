//! Time as the simulated cloud sees it.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

/// Says what time it is, and lets some pass.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// Time since the Unix epoch.
    fn now(&self) -> Duration;

    /// Returns when `duration` has passed.
    async fn sleep(&self, duration: Duration);
}

/// A clock that stands still but for sleeps and [`VirtualClock::advance`]. A sleep moves it on at
/// once: whoever sleeps is the one thing that happens meanwhile.
#[derive(Debug)]
pub struct VirtualClock {
    milliseconds: AtomicU64,
}

impl VirtualClock {
    /// A clock that shows `now`, cut to milliseconds.
    pub fn new(now: Duration) -> Self {
        Self { milliseconds: AtomicU64::new(milliseconds(now)) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.milliseconds.fetch_add(milliseconds(by), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
