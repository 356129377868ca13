//! Fills one node with the mix of pods that is worth most, greedily.
//!
//! A pod's size on a node is the sum of its shares of what is left there, so that what is scarce
//! weighs more as it runs out and complementary pods find each other.

use crate::packing::{Mix, add};
use crate::problem::{Amounts, Company, Problem};

/// Shares are counted in units of 2^-16 of what is left; the inverse keeps 24 bits more.
const SHARE_BITS: u32 = 16;
const INVERSE_BITS: u32 = 40;

/// What a node is filled from.
pub(crate) struct Stock<'a> {
    /// What pods of each class are worth, nano-USD per hour.
    pub(crate) values: &'a [i64],
    /// Pods of each class that are left.
    pub(crate) left: &'a [i64],
    /// What is on the node already.
    pub(crate) there: &'a Mix,
    /// Pods of groups with quotas that were on the node before.
    pub(crate) base: &'a [(usize, i64)],
    /// Classes that may go on the node, in the order of [`by_density`].
    pub(crate) candidates: &'a [usize],
}

/// A mix and what it is worth, nano-USD per hour.
#[derive(Clone, Debug)]
pub(crate) struct Filled {
    pub(crate) mix: Mix,
    pub(crate) value: i64,
}

/// Classes weighed against each other at one step. Where more are open, those of the greatest worth
/// for their share of the empty node come first; see [`by_density`].
const WINDOW: usize = 128;

/// Orders `candidates` so that those worth most for their share of `room` come first. A list that
/// is weighed as a whole anyway is left as it is.
pub(crate) fn by_density(
    problem: &Problem,
    values: &[i64],
    room: &[i64],
    candidates: &mut [usize],
) {
    if candidates.len() <= WINDOW {
        return;
    }
    let inverses = inverses(room);
    let key = |class: usize| {
        let size = size(&problem.classes[class].requests, &inverses);
        std::cmp::Reverse((i128::from(values[class]) << SHARE_BITS) / i128::from(size))
    };
    candidates.sort_by_cached_key(|class| (key(*class), *class));
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
    let most =
        |class: usize| stock.left[class].min(problem.joining_max(class, stock.there, stock.base));
    let entry = |class: usize| Entry {
        class,
        left: most(class),
        value: stock.values[class],
        requests: &problem.classes[class].requests,
    };
    let entries = stock.candidates.iter().map(|&class| entry(class));
    let entries = entries.filter(|entry| entry.left > 0).collect();
    let company = problem.company(stock.there, stock.base);
    let mut open = Open { entries, closed: 0, company };
    if let Some(anchors) = anchors {
        let Some(position) = open.best(&rest, |class| anchors[class]) else {
            return filled;
        };
        let class = open.take(problem, position, |_| 1).0;
        place(problem, stock.values, &mut filled, &mut rest, class, 1);
    }
    while let Some(position) = open.best(&rest, |_| true) {
        let class = open.entries[position].class;
        let fits = Problem::fit_count(&problem.classes[class].requests, &rest);
        // A third at a time: what is left changes shape as it fills, and with it who fits best.
        let (class, pods) = open.take(problem, position, |left| (fits.min(left) / 3).max(1));
        place(problem, stock.values, &mut filled, &mut rest, class, pods);
    }
    filled
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

/// Classes with pods left that may still fit.
struct Open<'a> {
    entries: Vec<Entry<'a>>,
    /// Closed entries seen by the last search.
    closed: usize,
    company: Company,
}

/// A class that may still fit.
struct Entry<'a> {
    class: usize,
    /// Pods left; 0 where closed.
    left: i64,
    /// What a pod is worth.
    value: i64,
    /// What it asks for.
    requests: &'a [i64],
}

impl Open<'_> {
    /// The position of the class worth most per size in `rest`, among the first [`WINDOW`] that fit
    /// and that `accept` admits. Closes classes on the way that no longer fit.
    fn best(&mut self, rest: &[i64], accept: impl Fn(usize) -> bool) -> Option<usize> {
        if self.closed > WINDOW {
            self.entries.retain(|entry| entry.left > 0);
        }
        self.closed = 0;
        let inverses = inverses(rest);
        let mut best: Option<(usize, i64, i64)> = None;
        let mut weighed = 0;
        for (position, entry) in self.entries.iter_mut().enumerate() {
            let size = size_in(entry.requests, rest, &inverses).filter(|_| entry.left > 0);
            let Some(size) = size else {
                entry.left = 0;
                self.closed += 1;
                continue;
            };
            if !accept(entry.class) {
                continue;
            }
            let value = entry.value;
            let better = best.is_none_or(|(_, best_value, best_size)| {
                i128::from(value) * i128::from(best_size)
                    > i128::from(best_value) * i128::from(size)
            });
            if better {
                best = Some((position, value, size));
            }
            weighed += 1;
            if weighed == WINDOW {
                break;
            }
        }
        best.map(|(position, _, _)| position)
    }

    /// Takes as many pods as `amount` says of those left at `position`; the class and how many.
    /// Classes that share a group with it may have fewer after that, and those that it shares no node with
    /// are closed.
    fn take(
        &mut self,
        problem: &Problem,
        position: usize,
        amount: impl Fn(i64) -> i64,
    ) -> (usize, i64) {
        let Entry { class, left, .. } = &mut self.entries[position];
        let pods = amount(*left);
        *left -= pods;
        let class = *class;
        let quotas = &problem.classes[class].quotas;
        if !quotas.is_empty() {
            self.company.join(quotas, pods);
            for Entry { class: other, left, .. } in &mut self.entries {
                let of_other = &problem.classes[*other].quotas;
                if !of_other.is_empty() {
                    *left = (*left).min(self.company.joining_max(of_other));
                }
            }
        }
        let ties = problem.classes[class].ties;
        if ties != 0 {
            for Entry { class: other, left, .. } in &mut self.entries {
                if problem.feuds.part(ties, problem.classes[*other].ties) {
                    *left = 0;
                }
            }
        }
        (class, pods)
    }
}

/// The inverse of each resource's rest; 0 where there is none, as nothing that asks for it fits.
fn inverses(rest: &[i64]) -> Vec<i64> {
    rest.iter().map(|rest| if *rest > 0 { (1 << INVERSE_BITS) / rest } else { 0 }).collect()
}

/// As [`size`], where the pod fits in `rest`.
fn size_in(requests: &[i64], rest: &[i64], inverses: &[i64]) -> Option<i64> {
    let mut sum = 0;
    for ((need, rest), inverse) in requests.iter().zip(rest).zip(inverses) {
        if *need != 0 && need > rest {
            return None;
        }
        // At most 2^INVERSE_BITS, as no more is needed than is left.
        sum += need * inverse;
    }
    Some(1 + (sum >> (INVERSE_BITS - SHARE_BITS)))
}

/// The sum of a pod's shares, in units of 2^-[`SHARE_BITS`], at least 1.
fn size(requests: &[i64], inverses: &[i64]) -> i64 {
    let shares = requests.iter().zip(inverses).map(|(need, inverse)| need.saturating_mul(*inverse));
    1 + (shares.fold(0, i64::saturating_add) >> (INVERSE_BITS - SHARE_BITS))
}
