//! An upper bound of a knapsack from prices of its resources.
//!
//! For any prices π ≥ 0 of the whole room, resource by resource, no filling is worth more than
//! Σ π + Σ count × max(0, worth − what the item's share of the room costs). The prices are sought
//! by a subgradient method in integers; any prices at all give a valid bound.

use super::knapsack::Knapsack;
use super::work::Work;

/// Shares of the room are counted in units of 2⁻⁴⁰, rounded down.
const SHARE_BITS: u32 = 40;
/// Of these, how many bits the subgradient keeps, so that products fit `i128`.
const SLOPE_BITS: u32 = 20;
/// Steps of the search for prices at most.
const STEPS: usize = 400;
/// Steps without a better bound after which steps become shorter.
const PATIENCE: usize = 8;
/// Step lengths are counted in units of 2⁻¹⁰ of Polyak's.
const LENGTH_BITS: u32 = 10;

/// What is asked of each resource as shares of the room, item by item.
#[derive(Clone, Debug)]
pub(super) struct Shares(Vec<Vec<u64>>);

/// Prices of the room, and the bound that they prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prices {
    /// What the whole room of each resource costs, nano-USD per hour; not negative.
    pub(super) of_room: Vec<i64>,
    /// No filling is worth more, free pods not counted.
    pub(super) bound: i64,
}

impl Shares {
    /// The shares of `knapsack`'s items.
    pub(super) fn new(knapsack: &Knapsack) -> Self {
        let share = |(request, room): (&i64, &i64)| {
            // Requests fit the room, so a share is at most 2^40.
            let share = (u128::from(request.unsigned_abs()) << SHARE_BITS)
                / u128::from(room.unsigned_abs());
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        let items = knapsack.items.iter();
        Self(
            items
                .map(|item| item.requests.iter().zip(&knapsack.room).map(share).collect())
                .collect(),
        )
    }

    /// What one of `item` costs, rounded down.
    pub(super) fn cost(&self, item: usize, of_room: &[i64]) -> i64 {
        let parts = self.0[item].iter().zip(of_room);
        let cost: u128 =
            parts.map(|(share, price)| u128::from(*share) * u128::from(price.unsigned_abs())).sum();
        i64::try_from(cost >> SHARE_BITS).unwrap_or(i64::MAX)
    }
}

/// The best prices found, as soon as they prove `target` or when steps or work run out.
pub(super) fn search(knapsack: &Knapsack, shares: &Shares, target: i64, work: &mut Work) -> Prices {
    let resources = knapsack.room.len();
    let mut best = Prices { of_room: vec![0; resources], bound: knapsack.total() };
    if resources == 0 || best.bound <= target {
        return best;
    }
    let share = target.max(0) / i64::try_from(resources).unwrap_or(i64::MAX);
    let mut now = vec![share; resources];
    let mut length = 1_i128 << LENGTH_BITS;
    let mut failed = 0;
    let products = knapsack.items.len() * resources;
    let units = 1 + u64::try_from(products / 16).unwrap_or(u64::MAX);
    for _ in 0..STEPS {
        let (bound, slopes) = evaluate(knapsack, shares, &now);
        work.spend(units);
        if bound < i128::from(best.bound) {
            best = Prices { of_room: now.clone(), bound: i64::try_from(bound).unwrap_or(i64::MAX) };
            failed = 0;
        } else {
            failed += 1;
        }
        if best.bound <= target || length == 0 || work.left() == 0 {
            break;
        }
        if failed >= PATIENCE {
            failed = 0;
            length /= 2;
            now.clone_from(&best.of_room);
            continue;
        }
        step(&mut now, bound - i128::from(target), &slopes, length, knapsack.total());
    }
    best
}

/// The bound that `of_room` proves, and how much of each resource is left in units of
/// 2^-[`SLOPE_BITS`] of the room when every item worth its cost is taken.
fn evaluate(knapsack: &Knapsack, shares: &Shares, of_room: &[i64]) -> (i128, Vec<i128>) {
    let mut bound: i128 = of_room.iter().map(|price| i128::from(*price)).sum();
    let mut used = vec![0_u128; of_room.len()];
    for (position, item) in knapsack.items.iter().enumerate() {
        let gain = item.worth - shares.cost(position, of_room);
        if gain > 0 {
            bound += i128::from(gain) * i128::from(item.count);
            for (used, share) in used.iter_mut().zip(&shares.0[position]) {
                *used += u128::from(*share) * u128::from(item.count.unsigned_abs());
            }
        }
    }
    let left = |used: u128| {
        let used = i128::try_from(used >> (SHARE_BITS - SLOPE_BITS)).unwrap_or(i128::MAX);
        (1_i128 << SLOPE_BITS) - used
    };
    (bound, used.into_iter().map(left).collect())
}

/// Lowers prices of resources that are left over and raises those of which too much is taken.
fn step(now: &mut [i64], excess: i128, slopes: &[i128], length: i128, dearest: i64) {
    let steepness: i128 = slopes.iter().map(|slope| slope * slope).sum();
    if steepness == 0 {
        return;
    }
    for (price, slope) in now.iter_mut().zip(slopes) {
        let change = ((excess * slope * length) << (SLOPE_BITS - LENGTH_BITS)) / steepness;
        let moved = (i128::from(*price) - change).clamp(0, i128::from(dearest));
        *price = i64::try_from(moved).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Shares, search};
    use crate::bound::exhaustive::{instances, optimum_of};
    use crate::bound::knapsack::{Item, Knapsack};
    use crate::bound::work::Work;

    proptest! {
        #[test]
        fn prices_never_bound_too_low(
            (items, room) in instances(), target in 0..3000_i64, limit in 0..2000_u64,
        ) {
            let knapsack = Knapsack::new(items.into_iter(), &room);
            let shares = Shares::new(&knapsack);
            let prices = search(&knapsack, &shares, target, &mut Work::new(limit));
            prop_assert!(prices.bound + knapsack.free >= optimum_of(&knapsack));
        }
    }

    #[test]
    fn prices_of_two_scarce_resources_are_found() {
        let item = |cpu, memory, worth| Item { requests: vec![cpu, memory], worth, count: 1000 };
        // Worth 3 per unit of the first and 2 per unit of the second.
        let items = [item(2, 1, 8_000_000), item(1, 3, 9_000_000), item(1, 1, 4_900_000)];
        let knapsack = Knapsack::new(items.into_iter(), &[1000, 1000]);
        let shares = Shares::new(&knapsack);
        let prices = search(&knapsack, &shares, 0, &mut Work::new(10_000));
        let optimum = 5_000_000_000;
        assert!(prices.bound >= optimum && prices.bound <= optimum + optimum / 1000, "{prices:?}");
    }
}
