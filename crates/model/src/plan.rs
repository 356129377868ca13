//! A plan: which nodes to buy, which pods go where, and why the others go nowhere.

use crate::{NodeIndex, OfferingIndex, PodIndex, Reason};

/// What to do about a snapshot's pods. Every pod is in exactly one place.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes to buy, in the order of their names.
    pub new_nodes: Vec<NewNode>,
    /// Pods that go to nodes that are already there, in node order.
    pub existing: Vec<NodeFill>,
    /// Pods that go nowhere, grouped by like reasons.
    pub unschedulable: Vec<Unschedulable>,
}

/// A node to buy. It has at least one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// What to buy.
    pub offering: OfferingIndex,
    /// The pods it is bought for, ascending.
    pub pods: Vec<PodIndex>,
}

/// Pods for an existing node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFill {
    /// The node.
    pub node: NodeIndex,
    /// The pods, ascending; at least one.
    pub pods: Vec<PodIndex>,
}

/// Pods that cannot be placed, all of one shape and for the same reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unschedulable {
    /// The pods, ascending.
    pub pods: Vec<PodIndex>,
    /// Why, pool by pool; see [`Reason`]. At least one.
    pub reasons: Vec<Reason>,
}
