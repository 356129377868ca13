//! One node to fill: what it has room for, and the pods that compete for it, reduced to what
//! matters.
//!
//! In: items with worth, count and requests, and a room. Out: an equivalent [`Knapsack`] with the
//! same greatest worth, with fewer items and resources and smaller numbers.

/// Pods that are alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// What one asks for of each resource of the room; never negative.
    pub(super) requests: Vec<i64>,
    /// What one is worth, nano-USD per hour; above zero.
    pub(super) worth: i64,
    /// How many there are; above zero.
    pub(super) count: i64,
}

/// The greatest total worth of items that fit the room is sought. Invariant: the room is positive,
/// each item fits it alone `count` times and asks for something, and the total worth of all items
/// and `free` is at most [`TOTAL_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knapsack {
    /// Items in no particular order.
    pub(super) items: Vec<Item>,
    /// The room, resource by resource.
    pub(super) room: Vec<i64>,
    /// The worth of pods that compete with none and fit anyway.
    pub(super) free: i64,
}

/// Greatest worth of all pods together, nano-USD per hour, that sums in `i64` are safe with.
pub(super) const TOTAL_MAX: i64 = 1 << 61;

/// Items of which as many as fit are there, tried as replacements of others.
const REPLACEMENTS_MAX: usize = 64;

impl Knapsack {
    /// The reduced knapsack of `items` in `room`. A request of zero fits any room, even a deficit,
    /// and a room of `i64::MAX` is endless.
    pub(super) fn new(items: impl Iterator<Item = Item>, room: &[i64]) -> Self {
        let mut kept: Vec<Item> = Vec::new();
        for mut item in items {
            item.count = item.count.min(fit(&item, room));
            if item.worth > 0 && item.count > 0 {
                kept.push(item);
            }
        }
        let mut free = 0;
        let tight = tight(&kept, room);
        kept.retain_mut(|item| {
            item.requests = tight.iter().map(|&k| item.requests[k]).collect();
            let competes = item.requests.iter().any(|request| *request > 0);
            if !competes {
                free += item.worth * item.count;
            }
            competes
        });
        let mut room: Vec<i64> = tight.iter().map(|&k| room[k]).collect();
        divide(&mut kept, &mut room);
        let items = without_replaceable(merged(kept, &room), &room);
        Self { items, room, free }
    }

    /// The worth of all items together.
    pub(super) fn total(&self) -> i64 {
        self.items.iter().map(|item| item.worth * item.count).sum()
    }
}

/// How many of `item` fit `room` by themselves; `i64::MAX` where it asks for nothing.
fn fit(item: &Item, room: &[i64]) -> i64 {
    let asked = item.requests.iter().zip(room);
    let asked = asked.filter(|(request, room)| **request > 0 && **room < i64::MAX);
    asked.map(|(request, room)| (*room).max(0) / request).min().unwrap_or(i64::MAX)
}

/// How many of `item` fit the rest `room`, at most `count`.
pub(super) fn most(item: &Item, room: &[i64], count: i64) -> i64 {
    let asked = item.requests.iter().zip(room).filter(|(request, _)| **request > 0);
    asked.fold(
        count,
        |most, (request, room)| {
            if request * most <= *room { most } else { room / request }
        },
    )
}

/// Takes the room of `pods` of `item`.
pub(super) fn take(room: &mut [i64], item: &Item, pods: i64) {
    room.iter_mut().zip(&item.requests).for_each(|(room, request)| *room -= request * pods);
}

/// Gives the room of `pods` of `item` back.
pub(super) fn put(room: &mut [i64], item: &Item, pods: i64) {
    room.iter_mut().zip(&item.requests).for_each(|(room, request)| *room += request * pods);
}

/// The resources that not all items together fit.
fn tight(items: &[Item], room: &[i64]) -> Vec<usize> {
    let asked = |k: usize| -> i128 {
        items.iter().map(|item| i128::from(item.requests[k]) * i128::from(item.count)).sum()
    };
    let is_tight = |k: &usize| room[*k] < i64::MAX && asked(*k) > i128::from(room[*k]).max(0);
    (0..room.len()).filter(is_tight).collect()
}

