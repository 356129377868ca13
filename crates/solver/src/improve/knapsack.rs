//! The most valuable mix of pods for one node, by counted branch and bound.
//!
//! With prices of the node's resources, each pod has a gain (worth less what its requests cost);
//! the value of any mix is at most the price of all the room, plus every positive gain, and falls
//! behind that by each positive gain left out, each negative gain taken in, and the room left
//! unused. The search takes the items of best worth per cost first and gives up a branch as soon as
//! it has fallen behind the best mix known.

use super::{float, relaxation, rounded};
use crate::bits::Bits;
use crate::problem::Quota;

/// A class as an item.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) class: usize,
    /// Worth of one pod, nano-USD per hour; positive.
    pub(super) worth: i64,
    pub(super) requests: Vec<i64>,
    /// Groups of which a mix has a bounded number of pods: here all of a group count against the least
    /// quota of any.
    pub(super) quotas: Vec<Quota>,
    /// Its ties over hostnames, and with which others it shares no node; both nothing where it has none.
    pub(super) ties: (usize, Bits),
    /// Most pods of it, no more than any quota.
    pub(super) cap: i64,
}

/// What the search found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The best mix whose value exceeds the threshold, with its value.
    pub(super) best: Option<(Vec<(usize, i64)>, i64)>,
    /// Nodes of the search tree visited.
    pub(super) visited: u64,
}

/// The linear relaxation of a knapsack, in integers.
#[derive(Clone, Debug)]
pub(super) struct Relaxed {
    /// Prices of the whole room in each resource, nano-USD per hour, not negative.
    pub(super) prices: Vec<i64>,
    /// How many of each item, rounded down.
    pub(super) amounts: Vec<i64>,
    /// No mix is worth more, nano-USD per hour.
    pub(super) bound: i64,
}

/// Relaxes the choice among `items` for `room`.
pub(super) fn relax(items: &[Item], room: &[i64]) -> Relaxed {
    let relaxed: Vec<relaxation::Item> = items
        .iter()
        .map(|item| relaxation::Item {
            worth: float(item.worth),
            shares: item
                .requests
                .iter()
                .zip(room)
                .map(
                    |(need, room)| {
                        if *need > 0 { float(*need) / float((*room).max(1)) } else { 0.0 }
                    },
                )
                .collect(),
            cap: float(item.cap),
        })
        .collect();
    let solved = relaxation::solve(&relaxed, room.len());
    let prices: Vec<i64> = solved.prices.into_iter().map(rounded).collect();
    let gains = items.iter().map(|item| {
        (item.worth - cost(&item.requests, room, &prices)).max(0).saturating_mul(item.cap)
    });
    let bound = gains.chain(prices.iter().copied()).fold(0, i64::saturating_add);
    Relaxed {
        prices,
        bound,
        // A hair above a whole number is that number less what floats lost.
        amounts: solved
            .amounts
            .into_iter()
            .map(|amount| rounded((amount + 1e-6).floor()))
            .collect(),
    }
}

/// Searches for mixes worth more than `threshold` in `room`, visiting at most `budget` tree nodes.
/// Any `prices` are valid; those of the relaxation prune best.
pub(super) fn search(
    items: &[Item],
    room: &[i64],
    prices: &[i64],
    threshold: i64,
    budget: u64,
) -> Found {
    let mut search = Search::new(items, room, prices, threshold, budget);
    let slack = search.start;
    let mut rest = room.to_vec();
    search.descend(0, &mut rest, 0, slack);
    let best = (!search.best.is_empty()).then(|| {
        let mix =
            search.best.iter().map(|&(item, pods)| (search.items[item].class, pods)).collect();
        (mix, search.most)
    });
    Found { best, visited: search.visited }
}

struct Search {
    items: Vec<Item>,
    /// Worth less resource cost, rounded up, of each item.
    gains: Vec<i64>,
    /// Bound on the value of any mix.
    start: i64,
    most: i64,
    best: Vec<(usize, i64)>,
    taken: Vec<(usize, i64)>,
    visited: u64,
    budget: u64,
}

impl Search {
    fn new(items: &[Item], room: &[i64], prices: &[i64], threshold: i64, budget: u64) -> Self {
        let mut ordered: Vec<(i64, Item)> =
            items.iter().map(|item| (cost(&item.requests, room, prices), item.clone())).collect();
        ordered.sort_by(|(a_cost, a), (b_cost, b)| {
            let left = i128::from(b.worth) * i128::from((*a_cost).max(1));
            let right = i128::from(a.worth) * i128::from((*b_cost).max(1));
            (left, a.class).cmp(&(right, b.class))
        });
        let gains: Vec<i64> = ordered.iter().map(|(cost, item)| item.worth - cost).collect();
        let free: i64 = gains
            .iter()
            .zip(&ordered)
            .map(|(gain, (_, item))| gain.max(&0).saturating_mul(item.cap))
            .fold(0, i64::saturating_add);
        Self {
            items: ordered.into_iter().map(|(_, item)| item).collect(),
            gains,
            start: prices.iter().fold(free, |sum, price| sum.saturating_add(*price)),
            most: threshold,
            best: Vec::new(),
            taken: Vec::new(),
            visited: 0,
            budget,
        }
    }

