//! What could be launched in the place of what a move launches.
//!
//! In: a snapshot of what runs, moves in it. Out: for each launched node other offerings of its pool that
//! hold the same pods, as for plans, cheapest first, each with its regret; but none with which the move
//! would not pay any more, whichever the others launched with it become.

use std::collections::BTreeSet;

use model::fleet::Reason;
use model::{CapacityType, Move, NanoUsdPerHour, NewNode, Objective, Plan, Snapshot};

use crate::{Alternative, alternatives};

/// Alternatives for each launched node of each of `moves`, in their order.
pub fn move_alternatives(
    snapshot: &Snapshot,
    moves: &[Move],
    objective: Objective,
) -> Vec<Vec<Vec<Alternative>>> {
    // What goes counts against limits until it is gone, as it does in the snapshot.
    let new_nodes = moves.iter().flat_map(|one| one.launched.iter().cloned()).collect();
    let plan = Plan { new_nodes, existing: Vec::new(), unschedulable: Vec::new() };
    let mut all = alternatives(snapshot, &plan, objective).into_iter();
    moves
        .iter()
        .map(|one| {
            let most = regret_max(one);
            let of_move = all.by_ref().take(one.launched.len());
            let for_spot = is_one_spot_node(snapshot, one);
            of_move
                .zip(&one.launched)
                .map(|(mut list, node)| {
                    list.retain(|other| other.regret < most);
                    if for_spot {
                        keep_few_spot_types(snapshot, node, &mut list);
                    }
                    list
                })
                .collect()
        })
        .collect()
}

/// Whether one spot node goes, and no other.
fn is_one_spot_node(snapshot: &Snapshot, one: &Move) -> bool {
    let [node] = one.removed.as_slice() else { return false };
    one.reason == Reason::Underutilized && snapshot.node(*node).is_spot()
}

/// Where a spot node comes in the place of one, it is of one of the few cheapest types, so that it is not replaced
/// again at once, and stays spot. What `minValues` asks for is kept.
fn keep_few_spot_types(snapshot: &Snapshot, node: &NewNode, list: &mut Vec<Alternative>) {
    let listing = |offering| snapshot.listing_of(snapshot.offering(offering));
    let planned = listing(node.offering);
    let pool = snapshot.pool(snapshot.offering(node.offering).pool);
    if planned.capacity_type != CapacityType::Spot {
        return;
    }
    let mut types = BTreeSet::from([planned.instance_type]);
    list.retain(|other| {
        let other = listing(other.offering);
        let few = types.len() < solver::SPOT_TYPES_MIN || !pool.min_values.is_empty();
        other.capacity_type == CapacityType::Spot
            && (types.contains(&other.instance_type) || few && types.insert(other.instance_type))
    });
}

/// What each launched node may cost more, at less than which the move still saves more than it costs;
/// what is drifted is replaced whatever it costs.
fn regret_max(one: &Move) -> NanoUsdPerHour {
    if one.reason == Reason::Drifted {
        return NanoUsdPerHour::new(i64::MAX);
    }
    let gain = one.saving.get().saturating_mul(1000).saturating_sub(one.price.get());
    let launched = i64::try_from(one.launched.len()).unwrap_or(i64::MAX).max(1);
    // A dearer launch also costs more while both run; half of the gain covers any such launch, which is
    // at most a few minutes of a horizon of hours.
    NanoUsdPerHour::new((gain / launched / 2).max(0))
}
