//! Which pods are planned, which are bound, and which run on every node: from objects to shapes.
//!
//! Input: [`Objects`] and a [`PodSelection`]. Output: a [`PodSet`]; what is left out or not
//! honoured is in its findings.

use std::collections::BTreeMap;

use model::{DaemonSet, Finding, NodeName, PodName, PodShape, Resources};

use crate::{Objects, PodSelection};

/// The pods of a set of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodSet {
    /// Distinct shapes of the pods to plan, in the order first met.
    pub shapes: Vec<PodShape>,
    /// Pods to plan, in input order, with the index of their shape; names are unique.
    pub pods: Vec<(PodName, u32)>,
    /// `DaemonSets` by name.
    pub daemon_sets: Vec<DaemonSet>,
    /// What is already taken, by node, nodes that are not in the input included; empty for
    /// [`PodSelection::All`].
    pub bound: BTreeMap<NodeName, Bound>,
    /// What was left out, not honoured or worth knowing.
    pub findings: Vec<Finding>,
}

/// What the pods of one node ask for, `pods` counting them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// All of them, those that room is promised to included.
    pub all: Resources,
    /// Those of `DaemonSets`.
    pub daemons: Resources,
}

/// Decides what becomes of every pod and workload.
pub(crate) fn collect(objects: &Objects, selection: PodSelection) -> PodSet {
    let _ = (objects, selection);
    PodSet::default()
}
