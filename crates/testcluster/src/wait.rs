//! Waiting for something with a deadline, by asking again.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Result};

/// Between the first looks. Short beside what is waited for (a pod takes tens of milliseconds at least),
/// long beside a request to a loopback server (1 to 5 ms).
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// However long the wait: states that are looked for pass, and tests wait for the next look.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// A look comes so much later than it could as a part of the wait so far. Looks list all of a kind; asked for
/// every 50 ms they took most of what API servers took of the cores that whatever is waited for needs.
const LATE: u32 = 20;

/// A moment after which waiting has failed.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    within: Duration,
}

impl Deadline {
    /// The moment that is `within` from now.
    pub fn after(within: Duration) -> Self {
        Self { at: Instant::now() + within, within }
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.at
    }
}

/// Asks `probe` until it answers `Some`, at most for `within`.
///
/// An error of the probe is not the end, as the server asked may be restarting: the last one is in the
/// error when time runs out.
pub async fn until<T, E: std::fmt::Display>(
    what: &str,
    within: Duration,
    probe: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> Result<T> {
    until_at(what, Deadline::after(within), probe).await
}

/// As [`until`], for several waits that share a deadline.
pub async fn until_at<T, E: std::fmt::Display>(
    what: &str,
    deadline: Deadline,
    mut probe: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> Result<T> {
    let mut last = "nothing".to_owned();
    let start = Instant::now();
    let asked = async {
        loop {
            match probe().await {
                Ok(Some(answer)) => return answer,
                Ok(None) => "not yet".clone_into(&mut last),
                Err(error) => last = error.to_string(),
            }
            let pause = start.elapsed() / LATE;
            tokio::time::sleep(pause.clamp(PAUSE_MIN, PAUSE_MAX)).await;
        }
    };
    let answer = tokio::time::timeout_at(deadline.at, asked).await;
    answer.map_err(|_| Error::Late { what: what.to_owned(), within: deadline.within, last })
}
