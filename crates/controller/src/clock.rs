//! The clock of the driver: the one place of this crate that reads it.
//!
//! Decisions take the time as an argument; what is below is called by the loops that hand it over.

use std::time::{Duration, SystemTime};

use model::Timestamp;
use tokio::time::Instant;

/// Seconds since the epoch.
pub(crate) fn now() -> Timestamp {
    let seconds = since_epoch().as_secs();
    Timestamp(i64::try_from(seconds).expect("the year is below 292 billion"))
}

/// Time since the epoch.
#[expect(clippy::disallowed_methods, reason = "the driver hands the time to those who decide")]
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("the clock is not before 1970")
}

/// A moment to measure from; not affected by changes of the clock.
pub(crate) fn instant() -> Instant {
    Instant::now()
}
