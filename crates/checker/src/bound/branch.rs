//! Branch and bound over the items of a knapsack, with fixed prices of the room as its bound.
//!
//! In: a knapsack, prices, a threshold and a budget of tree nodes. Out: whether every filling worth
//! more than the threshold has been seen, and the best one's worth.

use super::knapsack::{Item, Knapsack, most, put, take};
use super::prices::{Prices, Shares};

/// What a search came to. Where it is `complete`, no filling is worth more than `best`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The threshold, or the worth of the best filling seen where that is greater.
    pub(super) best: i64,
    /// Whether the budget sufficed.
    pub(super) complete: bool,
    /// Tree nodes visited.
    pub(super) nodes: u64,
}

/// Distinct items in one filling at most, so that the stack suffices; a node holds some hundred pods.
pub(super) const DEPTH_MAX: usize = 2000;

/// Searches for fillings worth more than `threshold`.
pub(super) fn search(
    knapsack: &Knapsack,
    shares: &Shares,
    prices: &Prices,
    threshold: i64,
    budget: u64,
) -> Outcome {
    let mut items: Vec<Entry<'_>> = Vec::with_capacity(knapsack.items.len());
    for (position, item) in knapsack.items.iter().enumerate() {
        let cost = shares.cost(position, &prices.of_room);
        items.push(Entry { item, cost, gain: item.worth - cost });
    }
    sort(&mut items);
    let gains: i64 = items.iter().map(|entry| entry.gain.max(0) * entry.item.count).sum();
    let bound = prices.of_room.iter().sum::<i64>().saturating_add(gains);
    let mut search = Search { items, best: threshold, left: budget, depth: 0 };
    let complete = search.visit(0, bound, 0, &mut knapsack.room.clone());
    Outcome { best: search.best, complete, nodes: budget - search.left }
}

struct Entry<'a> {
    item: &'a Item,
    cost: i64,
    /// The worth less the cost.
    gain: i64,
}

/// Items that are worth most for what they cost come first.
fn sort(items: &mut [Entry<'_>]) {
    let crossed = |a: &Entry<'_>, b: &Entry<'_>| i128::from(a.item.worth) * i128::from(b.cost);
    items.sort_by(|a, b| crossed(b, a).cmp(&crossed(a, b)).then_with(|| b.item.cmp(a.item)));
}

struct Search<'a> {
    items: Vec<Entry<'a>>,
    best: i64,
    left: u64,
    /// How many items are taken.
    depth: usize,
}

impl Search<'_> {
    /// Decides how many of the items from `from` on; `bound` is what the prices allow at most after
    /// the decisions so far. False where the budget ends.
    fn visit(&mut self, from: usize, mut bound: i64, worth: i64, room: &mut [i64]) -> bool {
        self.best = self.best.max(worth);
        // Each turn decides how many of one item to take, then goes on as if none was taken.
        for position in from..self.items.len() {
            if self.left == 0 || self.depth == DEPTH_MAX {
                return false;
            }
            self.left -= 1;
            if bound <= self.best {
                return true;
            }
            let Entry { item, gain, .. } = self.items[position];
            for taken in (1..=most(item, room, item.count)).rev() {
                let missed = if gain > 0 { item.count - taken } else { -taken };
                let bound = bound.saturating_sub(gain.saturating_mul(missed));
                if bound <= self.best {
                    continue;
                }
                take(room, item, taken);
                self.depth += 1;
                let done = self.visit(position + 1, bound, worth + item.worth * taken, room);
                put(room, item, taken);
                self.depth -= 1;
                if !done {
                    return false;
                }
            }
            bound = bound.saturating_sub(gain.max(0) * item.count);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::search;
    use crate::bound::exhaustive::{instances, optimum_of};
    use crate::bound::knapsack::Knapsack;
    use crate::bound::prices::{self, Shares};
    use crate::bound::work::Work;

    proptest! {
        #[test]
        fn branching_finds_the_optimum_unless_cut_short(
            (items, room) in instances(), threshold in 0..2000_i64, budget in 0..200_u64,
        ) {
            let mut knapsack = Knapsack::new(items.into_iter(), &room);
            knapsack.free = 0;
            let shares = Shares::new(&knapsack);
            let prices = prices::search(&knapsack, &shares, 0, &mut Work::new(100));
            let optimum = optimum_of(&knapsack);
            for budget in [budget, 1_000_000] {
                let outcome = search(&knapsack, &shares, &prices, threshold, budget);
                prop_assert!(outcome.best <= optimum.max(threshold) && outcome.nodes <= budget);
                if outcome.complete {
                    prop_assert_eq!(outcome.best, optimum.max(threshold));
                }
                prop_assert!(outcome.complete || budget < 1_000_000);
            }
        }
    }
}
