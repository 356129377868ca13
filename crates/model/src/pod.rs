//! Pods and DaemonSets, reduced to what placement depends on.

use crate::{
    DaemonSetName, LabelKey, PodName, Requirement, Requirements, Resources, RivalsIndex,
    SelectionIndex, ShapeIndex, SoftRuleIndex, SpreadIndex, TermIndex, Toleration,
};

/// One pod that wants a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pod {
    /// `namespace/name`.
    pub name: PodName,
    /// What it asks for.
    pub shape: ShapeIndex,
}

/// All that placement may look at in a pod. Pods of equal shape are interchangeable.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodShape {
    /// Effective requests, `pods: 1` included.
    pub requests: Resources,
    /// Node selector, required node affinity and where the pod's volumes can be used from: at least one
    /// of these must admit the node. Never
    /// empty: a pod without any has one empty entry; a pod whose affinity has only empty terms,
    /// which match nothing, has one entry that admits nothing (hostname `In []`).
    pub alternatives: Vec<Requirements>,
    /// Tolerations, sorted and without repeats.
    pub tolerations: Vec<Toleration>,
    /// Priority; the higher goes first where not all can be placed.
    pub priority: i32,
    /// What it would rather have of its node, sorted; what is there twice counts twice.
    pub preferences: Vec<Preference>,
    /// Groups of which it is one, ascending and without repeats: no node takes two pods of one.
    pub rivals: Vec<RivalsIndex>,
    /// What else it asks for with regard to other pods.
    pub rules: PodRules,
}

/// What a pod would rather have of its node, and goes without where that is dearer than it is worth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preference {
    /// How much, 1 to 100.
    pub weight: i64,
    /// What the labels of the node are to be.
    pub labels: Requirements,
}

/// The weight at which every pod would rather not be on a node with a taint of effect `PreferNoSchedule`
/// that it does not tolerate, as Karpenter gives up on that last of all.
pub const TAINT_WEIGHT: i64 = 100;

/// Rules between pods, and what makes them count a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodRules {
    /// Selections that the pod is in, ascending and without repeats.
    pub matches: Vec<SelectionIndex>,
    /// Spreads that it carries, ascending and without repeats.
    pub spreads: Vec<SpreadIndex>,
    /// Terms whose pods it goes with, ascending and without repeats; all of one selection.
    pub together: Vec<TermIndex>,
    /// Terms whose pods it keeps away from, ascending and without repeats. Those that only pods match that
    /// carry them may be missing: they are rivals or spreads.
    pub apart: Vec<TermIndex>,
    /// Soft rules that it carries, ascending; what is there twice counts twice.
    pub soft: Vec<SoftRuleIndex>,
    /// Node selector and required node affinity alone, of which spreads say which nodes count; empty
    /// where that is [`PodShape::alternatives`].
    pub affinity: Vec<Requirements>,
}

impl PodShape {
    /// What its node selector and required node affinity admit, wherever its volumes are.
    pub fn affinity(&self) -> &[Requirements] {
        if self.rules.affinity.is_empty() { &self.alternatives } else { &self.rules.affinity }
    }

    /// Has nodes of these pods carry `labels` as well; which nodes their spreads count is as it was.
    pub fn require(&mut self, labels: &[(LabelKey, Requirement)]) {
        if labels.is_empty() {
            return;
        }
        if self.rules.affinity.is_empty() {
            self.rules.affinity.clone_from(&self.alternatives);
        }
        for alternative in &mut self.alternatives {
            for (key, requirement) in labels {
                alternative.require(key.clone(), requirement.clone());
            }
        }
    }
}

/// A DaemonSet: one pod on each node that it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSet {
    /// `namespace/name`.
    pub name: DaemonSetName,
    /// What its pod asks for; priority, rivals, rules and preferences are not used.
    pub shape: PodShape,
}
