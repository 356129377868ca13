//! Replaces each bought node by the cheapest kind of its pool that holds the same pods.

use crate::packing::{Group, Packing, residual};
use crate::problem::Problem;

/// Right-sizes every group. Only kinds that draw no more on limits are considered, so that limits
/// and weights that held before hold after.
pub(crate) fn right_size(problem: &Problem, packing: &mut Packing) {
    for group in &mut packing.groups {
        if let Some(kind) = cheaper(problem, group) {
            group.kind = kind;
        }
    }
}

/// Kinds come by pool and price, so the first that does is the cheapest.
fn cheaper(problem: &Problem, group: &Group) -> Option<usize> {
    let current = &problem.kinds[group.kind];
    (0..group.kind).find(|&position| {
        let kind = &problem.kinds[position];
        kind.searched
            && kind.pool == current.pool
            && kind.price < current.price
            && kind
                .draws
                .iter()
                .zip(&current.draws)
                .all(|(new, old)| new <= old)
            && group
                .mix
                .iter()
                .all(|(class, _)| problem.classes[*class].kinds.contains(position))
            && holds_all(problem, &kind.room, group)
    })
}

fn holds_all(problem: &Problem, room: &[i64], group: &Group) -> bool {
    let rest = residual(problem, room, &group.mix);
    rest.iter()
        .zip(room)
        .all(|(rest, room)| *rest >= 0 || rest == room)
}
