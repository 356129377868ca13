//! What could be launched in the place of what a move launches.
//!
//! In: a snapshot of what runs, moves in it. Out: for each launched node other offerings of its pool that
//! hold the same pods, as for plans, cheapest first, each with its regret; but none with which the move
//! would not pay any more, whichever the others launched with it become.

use model::fleet::Reason;
use model::{Move, NanoUsdPerHour, Objective, Plan, Snapshot};

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
            of_move
                .map(|mut list| {
                    list.retain(|other| other.regret < most);
                    list
                })
                .collect()
        })
        .collect()
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
