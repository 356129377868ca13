//! A packing under construction: groups of like nodes with what is in them.

use crate::problem::Problem;

/// How many pods of each class: (class, count), ascending by class, counts at least 1.
pub(crate) type Mix = Vec<(usize, i64)>;

/// Like new nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group {
    /// What is bought.
    pub(crate) kind: usize,
    /// What goes on each.
    pub(crate) mix: Mix,
    /// How many of them, at least 1.
    pub(crate) copies: i64,
}

/// Where the pods of a problem go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    /// New nodes.
    pub(crate) groups: Vec<Group>,
    /// What goes on each existing node, by position in `Problem::nodes`.
    pub(crate) existing: Vec<Mix>,
    /// Pods of each class that are left.
    pub(crate) left: Vec<i64>,
}

impl Packing {
    /// Nothing placed yet.
    pub(crate) fn new(problem: &Problem) -> Self {
        Self {
            groups: Vec::new(),
            existing: vec![Mix::new(); problem.nodes.len()],
            left: problem.classes.iter().map(|class| count(class.pods.len())).collect(),
        }
    }

    /// The objective: prices and interruption terms of the new nodes, what keeping those costs that may
    /// go, and what pods are charged for preferences, nano-USD per hour.
    pub(crate) fn cost(&self, problem: &Problem) -> i64 {
        let kept = self.existing.iter().enumerate().filter(|(_, mix)| !mix.is_empty());
        let kept = kept.map(|(node, mix)| {
            problem.nodes[node].price.saturating_add(problem.forgone_on_node(node, mix))
        });
        let kept = kept.fold(0, i64::saturating_add);
        self.groups
            .iter()
            .map(|group| {
                let one = problem.objective(group.kind, &group.mix);
                one.saturating_mul(group.copies)
            })
            .fold(kept, i64::saturating_add)
    }

    /// What is left of everything scarce after this packing.
    pub(crate) fn scarce_left(&self, problem: &Problem) -> Vec<i64> {
        let mut left = problem.scarce.clone();
        for group in &self.groups {
            for draw in &problem.kinds[group.kind].draws {
                let taken = draw.amount.saturating_mul(group.copies);
                left[draw.of] = left[draw.of].saturating_sub(taken);
            }
        }
        left
    }

    /// Pods left, by descending priority: (priority, count). A smaller list of counts is better.
    pub(crate) fn left_by_priority(&self, problem: &Problem) -> Vec<(std::cmp::Reverse<i32>, i64)> {
        let mut by_priority = std::collections::BTreeMap::new();
        for (class, left) in problem.classes.iter().zip(&self.left) {
            *by_priority.entry(std::cmp::Reverse(class.priority)).or_insert(0) += left;
        }
        by_priority.into_iter().collect()
    }
}

/// How many pods `mix` has.
pub(crate) fn pods_in(mix: &Mix) -> i64 {
    mix.iter().map(|entry| entry.1).sum()
}

/// A length as a count.
pub(crate) fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// `room` less what `mix` takes.
pub(crate) fn residual(problem: &Problem, room: &[i64], mix: &Mix) -> Vec<i64> {
    let mut rest = room.to_vec();
    for &(class, pods) in mix {
        for (rest, need) in rest.iter_mut().zip(&problem.classes[class].requests) {
            *rest = rest.saturating_sub(need.saturating_mul(pods));
        }
    }
    rest
}

/// Adds `pods` of `class` to `mix`.
pub(crate) fn add(mix: &mut Mix, class: usize, pods: i64) {
    match mix.binary_search_by_key(&class, |entry| entry.0) {
        Ok(position) => mix[position].1 += pods,
        Err(position) => mix.insert(position, (class, pods)),
    }
}
