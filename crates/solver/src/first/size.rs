//! Replaces each bought node by the cheapest kind of its pool that holds the same pods.

use crate::packing::{Group, Packing, residual};
use crate::problem::Problem;

/// Right-sizes every group. Only kinds that draw no more on limits and supplies are considered, so that limits
/// and weights that held before hold after.
pub(crate) fn right_size(problem: &Problem, packing: &mut Packing) {
    for group in &mut packing.groups {
        let now = problem.objective(group.kind, &group.mix);
        let best = (0..problem.kinds.len())
            .filter(|&kind| {
                problem.objective(kind, &group.mix) < now && suits(problem, kind, group)
            })
            .min_by_key(|&kind| (problem.objective(kind, &group.mix), kind));
        group.kind = best.unwrap_or(group.kind);
    }
}

fn suits(problem: &Problem, position: usize, group: &Group) -> bool {
    let current = &problem.kinds[group.kind];
    let kind = &problem.kinds[position];
    kind.searched
        && kind.pool == current.pool
        && kind.draws_no_more_than(current)
        && group.mix.iter().all(|(class, _)| problem.classes[*class].kinds.contains(position))
        && holds(problem, &kind.room, group)
}

/// Whether `room` holds the group's mix; a resource that none of it asks for may be short.
fn holds(problem: &Problem, room: &[i64], group: &Group) -> bool {
    let rest = residual(problem, room, &group.mix);
    rest.iter().zip(room).all(|(rest, room)| *rest >= 0 || rest == room)
}
