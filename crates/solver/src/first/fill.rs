//! Fills one node with the mix of pods that is worth most, greedily.
//!
//! A pod's size on a node is the sum of its shares of what is left there, so that what is scarce
//! weighs more as it runs out and complementary pods find each other.

use crate::packing::{Mix, add};
use crate::problem::{Amounts, Problem};

/// Shares are counted in units of 2^-16 of what is left; the inverse keeps 24 bits more.
const SHARE_BITS: u32 = 16;
const INVERSE_BITS: u32 = 40;

/// What a node is filled from.
pub(crate) struct Stock<'a> {
    /// What pods of each class are worth, nano-USD per hour.
    pub(crate) values: &'a [i64],
    /// Pods of each class that are left.
    pub(crate) left: &'a [i64],
    /// Classes that may go on the node, ascending.
    pub(crate) candidates: &'a [usize],
}

/// A mix and what it is worth, nano-USD per hour.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) mix: Mix,
    pub(crate) value: i64,
}

/// Fills `room`. Where `anchors` is given, the first pod is one of a class it accepts, or nothing
/// is placed at all. The result leaves no room for any pod that is left.
pub(crate) fn fill(
    problem: &Problem,
    stock: &Stock<'_>,
    room: &[i64],
    anchors: Option<&[bool]>,
) -> Filled {
    let mut filled = Filled { mix: Mix::new(), value: 0 };
    let mut rest = room.to_vec();
    let mut open: Vec<(usize, i64)> = stock
        .candidates
        .iter()
        .map(|&class| (class, stock.left[class]))
        .filter(|&(_, left)| left > 0)
        .collect();
    if let Some(anchors) = anchors {
        let Some(class) = best(problem, stock.values, &mut open, &rest, |class| anchors[class])
        else {
            return filled;
        };
        take(&mut open, class, |_| 1);
        place(problem, stock.values, &mut filled, &mut rest, class, 1);
    }
    while let Some(class) = best(problem, stock.values, &mut open, &rest, |_| true) {
        let fits = Problem::fit_count(&problem.classes[class].requests, &rest);
        // A third at a time: what is left changes shape as it fills, and with it who fits best.
        let pods = take(&mut open, class, |left| (fits.min(left) / 3).max(1));
        place(problem, stock.values, &mut filled, &mut rest, class, pods);
    }
    filled
}

/// Takes as many pods of `class` out of `open` as `amount` says of those left; returns how many.
fn take(open: &mut [(usize, i64)], class: usize, amount: impl Fn(i64) -> i64) -> i64 {
    let entry = open.iter_mut().find(|entry| entry.0 == class).expect("a chosen class is open");
    let pods = amount(entry.1);
    entry.1 -= pods;
    pods
}

fn place(
    problem: &Problem,
    values: &[i64],
    filled: &mut Filled,
    rest: &mut Amounts,
    class: usize,
    pods: i64,
) {
    for (rest, need) in rest.iter_mut().zip(&problem.classes[class].requests) {
        *rest -= need * pods;
    }
    filled.value = filled.value.saturating_add(values[class].saturating_mul(pods));
    add(&mut filled.mix, class, pods);
}

/// The class worth most per size in `rest`, among those in `open` that `accept` admits and that
/// fit. Closes classes that no longer fit or of which none is left.
fn best(
    problem: &Problem,
    values: &[i64],
    open: &mut Vec<(usize, i64)>,
    rest: &[i64],
    accept: impl Fn(usize) -> bool,
) -> Option<usize> {
    let inverses: Vec<i64> =
        rest.iter().map(|rest| if *rest > 0 { (1 << INVERSE_BITS) / rest } else { 0 }).collect();
    let mut best: Option<(usize, i64, i64)> = None;
    open.retain(|&(class, left)| {
        let requests = &problem.classes[class].requests;
        if left == 0 || !Problem::fits(requests, rest) {
            return false;
        }
        if !accept(class) {
            return true;
        }
        let shares = requests.iter().zip(&inverses).map(|(need, inverse)| need * inverse);
        let size = 1 + (shares.sum::<i64>() >> (INVERSE_BITS - SHARE_BITS));
        let value = values[class];
        let better = best.is_none_or(|(_, best_value, best_size)| {
            i128::from(value) * i128::from(best_size) > i128::from(best_value) * i128::from(size)
        });
        if better {
            best = Some((class, value, size));
        }
        true
    });
    best.map(|(class, _, _)| class)
}
