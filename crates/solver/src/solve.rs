//! The one entry of this crate.

use model::{Candidate, Certificate, NanoUsdPerHour, Plan, Snapshot};

use crate::improve::{self, Improved, Proposal, Work};
use crate::packing::Packing;
use crate::problem::{self, Problem};
use crate::{Progress, Settings, Weights, first, materialise};

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
    let mut problem = problem::build(snapshot, settings.objective);
    match settings.weights {
        Weights::Honoured => {}
        Weights::Ignored => problem.pools.iter_mut().for_each(|pool| pool.weight = 0),
    }
    let first = first::answer(&problem);
    let mut work = Work::new(settings.work_limit, interrupt);
    let Improved { packing, proposals, complete, cheapest, classes } =
        improve::improve(&problem, first, &mut work);
    let placed_before = packing.left.clone();
    let packing = let_in(&problem, packing);
    let nodes: i64 = packing.groups.iter().map(|group| group.copies).sum();
    let is_cheapest = cheapest && packing.left == placed_before;
    let small = if is_cheapest { Small::Cheapest } else { Small::NotProved };
    Solution {
        candidates: proposals.iter().map(|one| candidate(snapshot, &problem, one)).collect(),
        plan: materialise::plan(snapshot, &problem, packing),
        work_used: work.repeats(),
        complete,
        small: (nodes < improve::NODES_MAX).then_some(small),
        classes: problem.classes.len(),
        classes_improved: classes,
    }
}

/// Places pods that the first answer left out, where a better packing has made room for them.
fn let_in(problem: &Problem, mut packing: Packing) -> Packing {
    if packing.left.iter().any(|left| *left > 0) {
        first::complete(problem, &first::standalone_values(problem), &mut packing);
    }
    packing
}

fn candidate(snapshot: &Snapshot, problem: &Problem, proposal: &Proposal) -> Candidate {
    let mut worths = vec![NanoUsdPerHour::ZERO; snapshot.shapes.len()];
    for (class, worth) in problem.classes.iter().zip(&proposal.worths) {
        for shape in &class.shapes {
            worths[shape.get()] = NanoUsdPerHour::new(*worth);
        }
    }
    Candidate {
        certificate: Certificate { worths },
        filled: NanoUsdPerHour::new(proposal.load.filled),
        price: NanoUsdPerHour::new(proposal.load.price),
    }
}
