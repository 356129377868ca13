//! The one entry of this crate.

use model::{Candidate, Certificate, NanoUsdPerHour, Objective, Plan, Snapshot};

use crate::first::Start;
use crate::improve::{self, Improved, Proposal, Work};
use crate::materialise::Placed;
use crate::packing::{Packing, count};
use crate::problem::rules::Loads;
use crate::problem::{self, Built, Problem};
use crate::{Progress, Settings, Weights, first, materialise, settle, soft};

/// What a solve came to.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// The plan.
    pub plan: Plan,
    /// What pods may be worth, for the checker to derive its lower bound from the best of them; at
    /// least one. Those of a run with less work are among those of one with more.
    pub candidates: Vec<Candidate>,
    /// Units of work done, as counted against the limit; the same number as the limit gives the same
    /// solution.
    pub work_used: u64,
    /// Whether the search ended by itself, and neither by the limit nor by the interrupt; false too
    /// where it worked on a part only.
    pub complete: bool,
    /// What is known of a plan that buys few nodes; `None` for others.
    pub small: Option<Small>,
    /// Classes of pods (those no rule can tell apart), and how many of them the improvement worked
    /// on: all, or those of the dearest nodes where they are more than one linear program takes.
    pub classes: usize,
    /// See `classes`.
    pub classes_improved: usize,
}

/// A plan that buys fewer than 30 nodes: such a set is branched over where work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Small {
    /// No plan that places the same pods has a lower objective, as branching has shown. The bound may
    /// still be lower: it does not know that nodes are whole.
    Cheapest,
    /// Not shown, for want of work, or as weights or interruption terms are at stake.
    NotProved,
}

/// Plans every pod of `snapshot`: placed on an existing node, placed on a node to buy, or left out
/// with reasons.
///
/// Bought nodes come in canonical order: by pool, price, room and content. The plan depends on
/// the contents of the snapshot alone: renaming pods, nodes and namespaces, or giving them in
/// another order, changes neither the cost nor the multiset of (offering, shapes). `interrupt` is
/// asked at counted steps and may end the improvement early; a solve with the limit `work_used`
/// then gives the same plan.
pub fn solve(
    snapshot: &Snapshot,
    settings: &Settings,
    interrupt: &mut dyn FnMut(&Progress) -> bool,
) -> Solution {
    let mut built = problem::build(snapshot, settings.objective);
    match settings.weights {
        Weights::Honoured => {}
        Weights::Ignored => built.rest.pools.iter_mut().for_each(|pool| pool.weight = 0),
    }
    let mut work = Work::new(settings.work_limit, interrupt);
    let Start { problem, packing: first, bound, before } =
        first::start(snapshot, &built, &mut work);
    let Improved { packing, proposals, of_bound, complete, cheapest, classes } =
        improve::improve(&problem, first.clone(), bound.as_ref(), &mut work);
    let placed_before = packing.left.clone();
    let packing = if built.rules.is_empty() { let_in(&problem, packing) } else { packing };
    let mut is_cheapest = cheapest && packing.left == placed_before;
    let mut packings = vec![(&problem, &packing)];
    if first != packing {
        packings.push((&problem, &first));
    }
    packings.extend(before.as_ref().map(|(problem, packing)| (problem, packing)));
    let arranged = arranged(snapshot, &built, settings.objective, &packings);
    let plan = if let Some((plan, is_free)) = arranged {
        is_cheapest &= is_free;
        plan
    } else {
        let placed = materialise::place(&problem, packing);
        if built.rules.is_empty() {
            materialise::plan(snapshot, placed, None)
        } else {
            let (placed, loads) = settled(snapshot, &built, &problem, (first, placed));
            materialise::plan(snapshot, placed, Some((&built, &loads)))
        }
    };
    let is_small = count(plan.new_nodes.len()) < improve::NODES_MAX;
    let small = if is_cheapest { Small::Cheapest } else { Small::NotProved };
    let mut candidates = candidates(snapshot, (&problem, &proposals), bound.as_ref(), &of_bound);
    let before = before.map(|(problem, _)| problem).filter(|before| !before.has_wishes());
    candidates.extend(before.map(|before| {
        candidate(snapshot, &before, &Proposal::first(first::standalone_values(&before)))
    }));
    Solution {
        candidates,
        plan,
        work_used: work.repeats(),
        complete,
        small: is_small.then_some(small),
        classes: problem.classes.len(),
        classes_improved: classes,
    }
}

