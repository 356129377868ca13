//! The least upper bound of one knapsack that counted work can prove.
//!
//! First by prices; then by searches for fillings worth more than a threshold, which is the target
//! first and then rises step by step until a search ends within its budget.

use std::cmp::Reverse;

use super::branch::{self, Outcome};
use super::knapsack::{Item, Knapsack, most, take};
use super::prices::{self, Prices, Shares};
use super::table::{Axis, Layout, Table};
use super::work::Work;

/// How far above the target thresholds are, in ten-thousandths of it.
const LADDER: [i64; 10] = [0, 1, 3, 10, 20, 40, 80, 150, 300, 600];
/// Tree nodes of one search by prices.
const BRANCH_NODES: u64 = 20_000;
/// Tree nodes of one search by a table.
const TABLE_NODES: u64 = 200_000;
/// Cells of a table in all, 8 bytes each.
const CELLS_MAX: usize = 1 << 22;
/// Cells written in one unit of work.
const UPDATES_PER_UNIT: u64 = 32;
/// A resource of at most this many pieces is counted piece by piece: prices split pods over
/// pieces, and miss by several per cent what no split allows.
const PIECES_MAX: i64 = 16;

/// A knapsack with what is proved of it.
#[derive(Clone, Debug)]
pub(super) struct Upper {
    knapsack: Knapsack,
    shares: Shares,
    prices: Prices,
    /// No filling is worth more, free pods not counted.
    bound: i64,
    /// Some filling is worth this much, free pods not counted.
    reached: i64,
}

impl Upper {
    /// Bounds `knapsack` by prices, no better than `target` asks for.
    pub(super) fn new(knapsack: Knapsack, target: i64, work: &mut Work) -> Self {
        let shares = Shares::new(&knapsack);
        let target = target - knapsack.free;
        let prices = prices::search(&knapsack, &shares, target, work);
        Self { bound: prices.bound, reached: 0, knapsack, shares, prices }
    }

    /// Bounds `knapsack` as well as prices can, to be refined towards nothing in particular.
    pub(super) fn unpriced(knapsack: Knapsack, work: &mut Work) -> Self {
        let shares = Shares::new(&knapsack);
        let reached = greedy(&knapsack, &shares);
        let prices = prices::search(&knapsack, &shares, reached, work);
        Self { bound: prices.bound, reached, knapsack, shares, prices }
    }

    /// No filling is worth more.
    pub(super) fn get(&self) -> i64 {
        self.bound + self.knapsack.free
    }

    /// Searches until `target`, or something near it where that is too hard or not true, is proved,
    /// or until work runs out.
    pub(super) fn refine(&mut self, target: i64, work: &mut Work) {
        for step in LADDER {
            let least = (target - self.knapsack.free).max(self.reached);
            let threshold = least + least / 10_000 * step;
            if self.bound <= threshold || work.left() == 0 {
                return;
            }
            self.prove(threshold, work);
        }
    }

    /// Tries to prove that no filling is worth more than `threshold` or than one that it finds.
    fn prove(&mut self, threshold: i64, work: &mut Work) {
        let Self { knapsack, shares, prices, .. } = &*self;
        let budget = BRANCH_NODES.min(work.left());
        let outcome = branch::search(knapsack, shares, prices, threshold, budget);
        self.note(outcome, threshold, work);
        if outcome.complete {
            return;
        }
        let counts = self.counts(threshold);
        for layout in self.layouts(&counts) {
            let filling = layout.updates(&self.knapsack.room, &counts) / UPDATES_PER_UNIT;
            if filling >= work.left() {
                return;
            }
            work.spend(filling);
            let of_room = &self.prices.of_room;
            let table = Table::new(&self.knapsack, &self.shares, of_room, &counts, layout);
            let bound = table.bound().max(threshold);
            let budget = TABLE_NODES.min(work.left());
            let outcome = table.search(threshold.max(self.reached), budget);
            self.bound = self.bound.min(bound);
            self.note(outcome, threshold, work);
            if outcome.complete {
                return;
            }
        }
    }

    fn note(&mut self, outcome: Outcome, threshold: i64, work: &mut Work) {
        work.spend(outcome.nodes);
        if outcome.best > threshold {
            self.reached = self.reached.max(outcome.best);
        }
        if outcome.complete {
            self.bound = self.bound.min(outcome.best);
        }
    }

    /// How many of each item a filling worth more than `threshold` can have: one that costs more
    /// than it is worth takes the difference off the bound by prices.
    fn counts(&self, threshold: i64) -> Vec<i64> {
        let Prices { of_room, bound } = &self.prices;
        let slack = (bound - threshold - 1).max(0);
        let count = |(position, item): (usize, &Item)| {
            let loss = self.shares.cost(position, of_room) - item.worth;
            if loss > 0 { item.count.min(slack / loss) } else { item.count }
        };
        self.knapsack.items.iter().enumerate().map(count).collect()
    }

