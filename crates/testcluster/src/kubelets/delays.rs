//! Seeded delays between the steps of a kubelet.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::Settings;

/// Draws delays; the n-th draw depends on the seed and n alone.
#[derive(Debug)]
pub(super) struct Delays {
    state: u64,
    register_after: RangeInclusive<Duration>,
    ready_after: RangeInclusive<Duration>,
    spacing: Duration,
    last_ready: Option<Instant>,
}

impl Delays {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            state: settings.seed,
            register_after: settings.register_after.clone(),
            ready_after: settings.ready_after.clone(),
            spacing: settings.ready_spacing,
            last_ready: None,
        }
    }

    /// When a machine first seen now has its Node.
    pub(super) fn register(&mut self) -> Instant {
        Instant::now() + draw(&mut self.state, &self.register_after)
    }

    /// When a Node made now is ready: its own delay from now, and apart from the one before.
    pub(super) fn ready(&mut self) -> Instant {
        let own = Instant::now() + draw(&mut self.state, &self.ready_after);
        let at = self.last_ready.map_or(own, |last| own.max(last + self.spacing));
        self.last_ready = Some(at);
        at
    }
}

/// A delay of the range, to the millisecond.
fn draw(state: &mut u64, range: &RangeInclusive<Duration>) -> Duration {
    let width = range.end().saturating_sub(*range.start()).as_millis();
    let width = u64::try_from(width).unwrap_or(u64::MAX);
    *range.start() + Duration::from_millis(next(state) % width.saturating_add(1).max(1))
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and any seed will do.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_repeat_with_the_seed_and_stay_in_their_range() {
        let range = Duration::from_secs(5)..=Duration::from_secs(30);
        let drawn = |seed| {
            let mut state = seed;
            (0..100).map(|_| draw(&mut state, &range)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!(drawn(7).iter().all(|delay| range.contains(delay)));
    }
}
