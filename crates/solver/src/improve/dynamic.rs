//! Mixes for one node by dynamic programming over two resources, the others priced.
//!
//! Branch and bound is lost where a resource comes in few whole pieces, as GPUs do: the relaxation
//! splits pods over them freely. Here that resource and the dearest other one are counted exactly
//! (the latter on a grid), and what the remaining ones cost is taken off each pod's worth. Where the
//! outcome does not fit in those, their prices are raised and the table is made again.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::knapsack::Item;
use crate::packing::Mix;
use crate::problem::Problem;

/// Grid steps of the dearer resource; a pod's share is rounded up to the next step.
const STEPS: i64 = 512;
/// A resource with at most this many pieces is counted piece by piece.
const PIECES: i64 = 16;
/// Tables made for one node.
const TRIES: usize = 3;
/// Mixes kept of one search.
const KEPT: usize = 12;

/// Positions of items with how many of each.
type Counts = Vec<(usize, i64)>;

/// The best mixes that fit, best first, and the tree nodes' worth of work done.
pub(super) fn search(items: &[Item], room: &[i64], prices: &[i64]) -> (Vec<Mix>, u64) {
    let Some(axes) = Axes::choose(items, room, prices) else { return (Vec::new(), 0) };
    let mut prices = prices.to_vec();
    let mut best: BTreeSet<(Reverse<i64>, Counts)> = BTreeSet::new();
    let mut work = 0;
    for _ in 0..TRIES {
        let table = Table::new(items, room, &prices, &axes);
        work += table.work;
        let first = table.trace(table.size - 1, None);
        for counts in std::iter::once(first.clone()).chain(table.with_each()) {
            if fits(items, room, &counts) {
                let worth: i64 = counts.iter().map(|&(i, n)| items[i].worth * n).sum();
                best.insert((Reverse(worth), counts));
            }
        }
        for resource in axes.priced(room.len()) {
            let price = prices[resource];
            prices[resource] = if used(items, &first, resource) > room[resource] {
                price + price / 5 + prices[axes.dearest] / 20
            } else {
                price - price / 10
            };
        }
    }
    let named = |counts: Counts| counts.into_iter().map(|(i, n)| (items[i].class, n)).collect();
    (best.into_iter().take(KEPT).map(|(_, counts)| named(counts)).collect(), work)
}

fn used(items: &[Item], counts: &Counts, resource: usize) -> i64 {
    counts.iter().map(|&(item, pods)| items[item].requests[resource] * pods).sum()
}

fn fits(items: &[Item], room: &[i64], counts: &Counts) -> bool {
    (0..room.len()).all(|resource| used(items, counts, resource) <= room[resource].max(0))
        && counts.iter().all(|&(item, pods)| pods <= items[item].cap)
}

/// The resources that are counted.
struct Axes {
    /// One of few whole pieces, where there is one.
    pieces: Option<usize>,
    /// The dearest of the others.
    dearest: usize,
}

impl Axes {
    fn choose(items: &[Item], room: &[i64], prices: &[i64]) -> Option<Self> {
        let asked = |resource: usize| items.iter().any(|item| item.requests[resource] > 0);
        let pieces = (0..room.len()).find(|&r| room[r] > 0 && room[r] <= PIECES && asked(r));
        let dearest = (0..room.len())
            .filter(|&r| Some(r) != pieces && room[r] > 0)
            .max_by_key(|&r| (prices[r], Reverse(r)))?;
        Some(Self { pieces, dearest })
    }

    /// The resources that are priced instead.
    fn priced(&self, resources: usize) -> impl Iterator<Item = usize> {
        (0..resources).filter(|r| *r != self.dearest && Some(*r) != self.pieces)
    }
}

/// A bundle of one item that is taken whole; `endless` ones as often as they fit.
struct Bundle {
    item: usize,
    pods: i64,
    weight: usize,
    worth: i64,
    endless: bool,
}

struct Table {
    bundles: Vec<Bundle>,
    items: usize,
    /// States: (pieces + 1) × width.
    size: usize,
    /// Grid steps + 1.
    width: usize,
    /// For each bundle, the states that its taking improved.
    taken: Vec<u64>,
    work: u64,
}

