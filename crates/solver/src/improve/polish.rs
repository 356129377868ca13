//! Improves one mix by taking classes out and refilling the room exactly.

use super::knapsack::{self, Item};
use super::work::Work;
use crate::packing::{Mix, add, residual};
use crate::problem::{Problem, Quota};

/// What a mix is for.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) problem: &'a Problem,
    pub(super) items: &'a [Item],
    pub(super) room: &'a [i64],
    /// Pods of groups with quotas that are there already.
    pub(super) base: &'a [(usize, i64)],
}

/// Takes each class of `mix` out in turn, refills what is free by a search of at most `budget` tree
/// nodes, keeps what is worth more, and starts again until nothing is.
pub(super) fn polish(place: &Place<'_>, mut mix: Mix, budget: u64, work: &mut Work<'_>) -> Mix {
    let mut position = 0;
    let mut improved = false;
    while position < mix.len() {
        match refill(place, &mix, position, budget, work) {
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
    place: &Place<'_>,
    mix: &Mix,
    position: usize,
    budget: u64,
    work: &mut Work<'_>,
) -> Option<Mix> {
    let Place { problem, items, room, base } = *place;
    let mut kept = mix.clone();
    let (class, pods) = kept.remove(position);
    let rest = residual(problem, room, &kept);
    let company = problem.company(&kept, base);
    let removed = items.iter().find(|item| item.class == class)?.worth * pods;
    let free: Vec<Item> = items
        .iter()
        .filter(|item| Problem::fits(&item.requests, &rest))
        .map(|item| {
            let taken = kept.iter().find(|entry| entry.0 == item.class).map_or(0, |entry| entry.1);
            let cap = (item.cap - taken).min(Problem::fit_count(&item.requests, &rest));
            let cap = cap.min(problem.joining_max(item.class, &kept, base));
            let quotas = problem.classes[item.class].quotas.iter();
            let left = |quota: &Quota| Quota { most: company.left(*quota), ..*quota };
            Item { cap, quotas: quotas.map(left).collect(), ..item.clone() }
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
