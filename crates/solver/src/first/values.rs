//! What a pod is worth: the least that any kind would charge for it alone. Kinds that draw on a
//! supply say it only of pods that no other holds: what a reservation charges, which may be nothing,
//! is not what the pods beyond it cost.

use std::collections::BTreeMap;

use crate::bits::Bits;
use crate::packing::Packing;
use crate::problem::{Class, Forgone, Kind, Problem};

/// Nano-USD per hour for a pod of each class: the least, over the kinds that hold it, of price ×
/// its largest share of the room, the interruption term, and what it prefers and has not. 0 where no kind holds it.
pub(crate) fn standalone(problem: &Problem) -> Vec<i64> {
    let rates: Vec<Vec<i128>> = problem.kinds.iter().map(rates).collect();
    let least = |class: &Class, capped: bool| {
        let mut least: Option<i64> = None;
        for (position, kind) in problem.kinds.iter().enumerate() {
            let is_open = kind.capped == capped && class.kinds.contains(position);
            if !is_open || !Problem::fits(&class.requests, &kind.room) {
                continue;
            }
            let forgone = class.forgone.on_kind(position);
            let at_least = at_least(&rates[position], &class.requests) + i128::from(forgone);
            if least.is_none_or(|known| at_least < i128::from(known)) {
                let charge = charge_of(kind, &class.requests).saturating_add(forgone);
                least = Some(least.map_or(charge, |known| known.min(charge)));
            }
        }
        least
    };
    let mut known: BTreeMap<(&[i64], &Bits, &Forgone), i64> = BTreeMap::new();
    let mut values = Vec::with_capacity(problem.classes.len());
    for class in &problem.classes {
        let value = known
            .entry((&class.requests, &class.kinds, &class.forgone))
            .or_insert_with(|| least(class, false).or_else(|| least(class, true)).unwrap_or(0));
        values.push(*value);
    }
    values
}

/// What is less than a price has this many more bits.
const RATE_BITS: u32 = 32;

/// For each resource the price of a unit, rounded down, in units of 2^-[`RATE_BITS`].
fn rates(kind: &Kind) -> Vec<i128> {
    let price = i128::from(kind.price.get()) * 1000;
    kind.room.iter().map(|room| (price << RATE_BITS) / i128::from((*room).max(1))).collect()
}

/// What a kind with these `rates` charges for a pod at least, as [`charge_of`] has it.
fn at_least(rates: &[i128], requests: &[i64]) -> i128 {
    let shares = rates.iter().zip(requests).map(|(rate, need)| rate * i128::from(*need));
    shares.max().unwrap_or(0) >> RATE_BITS
}

/// `values` in which classes that nothing can be bought for come first on the nodes that are there;
/// `None` where `packing` leaves none of them out.
pub(crate) fn urgent(problem: &Problem, values: &[i64], packing: &Packing) -> Option<Vec<i64>> {
    /// More than a pod can be smaller than another on one node.
    const ABOVE: i64 = 1 << 20;
    let is_urgent = |class: usize| values[class] == 0 && !problem.classes[class].nodes.is_empty();
    let classes = 0..problem.classes.len();
    if !classes.clone().any(|class| is_urgent(class) && packing.left[class] > 0) {
        return None;
    }
    let most = values.iter().max().copied().unwrap_or(0).max(1);
    let above = most.saturating_mul(ABOVE).min(i64::MAX >> 20);
    let value = |class: usize| if is_urgent(class) { above } else { values[class] };
    Some(classes.map(value).collect())
}

/// `values` in which a pod worth twice another is worth four times as much, so that large pods go first.
pub(crate) fn largest_first(values: &[i64]) -> Vec<i64> {
    let most = i128::from(values.iter().max().copied().unwrap_or(0).max(1));
    let squared = |value: &i64| {
        let value = i128::from(*value);
        i64::try_from(value * value / most).unwrap_or(i64::MAX).max(i64::from(value > 0))
    };
    values.iter().map(squared).collect()
}

/// What `kind` charges for a pod with these requests: its largest share of the price.
pub(crate) fn charge_of(kind: &Kind, requests: &[i64]) -> i64 {
    let price = i128::from(kind.price.get()) * 1000;
    let share =
        requests.iter().zip(&kind.room).filter(|(need, _)| **need > 0).map(|(need, room)| {
            let (need, room) = (i128::from(*need), i128::from((*room).max(1)));
            (price * need + room - 1) / room
        });
    // A free kind still makes the pod worth something, or nothing would be bought for it.
    let charge = share.max().unwrap_or(0) + i128::from(kind.term);
    i64::try_from(charge).unwrap_or(i64::MAX).max(1)
}

/// Values moved halfway from `values` to what `packing` paid: each node's price is shared out over
/// its pods in proportion to their values, and averaged over the pods of a class.
///
/// Nodes that draw on a supply teach nothing, as in [`standalone`]. A class that came dear, as it left room that nothing filled, is then worth more, and is packed
/// earlier.
pub(crate) fn learnt(problem: &Problem, values: &[i64], packing: &Packing) -> Vec<i64> {
    let mut paid = vec![0_i128; values.len()];
    let mut pods = vec![0_i128; values.len()];
    for group in packing.groups.iter().filter(|group| !problem.kinds[group.kind].capped) {
        let price = i128::from(problem.objective(group.kind, &group.mix));
        let worth: i128 =
            group.mix.iter().map(|&(c, n)| i128::from(values[c]) * i128::from(n)).sum();
        for &(class, count) in &group.mix {
            let many = i128::from(count) * i128::from(group.copies);
            paid[class] += price * i128::from(values[class]) * many / worth.max(1);
            pods[class] += many;
        }
    }
    values
        .iter()
        .zip(paid.iter().zip(&pods))
        .map(|(value, (paid, pods))| match pods {
            0 => *value,
            pods => i64::try_from(i128::midpoint(i128::from(*value), paid / pods))
                .unwrap_or(*value)
                .max(1),
        })
        .collect()
}
