//! Improves one mix by taking classes out and refilling the room exactly.

use super::knapsack::{self, Item};
use super::work::Work;
use crate::packing::{Mix, add, residual};
use crate::problem::Problem;

/// Takes each class of `mix` out in turn, refills what is free by a search of at most `budget` tree
/// nodes, keeps what is worth more, and starts again until nothing is.
pub(super) fn polish(
    problem: &Problem,
    items: &[Item],
    room: &[i64],
    mut mix: Mix,
    budget: u64,
    work: &mut Work<'_>,
) -> Mix {
    let mut position = 0;
    let mut improved = false;
    while position < mix.len() {
        match refill(problem, items, room, &mix, position, budget, work) {
            Some(better) => {
                mix = better;
                improved = true;
            }
            None => position += 1,
        }
        if position == mix.len() && improved {
            position = 0;
            improved = false;
        }
    }
    mix
}

fn refill(
    problem: &Problem,
    items: &[Item],
    room: &[i64],
    mix: &Mix,
    position: usize,
    budget: u64,
    work: &mut Work<'_>,
) -> Option<Mix> {
    let mut kept = mix.clone();
    let (class, pods) = kept.remove(position);
    let rest = residual(problem, room, &kept);
    let removed = items.iter().find(|item| item.class == class)?.worth * pods;
    let free: Vec<Item> = items
        .iter()
        .filter(|item| Problem::fits(&item.requests, &rest))
        .filter(|item| item.rivals.is_empty() || problem.joining_max(item.class, &kept) > 0)
        .map(|item| {
            let taken = kept.iter().find(|entry| entry.0 == item.class).map_or(0, |entry| entry.1);
            let cap = (item.cap - taken).min(Problem::fit_count(&item.requests, &rest));
            Item { cap, ..item.clone() }
        })
        .filter(|item| item.cap > 0)
        .collect();
    let relaxed = knapsack::relax(&free, &rest);
    let found = knapsack::search(&free, &rest, &relaxed.prices, removed, work.within(budget));
    work.spend(8 + found.visited);
    let (more, _) = found.best?;
    for (class, pods) in more {
        add(&mut kept, class, pods);
    }
    Some(kept)
}
