//! The first answer: a good packing at once.
//!
//! Nodes that are there are filled first, as they cost nothing more. Then, again and again, the
//! kind of node whose best mix of pods is worth most per dollar is bought as often as that mix
//! lasts. What a pod is worth is the least it would cost alone, so that a size is weighed by its
//! price per what it holds, and not by how much it holds.
//!
//! Where limits leave pods out, pods are placed by descending priority, and a few attempts with
//! growing aversion to what draws on limits compete; the one that leaves out fewer wins.

pub(crate) mod anchors;
mod assign;
pub(crate) mod fill;
mod floor;
mod greedy;
mod share;
mod size;
mod start;
mod top_up;
mod values;

use crate::packing::Packing;
use crate::problem::Problem;
pub(crate) use start::{Start, start};

/// How strongly each attempt avoids kinds that draw on limits: the extra price, in multiples of
/// what all nodes of the first attempt cost, of using up a whole limit. Few, as each is a whole
/// answer; found by trial on limits that bind on a resource the pods hardly use.
const AVERSIONS: [i64; 4] = [0, 1, 8, 64];

/// Further rounds with values learnt from the last one. Each is a whole answer, a few milliseconds
/// for thousands of pods; later ones seldom help (see `docs/benchmarks.md`).
const ROUNDS: usize = 8;

/// Rounds of packings in which pods share nodes evenly: the first, and those with values learnt.
const SHARED_ROUNDS: usize = 3;

/// Classes × kinds from which on a packing that is near the floor is not held against others: each of them
/// would take longer than all before.
const LARGE: usize = 100_000;

/// How far above the floor such a packing may be, in thousandths of it: what is left to gain is for search.
const LARGE_NEAR: i128 = 100;

/// How far above the floor a packing may be from which on no further round is made, in thousandths.
const NEAR: i128 = 1;

/// Classes × kinds of all further rounds together at most: the first answer does not wait for them
/// where there are thousands of classes.
const ROUNDS_SIZE: usize = 2_000_000;

/// A packing that places every pod for which there is room and no limit in the way.
///
/// Where pods prefer nodes, what would be bought if they did not is an attempt as well, so that preferences never
/// make it dearer than they are worth; the only one where little can be gained beyond it.
pub(crate) fn answer(problem: &Problem) -> Packing {
    if !problem.has_wishes() {
        return attempts(problem);
    }
    let plain = at_their_best(problem, attempts(&problem.without_wishes()));
    if floor::is_within(problem, &plain, NEAR) {
        return plain;
    }
    let picky = attempts(problem);
    let rank = |packing: &Packing| (packing.left_by_priority(problem), packing.cost(problem));
    if rank(&plain) < rank(&picky) { plain } else { picky }
}

/// `packing`, made without looking at preferences, with each node of the kind that is best with them.
pub(crate) fn at_their_best(problem: &Problem, mut packing: Packing) -> Packing {
    size::right_size(problem, &mut packing);
    packing
}

/// The best of several attempts.
fn attempts(problem: &Problem) -> Packing {
    let mut values = values::standalone(problem);
    let everyone = [(0..problem.classes.len()).collect::<Vec<usize>>()];
    let rank = |p: &Packing| (p.left_by_priority(problem), p.cost(problem));
    let size = problem.classes.len() * problem.kinds.iter().filter(|kind| kind.searched).count();
    let shared = shared(problem, &values);
    if let Some(shared) = &shared
        && size > LARGE
        && floor::is_within(problem, shared, LARGE_NEAR)
    {
        return shared.clone();
    }
    let mut first = attempt(problem, &values, &everyone, 0, 0);
    let mut last = first.clone();
    for _ in 0..ROUNDS.min(ROUNDS_SIZE / size.max(1)) {
        if floor::is_within(problem, &first, NEAR) {
            break;
        }
        values = values::learnt(problem, &values, &last);
        last = attempt(problem, &values, &everyone, 0, 0);
        if rank(&last) < rank(&first) {
            first = last.clone();
        }
    }
    if let Some(shared) = shared.filter(|shared| rank(shared) < rank(&first)) {
        first = shared;
    }
    let urgent = values::urgent(problem, &values, &first);
    let weighed = urgent.as_ref().unwrap_or(&values);
    if urgent.is_some() {
        let next = attempt(problem, weighed, &everyone, 0, 0);
        if rank(&next) < rank(&first) {
            first = next;
        }
    }
    let limited = !problem.scarce.is_empty();
    let leaves_out = |packing: &Packing| {
        packing.left.iter().zip(&values).any(|(left, value)| *left > 0 && *value > 0)
    };
    if !limited || !leaves_out(&first) {
        return first;
    }
    let bands = bands(problem);
    let budget = first.cost(problem);
    let best_of = |best: Packing, values: &[i64]| {
        let attempts = AVERSIONS.into_iter();
        attempts
            .map(|aversion| attempt(problem, values, &bands, aversion, budget))
            .fold(best, |best, next| if rank(&next) < rank(&best) { next } else { best })
    };
    let best = best_of(first, weighed);
    // Large pods fit only where small ones are not yet.
    if leaves_out(&best) { best_of(best, &values::largest_first(weighed)) } else { best }
}

