//! Nodes that already exist or were asked for.

use crate::{
    CapacityType, Labels, MicroUsdPerHour, NodeName, NodePoolName, Resources, RivalsIndex,
    SelectionIndex, Taint, TermIndex, well_known,
};

/// Whether a node takes pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// Takes pods.
    Ready,
    /// Was asked for and is expected; takes pods in the plan.
    InFlight,
    /// Is going away or is cordoned; takes none, and counts against limits while it is there.
    Unschedulable,
}

/// An existing node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// The pool that owns it; `None` for nodes of other provisioners.
    pub pool: Option<NodePoolName>,
    /// Whether it takes pods.
    pub state: NodeState,
    /// Its labels, hostname included.
    pub labels: Labels,
    /// Its taints, without the ephemeral ones of start-up.
    pub taints: Vec<Taint>,
    /// What pods may ask for in total.
    pub allocatable: Resources,
    /// Requests of the pods bound to it or promised to it, `pods` counting them.
    pub bound: Resources,
    /// The part of `bound` that DaemonSet pods ask for.
    pub bound_daemons: Resources,
    /// Folded: `allocatable` less `bound`, less, resource by resource, what expected DaemonSet pods
    /// ask for beyond `bound_daemons` (never less than nothing). Expected are those that tolerate
    /// the node's taints and of which an alternative admits its labels; a node of a pool counts as
    /// carrying `karpenter.sh/registered=true` and `karpenter.sh/initialized=true`, as an offering
    /// does. Nothing is cut at zero. The checker recomputes it.
    pub room: Resources,
    /// Groups that have a pod here already, bound or promised, or one that their members may not
    /// share a node with; ascending. No further member goes here.
    pub rivals: Vec<RivalsIndex>,
    /// How many pods of each selection are here, bound or promised and not going away; ascending by
    /// selection, counts at least 1.
    pub matched: Vec<(SelectionIndex, i64)>,
    /// How many pods here carry each term apart, bound or promised; ascending by term, counts at least 1.
    pub apart: Vec<(TermIndex, i64)>,
    /// Its price; `None` where type, zone or price are unknown.
    pub price: Option<MicroUsdPerHour>,
}

impl Node {
    /// Whether its labels say that it is a spot node.
    pub fn is_spot(&self) -> bool {
        let capacity_type = self.labels.get(well_known::CAPACITY_TYPE);
        capacity_type.is_some_and(|value| value.as_str() == CapacityType::Spot.as_str())
    }
}
