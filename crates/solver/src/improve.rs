//! Improves the first answer by column generation.
//!
//! A column is one node with a multiset of pods. A linear program over the columns known so far
//! says what each pod is worth; pricing finds columns worth more than they cost; when none is left,
//! the worths prove a lower bound. Where limits or weights restrict what may be bought, a second
//! linear program without them says what pods are worth, as the bound looks at neither. The fractional answer is rounded by diving, and each packing
//! found on the way competes with the best. Floats live in the linear programs alone: worths are
//! rounded to integers, and every packing is made and compared in integers.

mod branch;
mod columns;
mod dive;
mod dynamic;
mod exchange;
mod generate;
mod knapsack;
mod master;
mod part;
mod polish;
mod pricing;
mod relaxation;
mod repack;
mod repair;
mod work;
mod worths;

use crate::first;
use crate::packing::{Packing, count};
use crate::problem::{Class, Problem};
pub(crate) use branch::NODES_MAX;
use generate::{Search, Step};
pub(crate) use repack::{appraise, repack};
pub(crate) use work::Work;
pub(crate) use worths::{Load, Proposal};

/// The best packing found, and worths that may bound any packing from below.
#[derive(Clone, Debug)]
pub(crate) struct Improved {
    /// Never dearer than the first answer, and places the same pods.
    pub(crate) packing: Packing,
    /// What a pod of each class may be worth; at least one proposal here or in `of_bound`.
    pub(crate) proposals: Vec<Proposal>,
    /// The same of each class of the problem that bounds this one, where one was given.
    pub(crate) of_bound: Vec<Proposal>,
    /// Whether the search ended by itself.
    pub(crate) complete: bool,
    /// Whether branching has shown that no packing of the same pods is cheaper.
    pub(crate) cheapest: bool,
    /// How many classes it worked on; fewer than there are where those are too many.
    pub(crate) classes: usize,
}

/// The first dive comes after this much work; each later one when work has doubled since, so that
/// half of all work goes into columns, and more work never makes a worse answer.
const FIRST_DIVE: u64 = 200_000;

/// How near to the next whole number a use is rounded up, in the dives made one after another once
/// no column is missing. Rounding up more is quicker, as fewer uses are left for another step.
const NEARLY: [f64; 11] = [0.25, 0.4, 0.1, 0.5, 0.0, 0.3, 0.2, 0.35, 0.15, 0.45, 0.05];

/// Improves `first` within the limits of `work`. `bound` is what bounds every packing of the same pods,
/// with a packing of it, where that is not the problem itself without limits and weights.
pub(crate) fn improve(
    problem: &Problem,
    first: Packing,
    bound: Option<&(Problem, Packing)>,
    work: &mut Work<'_>,
) -> Improved {
    if problem.classes.len() <= part::CLASSES_MAX {
        let is_placed = |(class, left): (&Class, &i64)| *left < count(class.pods.len());
        if work.is_none() && problem.classes.iter().zip(&first.left).any(is_placed) {
            return unimproved(problem, first, bound);
        }
        return improve_all(problem, first, bound, work);
    }
    improve_part(problem, first, part::CLASSES_MAX, work)
}

/// `first` as it is, and what pods cost alone as what they may be worth.
fn unimproved(problem: &Problem, first: Packing, bound: Option<&(Problem, Packing)>) -> Improved {
    let proposal = |problem: &Problem| Proposal {
        worths: first::standalone_values(problem),
        load: Load::NONE,
    };
    // The bound knows no preferences, and what pods are worth with them is too much for it.
    let mut proposals = Vec::new();
    if !problem.has_wishes() {
        proposals.push(proposal(problem));
    }
    // As of a search that is stopped at its first step: the same work gives the same answer.
    let free = if bound.is_none() { problem.unrestricted() } else { None };
    proposals.extend(free.iter().map(proposal));
    Improved {
        packing: first,
        proposals,
        of_bound: bound.iter().map(|(problem, _)| proposal(problem)).collect(),
        complete: false,
        cheapest: false,
        classes: problem.classes.len(),
    }
}

