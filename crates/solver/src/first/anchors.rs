//! Weights: which pods justify opening a node of which pool.
//!
//! A node may be opened for a pod that no pool of greater weight can hold, by its rules, its priced
//! offerings and what is left of its limits. Other pods may ride along.

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

/// The greatest weight of a pool that can hold a pod of `class` now.
fn heaviest(problem: &Problem, left: &[Vec<i64>], class: usize) -> Option<i32> {
    (0..problem.kinds.len())
        .filter(|&kind| problem.holds(kind, class) && within(problem, left, kind))
        .map(|kind| problem.pools[problem.kinds[kind].pool].weight)
        .max()
}

/// Whether one more node of `kind` keeps within what is left of its pool's limits.
pub(crate) fn within(problem: &Problem, left: &[Vec<i64>], kind: usize) -> bool {
    let kind = &problem.kinds[kind];
    kind.draws.iter().zip(&left[kind.pool]).all(|(draw, left)| draw <= left)
}