/// Divides each resource by the greatest common divisor of what is asked of it; room that no sum
/// of requests can fill is cut off by it.
fn divide(items: &mut [Item], room: &mut [i64]) {
    for (k, room) in room.iter_mut().enumerate() {
        let divisor = items.iter().fold(0, |divisor, item| gcd(divisor, item.requests[k]));
        if divisor > 1 {
            *room /= divisor;
            for item in items.iter_mut() {
                item.requests[k] /= divisor;
            }
        }
    }
}

fn gcd(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Items of the same requests and worth become one.
fn merged(mut items: Vec<Item>, room: &[i64]) -> Vec<Item> {
    items.sort();
    let mut merged: Vec<Item> = Vec::with_capacity(items.len());
    for item in items {
        match merged.last_mut() {
            Some(last) if last.requests == item.requests && last.worth == item.worth => {
                last.count = last.count.saturating_add(item.count).min(fit(&item, room));
            }
            Some(_) | None => merged.push(item),
        }
    }
    merged
}

/// Without the items that another could stand in for: one that asks for no more of anything, is
/// worth no less, and of which there are as many as fit.
fn without_replaceable(mut items: Vec<Item>, room: &[i64]) -> Vec<Item> {
    let asks_no_more =
        |one: &Item, other: &Item| one.requests.iter().zip(&other.requests).all(|(a, b)| a <= b);
    // An item that stands in for another comes before it in this order.
    items.sort_by(|a, b| b.worth.cmp(&a.worth).then_with(|| a.requests.cmp(&b.requests)));
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    let mut replacements: Vec<usize> = Vec::new();
    for item in items {
        if replacements.iter().any(|&one| asks_no_more(&kept[one], &item)) {
            continue;
        }
        if item.count >= fit(&item, room) && replacements.len() < REPLACEMENTS_MAX {
            replacements.push(kept.len());
        }
        kept.push(item);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Item, Knapsack};
    use crate::bound::exhaustive::{instances, optimum, optimum_of};

    proptest! {
        #[test]
        fn reducing_a_knapsack_keeps_its_optimum((items, room) in instances()) {
            let knapsack = Knapsack::new(items.iter().cloned(), &room);
            prop_assert_eq!(optimum_of(&knapsack), optimum(&items, &room));
            prop_assert!(knapsack.room.iter().all(|room| *room > 0));
        }
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        let item =
            |requests: &[i64], worth, count| Item { requests: requests.to_vec(), worth, count };
        let items = [
            item(&[4, 1, 0], 10, 9),
            item(&[6, 1, 0], 10, 9), // asks for more than the first, and is worth no more
            item(&[8, 1, 0], 30, 1),
            item(&[0, 1, 0], 7, 2),   // competes with none
            item(&[50, 1, 0], 99, 1), // too large
            item(&[4, 1, 1], 99, 1),  // asks for what is overdrawn
        ];
        let knapsack = Knapsack::new(items.into_iter(), &[15, 1000, -3]);
        let expected = [item(&[4], 30, 1), item(&[2], 10, 3)];
        assert_eq!((&knapsack.items[..], &knapsack.room[..]), (&expected[..], &[7][..]));
        assert_eq!(knapsack.free, 14);
    }

    #[test]
    fn an_item_is_endless_by_the_resources_that_matter() {
        // Only one of the second fits the first resource, which no longer counts once that is known.
        let items = [
            Item { requests: vec![0, 7], worth: 1, count: 4 },
            Item { requests: vec![1, 7], worth: 2, count: 1 },
        ];
        let knapsack = Knapsack::new(items.into_iter(), &[1, 28]);
        assert_eq!((optimum_of(&knapsack), knapsack.items.len()), (5, 2));
    }
}
