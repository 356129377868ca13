//! Which events are worth sending: each once within its time, and only so many a second.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Events remembered at once: 300 bytes each, 3 MB in all. Beyond it the oldest are forgotten, and may be
/// sent again.
const REMEMBERED_MAX: usize = 10_000;

/// What was sent, and until when it is not sent again.
#[derive(Debug, Default)]
pub(crate) struct Dedupe {
    until: BTreeMap<String, Instant>,
}

impl Dedupe {
    /// Whether what `key` names is to be sent at `now`; if so it is not for as long as `quiet`.
    pub(crate) fn admits(&mut self, key: String, quiet: Duration, now: Instant) -> bool {
        if self.until.get(&key).is_some_and(|until| *until > now) {
            return false;
        }
        if self.until.len() >= REMEMBERED_MAX {
            self.until.retain(|_, until| *until > now);
        }
        if self.until.len() >= REMEMBERED_MAX {
            self.until.clear();
        }
        self.until.insert(key, now + quiet);
        true
    }
}

/// So many a second, and so many at once after a rest.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    burst: u32,
    /// When the bucket is full again.
    full_at: Option<Instant>,
}

impl Pace {
    /// `per_second` and `burst` are at least 1.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self {
            every: Duration::from_secs(1) / per_second.max(1),
            burst: burst.max(1),
            full_at: None,
        }
    }

    /// Takes one out of the bucket at `now`, if there is one.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.unwrap_or(now).max(now);
        if full_at + self.every > now + self.every * self.burst {
            return false;
        }
        self.full_at = Some(full_at + self.every);
        true
    }

    /// How long from `now` until there is one again.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        let full_at = self.full_at.unwrap_or(now).max(now);
        (full_at + self.every).saturating_duration_since(now + self.every * self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sent_once_within_its_time() {
        let start = Instant::now();
        let mut dedupe = Dedupe::default();
        let quiet = Duration::from_mins(2);
        assert!(dedupe.admits("a".to_owned(), quiet, start));
        assert!(!dedupe.admits("a".to_owned(), quiet, start + Duration::from_mins(1)));
        assert!(dedupe.admits("b".to_owned(), quiet, start));
        assert!(dedupe.admits("a".to_owned(), quiet, start + quiet));
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut dedupe = Dedupe::default();
        for event in 0..=REMEMBERED_MAX {
            assert!(dedupe.admits(event.to_string(), Duration::from_mins(2), start));
        }
        assert!(dedupe.until.len() <= REMEMBERED_MAX);
    }

    #[test]
    fn a_pace_allows_a_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut pace = Pace::new(5, 10);
        let at_once = (0..100).filter(|_| pace.admits(start)).count();
        assert_eq!(at_once, 10);
        assert_eq!(pace.wait(start), Duration::from_millis(200));
        let later = start + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| pace.admits(later)).count(), 5);
        let rested = start + Duration::from_mins(1);
        assert_eq!((0..100).filter(|_| pace.admits(rested)).count(), 10);
    }
}
