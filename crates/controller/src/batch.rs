//! When pending pods are planned: a lone one at once, several in a window.
//!
//! In: arrivals of pods and the time. Out: the moment at which to plan. A window closes when the pause
//! since its newest pod is much longer than any before, at the latest after the idle duration, or when
//! it has been open for the longest duration. A pod that comes alone after a rest waits only as long as
//! it takes to see whether it is alone.

use std::time::Duration;

use tokio::time::Instant;

/// Pods of one controller are created within milliseconds of each other; a pod after which nothing
/// came for this long is taken to be alone.
const ALONE: Duration = Duration::from_millis(40);

/// The least pause that ends a burst: controllers create pods in groups, and pause for a round trip or
/// two to the API server between them.
const BURST_OVER: Duration = Duration::from_millis(200);
/// A pause is the end of a burst when it is so many times as long as the longest within it.
const LONGER: u32 = 4;

/// The pods that wait to be planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    idle: Duration,
    longest: Duration,
    open: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    first: Instant,
    newest: Instant,
    /// The longest pause between two arrivals.
    pause: Duration,
    pods: usize,
}

impl Batch {
    /// Nothing waits yet.
    pub(crate) const fn new(idle: Duration, longest: Duration) -> Self {
        Self { idle, longest, open: None }
    }

    /// `pods` more pods came.
    pub(crate) fn arrived(&mut self, pods: usize, now: Instant) {
        if pods == 0 {
            return;
        }
        let new = Window { first: now, newest: now, pause: Duration::ZERO, pods: 0 };
        let window = self.open.get_or_insert(new);
        window.pause = window.pause.max(now - window.newest);
        window.newest = now;
        window.pods += pods;
    }

    /// When to plan; `None` where nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        let window = self.open?;
        let wait = if window.pods == 1 { ALONE } else { BURST_OVER.max(window.pause * LONGER) };
        Some((window.newest + wait.min(self.idle)).min(window.first + self.longest))
    }

    /// Everything that came so far is being planned.
    pub(crate) fn close(&mut self) {
        self.open = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(10);

    #[test]
    fn a_lone_pod_is_planned_at_once() {
        let start = Instant::now();
        let mut batch = Batch::new(IDLE, LONGEST);
        assert_eq!(batch.due(), None);
        batch.arrived(1, start);
        assert_eq!(batch.due(), Some(start + ALONE));
    }

    #[test]
    fn several_pods_are_planned_when_no_more_come() {
        let start = Instant::now();
        for (pause, wait) in [(20, 200), (100, 400), (240, 960), (900, 1_000)] {
            let mut batch = Batch::new(IDLE, LONGEST);
            batch.arrived(1, start);
            batch.arrived(3, start + Duration::from_millis(20));
            batch.arrived(1, start + Duration::from_millis(20 + pause));
            let due = start + Duration::from_millis(20 + pause + wait);
            assert_eq!(batch.due(), Some(due), "{pause}");
        }
    }

    #[test]
    fn a_stream_of_pods_is_planned_after_the_longest_duration() {
        let start = Instant::now();
        let mut batch = Batch::new(IDLE, LONGEST);
        for step in 0..30 {
            batch.arrived(2, start + Duration::from_millis(step * 500));
        }
        assert_eq!(batch.due(), Some(start + LONGEST));
    }

    #[test]
    fn no_pod_opens_no_window_and_a_closed_one_is_empty() {
        let start = Instant::now();
        let mut batch = Batch::new(IDLE, LONGEST);
        batch.arrived(0, start);
        assert_eq!(batch.due(), None);
        batch.arrived(2, start);
        batch.close();
        assert_eq!(batch.due(), None);
    }
}
