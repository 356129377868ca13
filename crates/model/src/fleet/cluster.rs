//! What is decided on: nodes with their pods, and pools with their settings.

use super::{Budget, BudgetError};
use crate::{MicroUsdPerHour, NodeClaimName, NodeName, NodePoolName, PodIndex, PodName, Timestamp};

/// Why a node is disrupted; what budgets tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing is on it that would have to move.
    Empty,
    /// It differs from what its pool or class say now.
    Drifted,
    /// Its pods fit elsewhere for less.
    Underutilized,
    /// It is broken.
    Unhealthy,
}

impl Reason {
    /// All of them, in the order of their words.
    pub const ALL: [Self; 4] = [Self::Drifted, Self::Empty, Self::Underutilized, Self::Unhealthy];

    /// The word in a NodePool's budgets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Drifted => "Drifted",
            Self::Underutilized => "Underutilized",
            Self::Unhealthy => "Unhealthy",
        }
    }

    /// The reason of that word, exactly spelt.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// All that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Every node that has a claim or a Node of a pool.
    pub nodes: Vec<Node>,
    /// Pools, by name.
    pub pools: Vec<Pool>,
}

impl Cluster {
    /// The pool of that name.
    pub fn pool(&self, name: &NodePoolName) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == *name)
    }

    /// The nodes of a pool.
    pub fn nodes_of<'a>(&'a self, pool: &'a NodePoolName) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.pool.as_ref() == Some(pool))
    }
}

/// When nodes with pods may be consolidated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Never: empty nodes only.
    WhenEmpty,
    /// When their pods fit elsewhere for less.
    #[default]
    WhenEmptyOrUnderutilized,
    /// When what is saved is worth the moves.
    Balanced,
}

/// A pool's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: NodePoolName,
    /// Whether it has a fixed number of nodes.
    pub is_static: bool,
    /// Seconds that a node must have been quiet; `None`: `Never`.
    pub consolidate_after: Option<i64>,
    /// What may be consolidated.
    pub policy: Policy,
    /// How many nodes may go at once; all of them hold. One that cannot be read allows none.
    pub budgets: Vec<Result<Budget, BudgetError>>,
}

/// A node: a claim, a Node, or both.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The claim; `None`: no claim of a pool stands behind the Node.
    pub claim: Option<NodeClaimName>,
    /// The Node; `None`: it has not joined.
    pub name: Option<NodeName>,
    /// The pool by the Node's label, or by the claim's where there is no Node.
    pub pool: Option<NodePoolName>,
    /// Whether the Node carries `karpenter.sh/initialized=true`.
    pub initialized: bool,
    /// Whether the Node's condition `Ready` holds.
    pub ready: bool,
    /// Whether claim or Node are being deleted, or its end was decided a moment ago.
    pub deleting: bool,
    /// Whether the claim's condition `InstanceTerminating` holds.
    pub terminating: bool,
    /// Whether a pod that waits is planned on it or nominated to it.
    pub nominated: bool,
    /// Whether the Node's annotation `karpenter.sh/do-not-disrupt` is exactly `true`.
    pub do_not_disrupt: bool,
    /// When a pod last came or went (`status.lastPodEventTime`), or else when it was initialized.
    pub quiet_since: Option<Timestamp>,
    /// When its claim's `expireAfter` is over; `None`: never, or it cannot be read.
    pub expires: Option<Timestamp>,
    /// Its price; `None` where it is not known.
    pub price: Option<MicroUsdPerHour>,
    /// All pods bound to it.
    pub pods: Vec<Pod>,
}

/// How long `karpenter.sh/do-not-disrupt` protects a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// Not at all.
    #[default]
    None,
    /// Until it ends.
    Always,
    /// Until this moment.
    Until(Timestamp),
}

impl Protection {
    /// Whether it protects at `now`.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::None => false,
            Self::Always => true,
            Self::Until(until) => now < until,
        }
    }
}

/// What PodDisruptionBudgets say of a pod's eviction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PodBudget {
    /// None covers it, or the one that does allows it.
    #[default]
    Allows,
    /// This one, as `namespace/name`, covers it and allows so many evictions at the moment, at least
    /// one.
    Covers {
        /// The budget.
        budget: String,
        /// How many.
        allowed: u32,
    },
    /// This one, as `namespace/name`, allows none at the moment.
    Forbids(String),
    /// So many cover it, which the Eviction API refuses.
    Several(usize),
}

/// Whether it can be said where else a pod would run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// It was not looked at: its node goes only when it is empty.
    #[default]
    Unknown,
    /// It is this one of the snapshot's pods.
    Pod(PodIndex),
    /// It asks for something, by the field's name, that no plan honours.
    NotHonoured(String),
}

/// A pod on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `namespace/name`.
    pub name: PodName,
    /// Neither over nor ending.
    pub active: bool,
    /// Would have to run elsewhere: active, or ending and of a StatefulSet; and neither of a
    /// DaemonSet nor of the Node itself.
    pub reschedulable: bool,
    /// Whether it would be evicted at all: it is no mirror pod and does not tolerate
    /// `karpenter.sh/disrupted:NoSchedule`.
    pub evictable: bool,
    /// Its own protection.
    pub protection: Protection,
    /// What budgets say.
    pub budget: PodBudget,
    /// Its deletion cost, from its annotation; 0 where there is none that can be read.
    pub deletion_cost: i32,
    /// Its priority; 0 where it has none.
    pub priority: i32,
    /// Whether it can be said where else it would run.
    pub place: Place,
}

impl Pod {
    /// Whether moving it costs something: Karpenter's eviction cost, 1 + deletion cost / 2^27 +
    /// priority / 2^25, is above zero. Pods of very low priority or cost do not keep a node.
    pub fn counts(&self) -> bool {
        let cost = (1_i64 << 27) + i64::from(self.deletion_cost) + 4 * i64::from(self.priority);
        self.reschedulable && cost > 0
    }
}