fn improve_part(
    problem: &Problem,
    first: Packing,
    classes_max: usize,
    work: &mut Work<'_>,
) -> Improved {
    // The checker's bound knows no preferences: what they add must not overrate pods.
    let free = if problem.has_wishes() { problem.unrestricted() } else { None };
    let worths = first::standalone_values(free.as_ref().unwrap_or(problem));
    let part = part::dearest(problem, first, classes_max);
    let improved = improve_all(&part.problem, part.first.clone(), None, work);
    let join = |proposal: Proposal| Proposal {
        worths: part.join_worths(worths.clone(), &proposal.worths),
        ..proposal
    };
    Improved {
        proposals: improved.proposals.into_iter().map(join).collect(),
        of_bound: Vec::new(),
        packing: part.join(improved.packing),
        complete: false,
        cheapest: false,
        classes: part.classes(),
    }
}

fn improve_all(
    problem: &Problem,
    first: Packing,
    other: Option<&(Problem, Packing)>,
    work: &mut Work<'_>,
) -> Improved {
    let mut search = Search::new(problem, first.clone());
    let is_split = other.is_some();
    if search.demand.iter().all(|demand| *demand == 0) {
        return search.finish(None, is_split, (true, !is_split));
    }
    let free = if is_split { None } else { problem.unrestricted() };
    let mut bound = match other {
        Some((problem, packing)) => Some(Search::new(problem, packing.clone())),
        None => free.as_ref().map(|free| Search::new(free, first)),
    };
    let mut next_dive = FIRST_DIVE;
    while !search.is_over(work) {
        let mut step = search.step(work);
        if let Some(bound) = bound.as_mut().filter(|_| is_split || search.is_restricted()) {
            step = step.and(bound.step(work));
        }
        if step == Step::Going {
            if work.used() >= next_dive {
                search.dive(NEARLY[0], work);
                next_dive = work.used().saturating_mul(2);
            }
            continue;
        }
        search.dive(NEARLY[0], work);
        let mut cheapest = search.is_small() && search.branch(work);
        if !cheapest {
            for nearly in &NEARLY[1..] {
                search.dive(*nearly, work);
            }
            search.repair(work);
            cheapest = search.is_small() && search.branch(work);
        }
        if search.is_small() && problem.has_wishes() {
            search.offer(pleasing_nobody(&search, work));
        }
        let complete = step == Step::Converged && !work.was_stopped();
        return search.finish(bound, is_split, (complete, cheapest && !is_split));
    }
    search.finish(bound, is_split, (false, false))
}

/// What is bought for the same pods where they prefer nothing: nodes are few, and no preference is worth one. Branching
/// and bounding finds what roundings of the linear program miss, and cannot be had with preferences.
fn pleasing_nobody(search: &Search<'_>, work: &mut Work<'_>) -> Packing {
    let plain = search.problem.without_wishes();
    let mut other = Search::new(&plain, search.best.clone());
    while !other.is_over(work) && other.step(work) == Step::Going {}
    other.dive(NEARLY[0], work);
    other.branch(work);
    first::at_their_best(search.problem, other.best)
}

/// A float as the nearest integer, negative ones and oddities as 0.
#[expect(clippy::cast_possible_truncation, reason = "checked against the range first")]
fn rounded(value: f64) -> i64 {
    // 2^62 is far above any worth: the dearest type costs 10^12 nano-USD per hour.
    if value.is_finite() && value > 0.0 && value < 4.6e18 { value.round() as i64 } else { 0 }
}

/// An integer as the nearest float.
#[expect(clippy::cast_precision_loss, reason = "bounds hold whatever is rounded here")]
fn float(value: i64) -> f64 {
    value as f64
}
