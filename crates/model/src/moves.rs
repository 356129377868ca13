//! Moves: nodes that go together, what is launched in their place, and where their pods run then.

mod decided;

pub use decided::{DecidedMove, Seat};

use crate::fleet::Reason;
use crate::{MicroUsdPerHour, NanoUsdPerHour, NewNode, NodeFill, NodeIndex, PodIndex};

/// One move; all of it happens or nothing. Replacements are ready before anything is drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What budgets and metrics know it as.
    pub reason: Reason,
    /// The nodes that go, ascending; at least one.
    pub removed: Vec<NodeIndex>,
    /// What is launched in their place, each with the pods that run there then.
    pub launched: Vec<NewNode>,
    /// Pods that run on nodes that stay, by node.
    pub taken: Vec<NodeFill>,
    /// List prices of what goes less those of what is launched; a price that is not known counts as
    /// nothing.
    pub saving: MicroUsdPerHour,
    /// What the move itself costs, see [`MovePrices`].
    pub price: NanoUsdPerHour,
}

impl Move {
    /// How many pods are evicted.
    pub fn evictions(&self) -> usize {
        self.pods().count()
    }

    /// The pods that are evicted, launched nodes' first.
    pub fn pods(&self) -> impl Iterator<Item = PodIndex> + '_ {
        let launched = self.launched.iter().flat_map(|node| &node.pods);
        launched.chain(self.taken.iter().flat_map(|fill| &fill.pods)).copied()
    }
}

/// What moves cost, and over what time they have to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovePrices {
    /// The eviction of one pod, millionths of a dollar, at least 0.
    pub eviction: i64,
    /// Seconds for which a launched node is paid beside those that it replaces, at least 0.
    pub launch_seconds: i64,
    /// Seconds over which a move has to pay, above 0.
    pub horizon_seconds: i64,
}

const SECONDS_PER_HOUR: i128 = 3600;

impl Default for MovePrices {
    /// Evictions for nothing, launches of two minutes (EC2 to Ready takes one to two, and the drain
    /// some more), and a day to pay.
    fn default() -> Self {
        Self { eviction: 0, launch_seconds: 120, horizon_seconds: 86_400 }
    }
}

impl MovePrices {
    /// What `pods` evictions cost over the horizon, rounded up.
    pub fn evictions(&self, pods: usize) -> NanoUsdPerHour {
        // micro-USD × 1000 nano × 3600 s/h ÷ s.
        let pods = i128::try_from(pods).unwrap_or(i128::MAX);
        let all = i128::from(self.eviction).saturating_mul(pods);
        nano(all.saturating_mul(1000 * SECONDS_PER_HOUR), self.horizon_seconds)
    }

    /// What the launch of a node of this price costs over the horizon, rounded up.
    pub fn launch(&self, price: MicroUsdPerHour) -> NanoUsdPerHour {
        let twice = i128::from(price.get()) * 1000 * i128::from(self.launch_seconds);
        nano(twice, self.horizon_seconds)
    }
}

fn nano(amount: i128, seconds: i64) -> NanoUsdPerHour {
    let seconds = i128::from(seconds.max(1));
    let rate = (amount.max(0).saturating_add(seconds - 1)) / seconds;
    NanoUsdPerHour::new(i64::try_from(rate).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_cost_is_spread_over_the_horizon_and_rounded_up() {
        let prices = MovePrices { eviction: 24_000, launch_seconds: 120, horizon_seconds: 86_400 };
        // 0.024 dollars over 24 hours are 0.001 an hour.
        assert_eq!(prices.evictions(1), NanoUsdPerHour::new(1_000_000));
        assert_eq!(prices.evictions(3), NanoUsdPerHour::new(3_000_000));
        // Two minutes of a day are a 720th.
        assert_eq!(prices.launch(MicroUsdPerHour::new(720)), NanoUsdPerHour::new(1_000));
        assert_eq!(prices.launch(MicroUsdPerHour::new(1)), NanoUsdPerHour::new(2));
        assert_eq!(MovePrices::default().evictions(5), NanoUsdPerHour::ZERO);
    }
}
