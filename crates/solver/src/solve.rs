//! The one entry of this crate.

use model::{Plan, Snapshot};

use crate::{Settings, Weights, first, materialise, problem};

/// Plans every pod of `snapshot`: placed on an existing node, placed on a node to buy, or left out
/// with reasons.
///
/// Bought nodes come in canonical order: by pool, price, room and content. The plan depends on
/// the contents of the snapshot alone: renaming pods, nodes and namespaces, or giving them in
/// another order, changes neither the cost nor the multiset of (offering, shapes).
pub fn solve(snapshot: &Snapshot, settings: &Settings) -> Plan {
    let mut problem = problem::build(snapshot);
    match settings.weights {
        Weights::Honoured => {}
        Weights::Ignored => problem.pools.iter_mut().for_each(|pool| pool.weight = 0),
    }
    let packing = first::answer(&problem);
    materialise::plan(snapshot, &problem, packing)
}