    /// Explores what can be added from item `first` on; `bound` caps the value of the outcome.
    fn descend(&mut self, first: usize, rest: &mut Vec<i64>, value: i64, bound: i64) {
        if value > self.most {
            self.most = value;
            self.best = self.taken.clone();
        }
        let mut bound = bound;
        for item in first..self.items.len() {
            if bound <= self.most || self.visited >= self.budget {
                return;
            }
            let of = &self.items[item];
            let fits = fit_count(&of.requests, rest).min(of.cap).min(self.joining_max(item));
            let gain = self.gains[item];
            let skipped = bound - gain.max(0).saturating_mul(self.items[item].cap);
            for pods in (1..=fits).rev() {
                let child = skipped.saturating_add(gain.saturating_mul(pods));
                if child <= self.most {
                    // A negative gain: fewer pods may still do. A positive one: fewer are worse.
                    if gain >= 0 {
                        break;
                    }
                    continue;
                }
                self.visited += 1;
                if self.visited >= self.budget {
                    return;
                }
                let worth = self.items[item].worth * pods;
                self.shift(item, rest, -pods);
                self.taken.push((item, pods));
                self.descend(item + 1, rest, value + worth, child);
                self.taken.pop();
                self.shift(item, rest, pods);
            }
            bound = skipped;
        }
    }

    /// How many pods of `item` the groups of what is taken admit.
    fn joining_max(&self, item: usize) -> i64 {
        let (ties, parts) = &self.items[item].ties;
        let feuds = |&(other, _): &(usize, i64)| {
            let of_other = self.items[other].ties.0;
            of_other != 0 && parts.contains(of_other)
        };
        if *ties != 0 && self.taken.iter().any(feuds) {
            return 0;
        }
        let left = |quota: &Quota| {
            let (mut most, mut taken) = (quota.most, 0);
            for &(other, pods) in &self.taken {
                let quotas = &self.items[other].quotas;
                if let Some(of_other) = quotas.iter().find(|one| one.group == quota.group) {
                    most = most.min(of_other.most);
                    taken += pods;
                }
            }
            most - taken
        };
        self.items[item].quotas.iter().map(left).fold(i64::MAX, i64::min)
    }

    fn shift(&self, item: usize, rest: &mut [i64], pods: i64) {
        for (rest, need) in rest.iter_mut().zip(&self.items[item].requests) {
            *rest += need * pods;
        }
    }
}

fn fit_count(requests: &[i64], rest: &[i64]) -> i64 {
    crate::problem::Problem::fit_count(requests, rest)
}

/// What the requests of one pod cost at `prices`, rounded down.
pub(super) fn cost(requests: &[i64], room: &[i64], prices: &[i64]) -> i64 {
    let shares = requests.iter().zip(room).zip(prices);
    shares.map(|((need, room), price)| share_of(*price, *need, *room)).sum()
}

/// `price` × need / room, rounded down so that gains are never too small; 0 where nothing is asked.
fn share_of(price: i64, need: i64, room: i64) -> i64 {
    if need <= 0 || room <= 0 {
        return 0;
    }
    let share = i128::from(price) * i128::from(need) / i128::from(room);
    i64::try_from(share).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Item, relax, search};

    fn exhaustive(items: &[Item], room: &[i64]) -> i64 {
        let Some((item, others)) = items.split_first() else { return 0 };
        let mut rest = room.to_vec();
        let mut best = exhaustive(others, &rest);
        for pods in 1..=item.cap {
            for (rest, need) in rest.iter_mut().zip(&item.requests) {
                *rest -= need;
            }
            if rest.iter().any(|rest| *rest < 0) {
                break;
            }
            best = best.max(item.worth * pods + exhaustive(others, &rest));
        }
        best
    }

    proptest! {
        #[test]
        fn finds_the_best_mix(
            raw in prop::collection::vec((1..1000_i64, 1..20_i64, 0..20_i64, 1..5_i64), 1..6),
            room in (5..60_i64, 5..60_i64),
        ) {
            let items: Vec<Item> = raw
                .iter()
                .enumerate()
                .map(|(class, &(worth, a, b, cap))| {
                    let (worth, requests) = (worth * 1_000_000, vec![a, b]);
                    let (quotas, ties) = (vec![], Default::default());
                    Item { class, worth, requests, quotas, ties, cap }
                })
                .collect();
            let room = [room.0, room.1];
            let found = search(&items, &room, &relax(&items, &room).prices, 0, 1_000_000);
            prop_assert!(found.visited < 1_000_000);
            prop_assert_eq!(found.best.map_or(0, |(_, value)| value), exhaustive(&items, &room));
        }
    }
}
