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
        let mut kept: Vec<(Item, bool)> = Vec::new();
        for mut item in items {
            let fit = fit(&item, room);
            if fit > 0 && item.worth > 0 && item.count > 0 {
                let endless = item.count >= fit;
                item.count = item.count.min(fit);
                kept.push((item, endless));
            }
        }
        let mut free = 0;
        let tight = tight(&kept, room);
        kept.retain_mut(|(item, _)| {
            item.requests = tight.iter().map(|&k| item.requests[k]).collect();
            let competes = item.requests.iter().any(|request| *request > 0);
            if !competes {
                free += item.worth * item.count;
            }
            competes
        });
        let mut room: Vec<i64> = tight.iter().map(|&k| room[k]).collect();
        divide(&mut kept, &mut room);
        let kept = without_replaceable(merged(kept, &room));
        Self { items: kept.into_iter().map(|(item, _)| item).collect(), room, free }
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
    asked.fold(count, |most, (request, room)| {
        if request * most <= *room { most } else { room / request }
    })
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
fn tight(items: &[(Item, bool)], room: &[i64]) -> Vec<usize> {
    let asked = |k: usize| -> i128 {
        items.iter().map(|(item, _)| i128::from(item.requests[k]) * i128::from(item.count)).sum()
    };
    let is_tight = |k: &usize| room[*k] < i64::MAX && asked(*k) > i128::from(room[*k]).max(0);
    (0..room.len()).filter(is_tight).collect()
}

/// Divides each resource by the greatest common divisor of what is asked of it; room that no sum
/// of requests can fill is cut off by it.
fn divide(items: &mut [(Item, bool)], room: &mut [i64]) {
    for (k, room) in room.iter_mut().enumerate() {
        let divisor = items.iter().fold(0, |divisor, (item, _)| gcd(divisor, item.requests[k]));
        if divisor > 1 {
            *room /= divisor;
            items.iter_mut().for_each(|(item, _)| item.requests[k] /= divisor);
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
fn merged(mut items: Vec<(Item, bool)>, room: &[i64]) -> Vec<(Item, bool)> {
    items.sort();
    let mut merged: Vec<(Item, bool)> = Vec::with_capacity(items.len());
    for (item, endless) in items {
        match merged.last_mut() {
            Some((last, last_endless))
                if last.requests == item.requests && last.worth == item.worth =>
            {
                let count = last.count.saturating_add(item.count);
                let fit = fit(&item, room);
                *last_endless |= endless || count >= fit;
                last.count = count.min(fit);
            }
            _ => merged.push((item, endless)),
        }
    }
    merged
}

/// Without the items that another could stand in for: one that asks for no more of anything, is
/// worth no less, and of which there are as many as fit.
fn without_replaceable(mut items: Vec<(Item, bool)>) -> Vec<(Item, bool)> {
    let asks_no_more =
        |one: &Item, other: &Item| one.requests.iter().zip(&other.requests).all(|(a, b)| a <= b);
    // An item that stands in for another comes before it in this order.
    items.sort_by(|(a, _), (b, _)| b.worth.cmp(&a.worth).then_with(|| a.requests.cmp(&b.requests)));
    let mut kept: Vec<(Item, bool)> = Vec::with_capacity(items.len());
    let mut replacements: Vec<usize> = Vec::new();
    for (item, endless) in items {
        if replacements.iter().any(|&one| asks_no_more(&kept[one].0, &item)) {
            continue;
        }
        if endless && replacements.len() < REPLACEMENTS_MAX {
            replacements.push(kept.len());
        }
        kept.push((item, endless));
    }
    kept
}
