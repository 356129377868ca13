//! Waiting for something with a deadline, by asking again.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, Result};

/// Between two looks. Short beside what is waited for (a pod takes tens of milliseconds at least),
/// long beside a request to a loopback server (1 to 5 ms).
const PAUSE: Duration = Duration::from_millis(50);

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
    let asked = async {
        loop {
            match probe().await {
                Ok(Some(answer)) => return answer,
                Ok(None) => "not yet".clone_into(&mut last),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let answer = tokio::time::timeout_at(deadline.at, asked).await;
    answer.map_err(|_| Error::Late { what: what.to_owned(), within: deadline.within, last })
}
