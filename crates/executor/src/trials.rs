//! Tells a scheduler at rest from one that works its queue off.
//!
//! In: the moments at which a pod was seen to be tried, by what a trial leaves on it. Out: from when on
//! the scheduler is taken to have nothing to do. A trial that changes nothing on its pod leaves nothing to
//! see, so the pause after the last that was seen is the longer the more pods wait.

use std::time::{Duration, Instant};

/// While the scheduler works its queue off, a pod comes within some tens of milliseconds, each with a
/// write; a pause of less than this is part of the work.
const PAUSE_MIN: Duration = Duration::from_millis(400);
/// However many pods wait.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A trial without a write takes less than half of one with a write.
const UNSEEN: u32 = 2;
/// Trials that the mean is over.
const MEAN_OF: u32 = 64;

/// Trials that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trials {
    last: Option<Instant>,
    /// What one takes, on average over the last.
    each: Duration,
}

impl Trials {
    /// A pod was seen to be tried.
    pub fn seen(&mut self, at: Instant) {
        let pause = self.last.map(|last| at.saturating_duration_since(last));
        if let Some(pause) = pause.filter(|pause| *pause < PAUSE_MIN) {
            self.each = (self.each * (MEAN_OF - 1) + pause) / MEAN_OF;
        }
        self.last = Some(at);
    }

    /// What the scheduler takes to try `pods` pods once, as far as was seen.
    pub fn round(&self, pods: usize) -> Duration {
        self.each.saturating_mul(u32::try_from(pods).unwrap_or(u32::MAX))
    }

    /// From when on the scheduler has nothing to do while `waiting` pods wait; `None` where it was never
    /// seen to do anything.
    pub fn idle_from(&self, waiting: usize) -> Option<Instant> {
        let unseen = self.round(waiting) / UNSEEN;
        Some(self.last? + unseen.clamp(PAUSE_MIN, PAUSE_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a moment to count from")]
    fn the_pause_that_means_rest_grows_with_the_pods_that_wait() {
        let (mut trials, mut at) = (Trials::default(), Instant::now());
        assert_eq!(trials.idle_from(1_000), None);
        for _ in 0..1_000 {
            at += Duration::from_millis(2);
            trials.seen(at);
        }
        for (waiting, least, most) in [(10, 400, 400), (600, 550, 600), (100_000, 2_000, 2_000)] {
            let pause = trials.idle_from(waiting).unwrap() - at;
            let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
            assert!((least..=most).contains(&pause), "{waiting}: {pause:?}");
        }
        // A rest is no trial.
        at += Duration::from_mins(1);
        trials.seen(at);
        assert!(trials.idle_from(600).unwrap() - at <= Duration::from_millis(600));
    }
}