    /// Tables to try, the cheaper one first: of the dearest resource with the one that comes in few
    /// pieces, and of the two dearest of the others.
    fn layouts(&self, counts: &[i64]) -> Vec<Layout> {
        let room = &self.knapsack.room;
        let mut dearest: Vec<usize> = (0..room.len()).collect();
        dearest.sort_by_key(|&k| (Reverse(self.prices.of_room[k]), k));
        let few = dearest.iter().copied().filter(|&k| room[k] <= PIECES_MAX);
        let pieces = few.min_by_key(|&k| (room[k], k));
        let others: Vec<usize> = dearest.into_iter().filter(|&k| Some(k) != pieces).collect();
        let pairs = match (pieces, &others[..]) {
            (Some(pieces), []) => vec![(pieces, None)],
            (_, []) => vec![],
            (_, &[one]) => vec![(one, pieces)],
            (_, &[one, other, ..]) if room[one] < room[other] => {
                vec![(one, pieces), (other, Some(one))]
            }
            (_, &[one, other, ..]) => vec![(one, pieces), (one, Some(other))],
        };
        let items = counts.iter().filter(|count| **count > 0).count();
        let most = CELLS_MAX / (items + 1);
        pairs.into_iter().map(|(steps, rows)| layout(room, steps, rows, most)).collect()
    }
}

/// The finest grid of at most `most` cells.
fn layout(room: &[i64], steps: usize, rows: Option<usize>, most: usize) -> Layout {
    let axis = |resource| Axis { resource, shift: 0 };
    let mut layout = Layout { steps: axis(steps), rows: rows.map(axis) };
    while layout.cells(room) > most {
        let steps = room[layout.steps.resource] >> layout.steps.shift;
        match &mut layout.rows {
            Some(rows) if room[rows.resource] >> rows.shift > steps.max(PIECES_MAX) => {
                rows.shift += 1;
            }
            Some(_) | None if steps > 0 => layout.steps.shift += 1,
            Some(_) | None => break,
        }
    }
    layout
}

/// The worth of a filling by items of the greatest worth for their shares.
fn greedy(knapsack: &Knapsack, shares: &Shares) -> i64 {
    let even = vec![1 << 20; knapsack.room.len()];
    let mut order: Vec<(&Item, i128)> = Vec::with_capacity(knapsack.items.len());
    for (position, item) in knapsack.items.iter().enumerate() {
        order.push((item, i128::from(shares.cost(position, &even).max(1))));
    }
    order.sort_by(|(a, a_cost), (b, b_cost)| {
        let by_return = (i128::from(b.worth) * a_cost).cmp(&(i128::from(a.worth) * b_cost));
        by_return.then_with(|| b.cmp(a))
    });
    let mut room = knapsack.room.clone();
    let mut worth = 0;
    for (item, _) in order {
        let taken = most(item, &room, item.count);
        take(&mut room, item, taken);
        worth += item.worth * taken;
    }
    worth
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Upper;
    use crate::bound::exhaustive::{instances, optimum, optimum_of};
    use crate::bound::knapsack::{Item, Knapsack};
    use crate::bound::work::Work;

    proptest! {
        #[test]
        fn upper_bounds_hold_whatever_the_work_and_are_exact_with_enough(
            (items, room) in instances(), target in 0..3000_i64, limit in 0..300_u64,
        ) {
            let knapsack = Knapsack::new(items.iter().cloned(), &room);
            let optimum = optimum(&items, &room);
            for limit in [limit, 1_000_000] {
                let mut work = Work::new(limit);
                let mut upper = Upper::new(knapsack.clone(), target, &mut work);
                upper.refine(target, &mut work);
                let mut unpriced = Upper::unpriced(knapsack.clone(), &mut work);
                unpriced.refine(0, &mut work);
                prop_assert!(upper.get() >= optimum && unpriced.get() >= optimum);
                if limit == 1_000_000 {
                    prop_assert!(upper.get() <= optimum.max(target));
                    prop_assert_eq!(unpriced.get(), optimum);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn counts_keep_every_filling_above_the_threshold(
            (items, room) in instances(), below in 1..200_i64,
        ) {
            let mut knapsack = Knapsack::new(items.into_iter(), &room);
            knapsack.free = 0;
            let optimum = optimum_of(&knapsack);
            let upper = Upper::unpriced(knapsack.clone(), &mut Work::new(10_000));
            let counts = upper.counts((optimum - below).max(0));
            for (item, count) in knapsack.items.iter_mut().zip(counts) {
                item.count = count;
            }
            prop_assert_eq!(optimum_of(&knapsack), optimum);
        }
    }

    /// What prices and branching alone miss by several per cent: pods of one GPU each, of many
    /// sizes, in a room of four GPUs.
    #[test]
    fn few_pieces_are_counted_exactly() {
        let sizes = (0..60).map(|n| (3001 + 331 * n, 5000 + 777 * (n * 7 % 60)));
        let items: Vec<Item> = sizes
            .map(|(cpu, memory)| Item {
                requests: vec![cpu, memory, 1],
                worth: 300_000_000 + 40_000 * cpu + 5_000 * memory,
                count: 3,
            })
            .collect();
        let room = [47_810, 180_000, 4];
        let mut best = 0;
        let fits = |chosen: &[usize]| {
            (0..3).all(|k| chosen.iter().map(|&i| items[i].requests[k]).sum::<i64>() <= room[k])
        };
        for a in 0..60 {
            for b in a..60 {
                for c in b..60 {
                    for d in (c..60).filter(|d| *d != a && fits(&[a, b, c, *d])) {
                        best = best.max([a, b, c, d].iter().map(|&i| items[i].worth).sum());
                    }
                }
            }
        }
        let mut work = Work::new(10_000_000);
        let knapsack = Knapsack::new(items.iter().cloned(), &room);
        let mut upper = Upper::new(knapsack, best, &mut work);
        assert!(upper.get() > best + best / 100);
        upper.refine(best, &mut work);
        assert_eq!(upper.get(), best);
    }
}