/// The best of some packings in which pods that keep apart share nodes evenly with the others; `None` where
/// that says nothing.
fn shared(problem: &Problem, values: &[i64]) -> Option<Packing> {
    let mut values = values.to_vec();
    let rank = |p: &Packing| (p.left_by_priority(problem), p.cost(problem));
    let mut best: Option<Packing> = None;
    for _ in 0..SHARED_ROUNDS {
        let mut packing = Packing::new(problem);
        top_up::top_up(problem, &values, &mut packing);
        if !share::buy(problem, &values, &mut packing) {
            break;
        }
        size::right_size(problem, &mut packing);
        fill_up(problem, &values, 0, 0, &mut packing);
        values = values::learnt(problem, &values, &packing);
        if best.as_ref().is_none_or(|known| rank(&packing) < rank(known)) {
            best = Some(packing);
        }
    }
    best
}

/// What a pod of each class costs alone at least, nano-USD per hour.
pub(crate) fn standalone_values(problem: &Problem) -> Vec<i64> {
    values::standalone(problem)
}

/// One greedy packing of `demand` pods of each class, by the values given.
pub(crate) fn pack(problem: &Problem, values: &[i64], demand: &[i64]) -> Packing {
    let mut packing = Packing::new(problem);
    let absent: Vec<i64> = packing.left.iter().zip(demand).map(|(all, want)| all - want).collect();
    packing.left.clone_from_slice(demand);
    complete(problem, values, &mut packing);
    for (left, absent) in packing.left.iter_mut().zip(absent) {
        *left += absent;
    }
    packing
}

/// Completes `packing` greedily with the pods left in it, by the values given, and right-sizes all.
pub(crate) fn complete(problem: &Problem, values: &[i64], packing: &mut Packing) {
    fill_up(problem, values, 0, 0, packing);
}

/// Classes by descending priority, one list for each priority.
fn bands(problem: &Problem) -> Vec<Vec<usize>> {
    let mut bands = std::collections::BTreeMap::<std::cmp::Reverse<i32>, Vec<usize>>::new();
    for (position, class) in problem.classes.iter().enumerate() {
        bands.entry(std::cmp::Reverse(class.priority)).or_default().push(position);
    }
    bands.into_values().collect()
}

fn attempt(
    problem: &Problem,
    values: &[i64],
    bands: &[Vec<usize>],
    aversion: i64,
    budget: i64,
) -> Packing {
    let mut packing = Packing::new(problem);
    let mut waiting = std::mem::replace(&mut packing.left, vec![0; problem.classes.len()]);
    for band in bands {
        for &class in band {
            packing.left[class] = std::mem::take(&mut waiting[class]);
        }
        fill_up(problem, values, aversion, budget, &mut packing);
    }
    packing
}

/// Places the pods left in `packing` on what is there, then on new nodes.
fn fill_up(problem: &Problem, values: &[i64], aversion: i64, budget: i64, packing: &mut Packing) {
    top_up::top_up(problem, values, packing);
    greedy::buy(problem, values, aversion, budget, packing);
    size::right_size(problem, packing);
    top_up::top_up(problem, values, packing);
}
