//! Topology spread: how evenly pods of a selection are spread over the values of a label.
//!
//! A *domain* is a value of [`Spread::key`]. What a spread says depends on who carries it:
//!
//! 1. A node *counts* where the carrier's node affinity ([`crate::PodShape::affinity`]) admits its labels (unless
//!    [`Spread::node_affinity`] ignores them) and the carrier tolerates its taints (if
//!    [`Spread::node_taints`] honours them; a node that takes no pods does not count then).
//! 2. A domain is *eligible* where a node has it that counts, be it there already or bought by the plan,
//!    or an offering has it that the carrier could still open: its price is known, the carrier
//!    tolerates its pool's taints, an alternative admits its labels, and after the plan one more node
//!    breaks no limit of the pool and draws on no used-up supply. So a zone where nothing can be
//!    launched keeps nobody from the others.
//! 3. The *least* of a spread is the fewest pods of the selection on counting nodes of any eligible
//!    domain, bound and planned; 0 where fewer domains than [`Spread::min_domains`] are eligible, and
//!    over `kubernetes.io/hostname`, as there may always be another node.
//! 4. The *load* of a domain is the pods of the selection on its counting nodes that were bound
//!    before, and those planned there that carry a spread over the same key and selection with no
//!    greater skew. Planned pods that carry a greater one, or none, can come after those. Over
//!    hostnames a carrier counts in any case, be it not of the selection.
//! 5. A plan may put a carrier into a domain where, after the plan, the load is at most the least and
//!    [`Spread::max_skew`] together. Then the carriers can be bound one after another as kube-scheduler
//!    asks: always in the domain of least load first.
//! 6. A pod that is left out may still go to a domain if the plan with it there would be such a plan,
//!    the leasts being what they are without it: the pod's own spreads hold, and so do those of
//!    planned carriers there whose load it adds to.

use crate::{LabelKey, SelectionIndex};

/// Whether what a pod asks of nodes decides which of them count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeInclusion {
    /// Only nodes that the pod could be on.
    Honor,
    /// All nodes.
    Ignore,
}

/// A required topology spread constraint (`DoNotSchedule`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spread {
    /// The label whose values are the domains. A pod that carries the spread goes to nodes that have
    /// it: its alternatives say so.
    pub key: LabelKey,
    /// The pods that are counted.
    pub selection: SelectionIndex,
    /// By how many pods a domain may exceed the least, at least 1.
    pub max_skew: i64,
    /// How many domains must be eligible for the least to be other than 0, at least 1.
    pub min_domains: i64,
    /// `nodeAffinityPolicy`.
    pub node_affinity: NodeInclusion,
    /// `nodeTaintsPolicy`.
    pub node_taints: NodeInclusion,
}
