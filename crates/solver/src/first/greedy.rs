//! Buys nodes, the most worth per dollar first.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::anchors::{self, Anchors};
use super::fill::{Filled, Stock, by_density, fill};
use crate::packing::{Group, Mix, Packing, pods_in};
use crate::problem::Problem;

/// Worth per price in units of 2^-20; both in nano-USD per hour.
const RATE_BITS: u32 = 20;

pub(super) struct Shop<'a> {
    problem: &'a Problem,
    values: &'a [i64],
    /// Classes that each kind can hold, in the order of [`by_density`]; `None` before it is first asked.
    candidates: Vec<Option<Vec<usize>>>,
    /// Price plus the surcharge for drawing on limits, nano-USD per hour, at least 1.
    charges: Vec<i64>,
    /// What is left of everything scarce.
    pub(super) left: Vec<i64>,
    anchors: Anchors,
    /// Whether pods prefer some kinds.
    picky: bool,
}

/// Buys nodes for the pods left in `packing` until no more can be bought for any of them.
///
/// `aversion` × `budget` (nano-USD per hour) is the surcharge for using up a whole limit.
pub(crate) fn buy(
    problem: &Problem,
    values: &[i64],
    aversion: i64,
    budget: i64,
    packing: &mut Packing,
) {
    let left = packing.scarce_left(problem);
    let anchors = anchors::anchors(problem, &left);
    let whole_limit = i128::from(aversion) * i128::from(budget);
    let mut shop = Shop::new(problem, values, anchors, whole_limit, left);
    let mut queue = shop.queue(packing);
    while let Some((Reverse(_), kind)) = queue.pop_first() {
        let Some((filled, rate)) = shop.offer(kind, packing) else {
            continue;
        };
        let entry = (Reverse(rate), kind);
        // A rate only falls as pods run out, so the first whose fresh rate still leads is the best.
        if queue.first().is_some_and(|next| *next < entry) {
            queue.insert(entry);
            continue;
        }
        let opened_more = shop.purchase(kind, filled, packing);
        if opened_more {
            queue = shop.queue(packing);
        } else {
            queue.insert(entry);
        }
    }
}

/// What a kind can hold of the classes that have pods left; nothing where it is not searched.
fn candidates(problem: &Problem, values: &[i64], left: &[i64], kind: usize) -> Vec<usize> {
    if !problem.kinds[kind].searched {
        return Vec::new();
    }
    let classes = 0..problem.classes.len();
    let mut candidates: Vec<usize> =
        classes.filter(|&class| left[class] > 0 && problem.holds(kind, class)).collect();
    by_density(problem, values, &problem.kinds[kind].room, &mut candidates);
    candidates
}

fn charges(problem: &Problem, left: &[i64], whole_limit: i128) -> Vec<i64> {
    problem
        .kinds
        .iter()
        .map(|kind| {
            let worst = kind.draws.iter().map(|draw| {
                whole_limit * i128::from(draw.amount) / i128::from(left[draw.of].max(1))
            });
            let charge = i128::from(kind.price.get()) * 1000 + worst.max().unwrap_or(0);
            i64::try_from(charge).unwrap_or(i64::MAX).max(1)
        })
        .collect()
}

impl<'a> Shop<'a> {
    /// A shop in which using up a whole limit costs `whole_limit` more, nano-USD per hour, and `left` is
    /// left of everything scarce.
    pub(super) fn new(
        problem: &'a Problem,
        values: &'a [i64],
        anchors: Anchors,
        whole_limit: i128,
        left: Vec<i64>,
    ) -> Self {
        let candidates = vec![None; problem.kinds.len()];
        let charges = charges(problem, &left, whole_limit);
        let picky = problem.has_wishes();
        Self { problem, values, candidates, charges, left, anchors, picky }
    }

    /// Every kind that has something to offer now, best rate first.
    fn queue(&mut self, packing: &Packing) -> BTreeSet<(Reverse<i128>, usize)> {
        (0..self.problem.kinds.len())
            .filter_map(|kind| Some((Reverse(self.offer(kind, packing)?.1), kind)))
            .collect()
    }

    /// The best mix for one more node of `kind`, and its worth per price.
    pub(super) fn offer(&mut self, kind: usize, packing: &Packing) -> Option<(Filled, i128)> {
        let candidates = self.candidates[kind]
            .get_or_insert_with(|| candidates(self.problem, self.values, &packing.left, kind));
        if candidates.is_empty() || !anchors::within(self.problem, &self.left, kind) {
            return None;
        }
        let there = &Mix::new();
        let left = &packing.left;
        let values = if self.picky {
            self.problem.less_forgone(self.values, |forgone| forgone.on_kind(kind))
        } else {
            Cow::Borrowed(self.values)
        };
        let stock = Stock { values: &values, left, there, base: &[], candidates };
        let anchors = self.anchors[self.problem.kinds[kind].pool].as_deref();
        let filled = fill(self.problem, &stock, &self.problem.kinds[kind].room, anchors);
        if filled.mix.is_empty() {
            return None;
        }
        let terms = self.problem.kinds[kind].term.saturating_mul(pods_in(&filled.mix));
        let charge = self.charges[kind].saturating_add(terms);
        let rate = (i128::from(filled.value) << RATE_BITS) / i128::from(charge);
        Some((filled, rate))
    }

    /// Buys `filled` as often as pods and limits allow. Returns whether pools of lesser weight may
    /// have opened, as this one has run out.
    fn purchase(&mut self, kind: usize, filled: Filled, packing: &mut Packing) -> bool {
        self.take(kind, filled, i64::MAX, packing);
        if self.problem.kinds[kind].draws.is_empty() {
            return false;
        }
        let anchors = anchors::anchors(self.problem, &self.left);
        let changed = anchors != self.anchors;
        self.anchors = anchors;
        changed
    }

    /// Buys `filled` as often as pods and limits allow, but no more than `most` times.
    pub(super) fn take(&mut self, kind: usize, filled: Filled, most: i64, packing: &mut Packing) {
        let bought = &self.problem.kinds[kind];
        let by_pods = filled.mix.iter().map(|&(class, pods)| packing.left[class] / pods).min();
        let copies = by_pods.unwrap_or(0).min(bought.copies_within(&self.left)).min(most).max(1);
        for &(class, pods) in &filled.mix {
            packing.left[class] -= pods * copies;
        }
        packing.groups.push(Group { kind, mix: filled.mix, copies });
        for draw in &bought.draws {
            self.left[draw.of] -= draw.amount * copies;
        }
    }
}