/// What `placed` comes to under rules over zones and the like, or `first` if that comes to more: room
/// below limits that a better packing makes may open a zone that others then have to reckon with.
fn settled(
    snapshot: &Snapshot,
    built: &Built,
    problem: &Problem,
    (first, placed): (Packing, Placed),
) -> (Placed, Loads) {
    let is_whole = placed.left.is_empty();
    let improved = settle::settle(snapshot, built, placed);
    if is_whole && built.rest.scarce.is_empty() && problem.bundles.is_empty() {
        return improved;
    }
    let first = settle::settle(snapshot, built, materialise::place(problem, first));
    if settle::rank(built, &first.0) < settle::rank(built, &improved.0) { first } else { improved }
}

/// The plan of the best of `packings` once each is arranged for soft rules, earlier ones first where they come to
/// the same, and whether it is of the first of them with nothing given up; `None` where soft rules have no price.
fn arranged(
    snapshot: &Snapshot,
    built: &Built,
    objective: Objective,
    packings: &[(&Problem, &Packing)],
) -> Option<(Plan, bool)> {
    if !soft::are_priced(snapshot, objective) {
        return None;
    }
    let answers = packings.iter().enumerate().map(|(position, (problem, packing))| {
        let placed = materialise::place(problem, Packing::clone(packing));
        let (placed, loads) = if built.rules.is_empty() {
            (placed, None)
        } else {
            let (placed, loads) = settle::settle(snapshot, built, placed);
            (placed, Some(loads))
        };
        let before = settle::rank(built, &placed);
        let (placed, given_up) = soft::arranged(snapshot, built, objective, placed);
        let (left, cost) = settle::rank(built, &placed);
        let rank = (left, cost.saturating_add(given_up));
        let is_free = position == 0 && rank == before;
        (rank, is_free, placed, loads)
    });
    let (_, is_free, placed, loads) = answers.min_by(|a, b| a.0.cmp(&b.0))?;
    let rules = loads.as_ref().map(|loads| (built, loads));
    Some((materialise::plan(snapshot, placed, rules), is_free))
}

/// Places pods that the first answer left out, where a better packing has made room for them.
fn let_in(problem: &Problem, mut packing: Packing) -> Packing {
    if packing.left.iter().any(|left| *left > 0) {
        first::complete(problem, &first::standalone_values(problem), &mut packing);
    }
    packing
}

/// Worths of shapes, from those of the classes of `problem`, and of those of what bounds it.
fn candidates(
    snapshot: &Snapshot,
    (problem, proposals): (&Problem, &[Proposal]),
    bound: Option<&(Problem, Packing)>,
    of_bound: &[Proposal],
) -> Vec<Candidate> {
    let own = proposals.iter().map(|one| candidate(snapshot, problem, one));
    let bound = bound
        .iter()
        .flat_map(|(problem, _)| of_bound.iter().map(|one| candidate(snapshot, problem, one)));
    own.chain(bound).collect()
}

/// The certificate of `proposal`, shape by shape. A shape that is of several classes, as its pods go to several
/// sites, is worth the least of them.
pub(crate) fn candidate(snapshot: &Snapshot, problem: &Problem, proposal: &Proposal) -> Candidate {
    let mut least: Vec<Option<i64>> = vec![None; snapshot.shapes.len()];
    for (class, worth) in problem.classes.iter().zip(&proposal.worths) {
        for shape in &class.shapes {
            let known = &mut least[shape.get()];
            *known = Some(known.map_or(*worth, |known| known.min(*worth)));
        }
    }
    let worths = least.into_iter().map(|worth| NanoUsdPerHour::new(worth.unwrap_or(0))).collect();
    Candidate {
        certificate: Certificate { worths },
        filled: NanoUsdPerHour::new(proposal.load.filled),
        price: NanoUsdPerHour::new(proposal.load.price),
    }
}