impl Table {
    fn new(items: &[Item], room: &[i64], prices: &[i64], axes: &Axes) -> Self {
        let unit = (room[axes.dearest] / STEPS).max(1);
        let width = usize::try_from(room[axes.dearest] / unit).unwrap_or(0) + 1;
        let layers = axes.pieces.map_or(0, |r| usize::try_from(room[r]).unwrap_or(0));
        let size = width * (layers + 1);
        let bundles = bundles(items, room, prices, axes, unit, width);
        let work = u64::try_from(size * bundles.len() / 32).unwrap_or(u64::MAX);
        let mut table = Self { bundles, items: items.len(), size, width, taken: Vec::new(), work };
        table.fill();
        table
    }

    fn fill(&mut self) {
        let (size, width) = (self.size, self.width);
        let words = size.div_ceil(64);
        let mut value = vec![0_i64; size];
        self.taken = vec![0_u64; words * self.bundles.len()];
        for (bundle, bits) in self.bundles.iter().zip(self.taken.chunks_mut(words)) {
            let mut update = |state: usize| {
                // A state is (pieces, steps); stepping back must not borrow from the pieces.
                if state % width < bundle.weight % width {
                    return;
                }
                let with = value[state - bundle.weight] + bundle.worth;
                if with > value[state] {
                    value[state] = with;
                    bits[state / 64] |= 1 << (state % 64);
                }
            };
            if bundle.endless {
                (bundle.weight..size).for_each(&mut update);
            } else {
                (bundle.weight..size).rev().for_each(&mut update);
            }
        }
    }

    /// For each bundle, itself and the best mix of what is left beside it.
    fn with_each(&self) -> impl Iterator<Item = Counts> {
        let last = self.size - 1;
        let beside = move |bundle: &&Bundle| {
            bundle.weight <= last && last % self.width >= bundle.weight % self.width
        };
        let with = move |bundle: &Bundle| self.trace(last - bundle.weight, Some(bundle));
        self.bundles.iter().filter(beside).map(with)
    }

    fn trace(&self, mut state: usize, forced: Option<&Bundle>) -> Counts {
        let words = self.size.div_ceil(64);
        let mut counts = vec![0_i64; self.items];
        if let Some(bundle) = forced {
            counts[bundle.item] += bundle.pods;
        }
        for (bundle, bits) in self.bundles.iter().zip(self.taken.chunks(words)).rev() {
            while bits[state / 64] >> (state % 64) & 1 == 1 {
                counts[bundle.item] += bundle.pods;
                state -= bundle.weight;
                if !bundle.endless {
                    break;
                }
            }
        }
        counts.into_iter().enumerate().filter(|(_, pods)| *pods > 0).collect()
    }
}

fn bundles(
    items: &[Item],
    room: &[i64],
    prices: &[i64],
    axes: &Axes,
    unit: i64,
    width: usize,
) -> Vec<Bundle> {
    let mut bundles = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let need = &item.requests;
        let cost: i128 = axes
            .priced(room.len())
            .filter(|&r| need[r] > 0)
            .map(|r| i128::from(prices[r]) * i128::from(need[r]) / i128::from(room[r].max(1)))
            .sum();
        let worth = item.worth - i64::try_from(cost).unwrap_or(i64::MAX);
        let steps = usize::try_from((need[axes.dearest] + unit - 1) / unit).unwrap_or(width);
        let layers = axes.pieces.map_or(0, |r| usize::try_from(need[r]).unwrap_or(0));
        let weight = layers * width + steps;
        if worth <= 0 || steps >= width {
            continue;
        }
        let endless = weight > 0 && item.cap >= Problem::fit_count(need, room);
        let mut rest = if endless { 1 } else { item.cap };
        let mut pods = 1;
        while rest > 0 {
            let bundle = pods.min(rest);
            let times = usize::try_from(bundle).unwrap_or(1);
            if steps * times < width {
                let (weight, worth) = (weight * times, worth * bundle);
                bundles.push(Bundle { item: position, pods: bundle, weight, worth, endless });
            }
            rest -= bundle;
            pods *= 2;
        }
    }
    bundles
}
