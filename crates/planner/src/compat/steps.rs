//! What a pod gives up, one after another.
//!
//! Karpenter's order: preferred terms of affinity to pods, of anti-affinity, of node affinity, each from the heaviest
//! to the lightest, spreads of `ScheduleAnyway`, and at last it goes where taints of effect `PreferNoSchedule` ask it
//! not to. Required terms of node affinity, of which Karpenter gives up the first before all others, are
//! alternatives here: none of them has to be given up for another.

use std::cmp::Reverse;

use model::{PodShape, Snapshot, SoftAsk, SoftRuleIndex, is_disliked};

/// Something that a pod prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// A soft rule between pods.
    Soft(SoftRuleIndex),
    /// A preference for labels, by its place in [`PodShape::preferences`].
    Labels(usize),
    /// To be on no node of a pool with a taint that asks it to stay away.
    Taints,
}

/// What pods of `shape` give up, in this order.
pub(super) fn steps(snapshot: &Snapshot, shape: &PodShape) -> Vec<Step> {
    let soft = |is_wanted: fn(&SoftAsk) -> bool| {
        let rules = shape.rules.soft.iter().copied();
        let rules = rules.filter(move |rule| is_wanted(&snapshot.soft_rule(*rule).asks));
        let mut rules: Vec<SoftRuleIndex> = rules.collect();
        rules.sort_by_key(|rule| (Reverse(snapshot.soft_rule(*rule).weight), *rule));
        rules.into_iter().map(Step::Soft)
    };
    let mut labels: Vec<usize> = (0..shape.preferences.len()).collect();
    labels.sort_by_key(|place| (Reverse(shape.preferences[*place].weight), *place));
    let dislikes = snapshot.pools.iter().any(|pool| is_disliked(&pool.taints, &shape.tolerations));
    soft(|asks| matches!(asks, SoftAsk::Together))
        .chain(soft(|asks| matches!(asks, SoftAsk::Apart)))
        .chain(labels.into_iter().map(Step::Labels))
        .chain(soft(|asks| matches!(asks, SoftAsk::Spread { .. })))
        .chain(dislikes.then_some(Step::Taints))
        .collect()
}
