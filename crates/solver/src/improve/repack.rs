//! Improves a packing in which some nodes may go, and says what pods are worth.

use super::generate::{Search, Step};
use super::{FIRST_DIVE, NEARLY, Proposal, Work};
use crate::packing::Packing;
use crate::problem::Problem;

/// A packing that is never dearer than `first`, which places everything, and places the same pods.
pub(crate) fn repack(problem: &Problem, first: Packing, work: &mut Work<'_>) -> Packing {
    let mut search = Search::new(problem, first);
    // In a window of a few nodes the first dive is worth more than the last columns.
    let mut next_dive = FIRST_DIVE / 10;
    while !search.is_over(work) {
        if search.step(work) == Step::Going {
            if work.used() >= next_dive {
                search.dive(NEARLY[0], work);
                next_dive = work.used().saturating_mul(2);
            }
            continue;
        }
        for nearly in NEARLY {
            search.dive(nearly, work);
        }
        search.repair(work);
        break;
    }
    search.best
}

/// What pods may be worth where everything is bought anew: proposals, the most promising last, which may
/// bound what any packing of them costs. `first` places everything that finds a place.
pub(crate) fn appraise(problem: &Problem, first: Packing, work: &mut Work<'_>) -> Vec<Proposal> {
    let mut search = Search::new(problem, first);
    while !search.is_over(work) && search.step(work) == Step::Going {}
    search.finish(None, false, (false, false)).proposals
}
