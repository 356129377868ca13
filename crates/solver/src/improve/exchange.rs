//! Exchanges: wherever a pod of one class has a seat, one of a lesser class would do.
//!
//! A class is lesser than another where it asks for no more of anything, is admitted wherever the
//! other is, is charged no more there for what it prefers, and has no other or smaller quotas; its pods are then worth no more. Said to the linear program beforehand, this keeps worths
//! from leaping between rounds. As a column, an exchange gives up a seat of the greater class for the
//! lesser one at no cost.

use crate::first::anchors::Anchors;
use crate::problem::{Class, ExistingNode, Problem};

/// A seat of the class `greater` serves the class `lesser`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exchange {
    pub(super) greater: usize,
    pub(super) lesser: usize,
}

/// Classes beyond which no exchanges are sought: their number grows with the square.
const CLASSES_MAX: usize = 600;

/// All exchanges that do not follow from two others, `anchors` being what justifies new nodes.
pub(super) fn exchanges(problem: &Problem, anchors: &Anchors) -> Vec<Exchange> {
    let classes = problem.classes.len();
    // A node that may go is kept with its own pods and no others in their seats.
    if classes > CLASSES_MAX || problem.nodes.iter().any(ExistingNode::may_go) {
        return Vec::new();
    }
    let serves = |greater: usize, lesser: usize| {
        let justified = |of_pool: &Option<Vec<bool>>| {
            of_pool.as_ref().is_none_or(|anchors| anchors[lesser] || !anchors[greater])
        };
        greater != lesser
            && is_lesser(&problem.classes[lesser], &problem.classes[greater])
            // Of equals the later one is lesser, so that there is no circle.
            && (lesser > greater || !is_lesser(&problem.classes[greater], &problem.classes[lesser]))
            && anchors.iter().all(justified)
    };
    let table: Vec<Vec<bool>> =
        (0..classes).map(|a| (0..classes).map(|b| serves(a, b)).collect()).collect();
    let mut found = Vec::new();
    for greater in 0..classes {
        for lesser in (0..classes).filter(|&lesser| table[greater][lesser]) {
            let between = (0..classes).any(|one| table[greater][one] && table[one][lesser]);
            if !between {
                found.push(Exchange { greater, lesser });
            }
        }
    }
    found
}

fn is_lesser(one: &Class, other: &Class) -> bool {
    // A node that takes so many of `one` may have them already, unless `other` keeps them away.
    // Of a group of rivals that both are in there is none on it but the one that gives up its seat.
    let joins = one.together_max == i64::MAX || one.quotas.iter().any(|quota| quota.most == 1);
    joins
        && (one.ties == 0 || one.ties == other.ties)
        && one.requests.iter().zip(&other.requests).all(|(one, other)| one <= other)
        && one.kinds.covers(&other.kinds)
        && one.nodes.covers(&other.nodes)
        && one.forgone.is_within(&other.forgone, &other.kinds, &other.nodes)
        && one.quotas.iter().all(|one| other.quota(one.group).is_some_and(|most| most <= one.most))
}

#[cfg(test)]
mod tests {
    use model::Objective;
    use testkit::world;

    use super::exchanges;
    use crate::problem;

    #[test]
    fn only_what_needs_no_more_and_may_go_wherever_the_other_may_is_lesser() {
        let snapshot = world(
            "type m cpu=8 mem=32Gi price=0.4 label family=m
             type c cpu=16 mem=32Gi price=0.6 label family=c
             pool p
             pod small x2 cpu=1 mem=1Gi
             pod middle x2 cpu=2 mem=1Gi
             pod large x2 cpu=3 mem=2Gi
             pod odd x2 cpu=500m mem=9Gi
             pod picky x2 cpu=500m mem=512Mi select family=m",
        );
        let problem = problem::build(&snapshot, Objective::LIST_PRICES).plain(|_| usize::MAX);
        let cpu = |class: usize| problem.classes[class].requests[0];
        let mut found: Vec<(i64, i64)> = exchanges(&problem, &vec![None])
            .into_iter()
            .map(|exchange| (cpu(exchange.greater), cpu(exchange.lesser)))
            .collect();
        found.sort_unstable();
        // From large to small follows from the other two.
        assert_eq!(found, [(2_000, 1_000), (3_000, 2_000)]);
    }
}
