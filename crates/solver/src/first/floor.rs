//! The least that any packing of the same pods costs, at a glance.
//!
//! No resource is had for less than what the kind charges for a unit of it that has most of it for its
//! price. The dearest resource says what all costs at least. The floor is far below what search proves; it
//! only says when there is no use in trying further.

use crate::packing::{Group, Packing};
use crate::problem::Problem;

/// Whether `packing` leaves out nobody, and no packing is cheaper by more than so many `thousandths` of
/// what it costs at least.
pub(super) fn is_within(problem: &Problem, packing: &Packing, thousandths: i128) -> bool {
    let is_whole = packing.left.iter().all(|left| *left == 0);
    is_whole
        && i128::from(packing.cost(problem)) * 1000
            <= floor(problem, packing) * (1000 + thousandths)
}

/// What the pods on the new nodes of `packing` cost at least, nano-USD per hour.
fn floor(problem: &Problem, packing: &Packing) -> i128 {
    let mut packed: Vec<i128> = Vec::new();
    for Group { mix, copies, .. } in &packing.groups {
        for &(class, pods) in mix {
            let requests = &problem.classes[class].requests;
            packed.resize(requests.len(), 0);
            for (sum, need) in packed.iter_mut().zip(requests) {
                *sum += i128::from(*need) * i128::from(pods) * i128::from(*copies);
            }
        }
    }
    let of_one = |(dimension, needed): (usize, &i128)| {
        let kinds = problem.kinds.iter().filter(|kind| kind.searched);
        let offers = kinds
            .filter(|kind| kind.room[dimension] > 0)
            .map(|kind| i128::from(kind.objective(0)) * needed / i128::from(kind.room[dimension]));
        offers.min().unwrap_or(0)
    };
    packed.iter().enumerate().map(of_one).max().unwrap_or(0)
}
