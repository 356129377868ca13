//! Problems with too many classes for one linear program: improve the dearest part.
//!
//! The dearest nodes of the first answer are taken apart, pool by pool, as long as their pods are of
//! at most [`CLASSES_MAX`] classes; all other nodes, and what goes on existing ones, stay as they
//! are. The part is a problem of its own, with what the rest leaves of limits and supplies.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::packing::{Group, Mix, Packing};
use crate::problem::Problem;

/// Most classes in one linear program: its time grows with their square, and passes a second here.
pub(super) const CLASSES_MAX: usize = 5_000;

/// A part of a problem.
pub(super) struct Part {
    /// The part as a problem without existing nodes.
    pub(super) problem: Problem,
    /// The part of the first answer, in the classes of `problem`.
    pub(super) first: Packing,
    /// The class of the whole problem behind each class of the part.
    classes: Vec<usize>,
    /// What stays as it is.
    kept: Packing,
}

/// The dearest part of `problem` with at most `classes_max` classes.
pub(super) fn dearest(problem: &Problem, first: Packing, classes_max: usize) -> Part {
    let (freed, kept) = split(problem, first, classes_max);
    let mut demand: BTreeMap<usize, i64> = BTreeMap::new();
    for group in &freed {
        for &(class, pods) in &group.mix {
            *demand.entry(class).or_default() += pods * group.copies;
        }
    }
    let classes: Vec<usize> = demand.keys().copied().collect();
    let smaller = |mix: &Mix| -> Mix {
        let position = |class| classes.binary_search(&class).expect("the class is in demand");
        mix.iter().map(|&(class, pods)| (position(class), pods)).collect()
    };
    let part = Problem {
        classes: demand
            .iter()
            .map(|(class, pods)| {
                let mut class = problem.classes[*class].clone();
                class.pods.truncate(usize::try_from(*pods).unwrap_or(usize::MAX));
                class
            })
            .collect(),
        kinds: problem.kinds.clone(),
        pools: problem.pools.clone(),
        scarce: kept.scarce_left(problem),
        first_supply: problem.first_supply,
        nodes: Vec::new(),
        feuds: problem.feuds.clone(),
        bundles: BTreeMap::new(),
    };
    let groups = freed.iter().map(|group| Group { mix: smaller(&group.mix), ..group.clone() });
    let first =
        Packing { groups: groups.collect(), existing: Vec::new(), left: vec![0; classes.len()] };
    Part { problem: part, first, classes, kept }
}

impl Part {
    /// The whole packing with `improved` in place of the part.
    pub(super) fn join(&self, improved: Packing) -> Packing {
        let mut whole = self.kept.clone();
        let larger = |mix: Mix| -> Mix {
            mix.into_iter().map(|(class, pods)| (self.classes[class], pods)).collect()
        };
        let groups = improved.groups.into_iter();
        whole.groups.extend(groups.map(|group| Group { mix: larger(group.mix), ..group }));
        whole
    }

    /// `worths` with those of the part in their places.
    pub(super) fn join_worths(&self, mut worths: Vec<i64>, of_part: &[i64]) -> Vec<i64> {
        for (class, worth) in self.classes.iter().zip(of_part) {
            worths[*class] = *worth;
        }
        worths
    }

    /// How many classes the part has.
    pub(super) const fn classes(&self) -> usize {
        self.classes.len()
    }
}

/// Takes the dearest groups of the dearest pools out of `first`; returns them and the rest.
fn split(problem: &Problem, mut first: Packing, classes_max: usize) -> (Vec<Group>, Packing) {
    let price =
        |group: &Group| problem.objective(group.kind, &group.mix).saturating_mul(group.copies);
    let mut of_pool = vec![0_i64; problem.pools.len()];
    for group in &first.groups {
        let sum = &mut of_pool[problem.kinds[group.kind].pool];
        *sum = sum.saturating_add(price(group));
    }
    first.groups.sort_by_key(|group| {
        let pool = problem.kinds[group.kind].pool;
        (Reverse(of_pool[pool]), pool, Reverse(price(group)), group.clone())
    });
    let mut classes: BTreeSet<usize> = BTreeSet::new();
    let (freed, kept): (Vec<Group>, Vec<Group>) = first.groups.drain(..).partition(|group| {
        let fresh = group.mix.iter().filter(|(class, _)| !classes.contains(class)).count();
        let fits = classes.len() + fresh <= classes_max;
        if fits {
            classes.extend(group.mix.iter().map(|(class, _)| *class));
        }
        fits
    });
    first.groups = kept;
    (freed, first)
}

#[cfg(test)]
mod tests {
    use model::Objective;
    use testkit::world;

    use crate::improve::{Work, improve_all, improve_part};
    use crate::{first, problem};

    #[test]
    fn a_part_is_improved_and_the_rest_stays() {
        let snapshot = world(
            "type m cpu=8 mem=32Gi pods=20 price=0.4
             type c cpu=16 mem=32Gi pods=20 price=0.6
             pool p
             pod a x9 cpu=3 mem=4Gi
             pod b x9 cpu=2 mem=7Gi
             pod c x9 cpu=1 mem=11Gi
             pod d x9 cpu=700m mem=2Gi",
        );
        let problem = problem::build(&snapshot, Objective::LIST_PRICES).plain(|_| usize::MAX);
        let start = first::answer(&problem);
        let mut never = |_: &crate::Progress| false;
        for classes in 0..=4 {
            let mut work = Work::new(1_000_000, &mut never);
            let part = improve_part(&problem, start.clone(), classes, &mut work);
            assert!(part.classes <= classes && !part.complete);
            assert!(part.packing.cost(&problem) <= start.cost(&problem));
            let mut placed = part.packing.left.clone();
            for group in &part.packing.groups {
                for &(class, pods) in &group.mix {
                    placed[class] += pods * group.copies;
                }
            }
            assert_eq!(placed, [9, 9, 9, 9], "{classes} classes");
        }
        let mut work = Work::new(1_000_000, &mut never);
        let all = improve_all(&problem, start.clone(), None, &mut work);
        let mut work = Work::new(1_000_000, &mut never);
        let part = improve_part(&problem, start, 4, &mut work);
        assert_eq!(all.packing.cost(&problem), part.packing.cost(&problem));
    }
}
