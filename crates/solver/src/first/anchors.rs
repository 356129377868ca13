//! Weights: which pods justify opening a node of which pool.
//!
//! A node may be opened for a pod that no pool of greater weight can hold, by its rules, its priced
//! offerings and what is left of its limits and of supplies. Other pods may ride along.

use crate::packing::{Mix, Packing};
use crate::problem::Problem;

/// For each pool the classes that justify opening a node there; `None` where all do.
pub(crate) type Anchors = Vec<Option<Vec<bool>>>;

/// Anchors of each pool, `left` being what is left of everything scarce.
pub(crate) fn anchors(problem: &Problem, left: &[i64]) -> Anchors {
    let weights = problem.pools.iter().map(|pool| pool.weight);
    let (Some(least), Some(greatest)) = (weights.clone().min(), weights.max()) else {
        return Anchors::new();
    };
    if least == greatest {
        return vec![None; problem.pools.len()];
    }
    let heaviest: Vec<Option<i32>> =
        (0..problem.classes.len()).map(|class| heaviest(problem, left, class)).collect();
    problem
        .pools
        .iter()
        .map(|pool| {
            let justifies: Vec<bool> =
                heaviest.iter().map(|weight| weight.is_none_or(|w| w <= pool.weight)).collect();
            (!justifies.iter().all(|yes| *yes)).then_some(justifies)
        })
        .collect()
}

/// Whether each node of `packing` is justified, given what the packing leaves of what is scarce.
pub(crate) fn all_justified(problem: &Problem, packing: &Packing) -> bool {
    let anchors = anchors(problem, &packing.scarce_left(problem));
    packing
        .groups
        .iter()
        .all(|group| justifies(anchors[problem.kinds[group.kind].pool].as_deref(), &group.mix))
}

/// Whether some pod of `mix` justifies opening a node, `anchors` being those of its pool.
pub(crate) fn justifies(anchors: Option<&[bool]>, mix: &Mix) -> bool {
    anchors.is_none_or(|anchors| mix.iter().any(|&(class, _)| anchors[class]))
}

/// The greatest weight of a pool that can hold a pod of `class` now.
fn heaviest(problem: &Problem, left: &[i64], class: usize) -> Option<i32> {
    (0..problem.kinds.len())
        .filter(|&kind| problem.holds(kind, class) && within(problem, left, kind))
        .map(|kind| problem.pools[problem.kinds[kind].pool].weight)
        .max()
}

/// Whether one node of any searched kind keeps within what is left of its pool's limits.
pub(crate) fn all_within_limits(problem: &Problem, left: &[i64]) -> bool {
    let mut draws = problem.kinds.iter().filter(|kind| kind.searched).flat_map(|kind| &kind.draws);
    draws.all(|draw| draw.of >= problem.first_supply || draw.amount <= left[draw.of])
}

/// Whether one more node of `kind` keeps within what is left of what is scarce.
pub(crate) fn within(problem: &Problem, left: &[i64], kind: usize) -> bool {
    let kind = &problem.kinds[kind];
    kind.draws.iter().all(|draw| draw.amount <= left[draw.of])
}
