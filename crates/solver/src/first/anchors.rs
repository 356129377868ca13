//! Weights: which pods justify opening a node of which pool.
//!
//! A node may be opened for a pod that no pool of greater weight can hold, by its rules, its priced
//! offerings and what is left of its limits. Other pods may ride along.

use crate::packing::{Mix, Packing};
use crate::problem::Problem;

/// For each pool the classes that justify opening a node there; `None` where all do.
pub(crate) type Anchors = Vec<Option<Vec<bool>>>;

/// Anchors of each pool, `left` being what is left of each pool's limits.
pub(crate) fn anchors(problem: &Problem, left: &[Vec<i64>]) -> Anchors {
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

/// Whether each node of `packing` is justified, given what the packing leaves of the limits.
pub(crate) fn all_justified(problem: &Problem, packing: &Packing) -> bool {
    let anchors = anchors(problem, &packing.limits_left(problem));
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
fn heaviest(problem: &Problem, left: &[Vec<i64>], class: usize) -> Option<i32> {
    (0..problem.kinds.len())
        .filter(|&kind| problem.holds(kind, class) && within(problem, left, kind))
        .map(|kind| problem.pools[problem.kinds[kind].pool].weight)
        .max()
}

/// Whether one node of any searched kind keeps within what is left of its pool's limits.
pub(crate) fn all_within(problem: &Problem, left: &[Vec<i64>]) -> bool {
    let mut searched = (0..problem.kinds.len()).filter(|&kind| problem.kinds[kind].searched);
    searched.all(|kind| within(problem, left, kind))
}

/// Whether one more node of `kind` keeps within what is left of its pool's limits.
pub(crate) fn within(problem: &Problem, left: &[Vec<i64>], kind: usize) -> bool {
    let kind = &problem.kinds[kind];
    kind.draws.iter().zip(&left[kind.pool]).all(|(draw, left)| draw <= left)
}
