//! Why a node is kept, with the numbers behind it.

use std::fmt;

use model::{NodePoolName, PodName, Timestamp};

use crate::cluster::Reason;

/// Why a node stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// No claim stands behind it: it is not ours.
    NotManaged,
    /// Its claim has no Node yet.
    NoNode,
    /// It is going already.
    Deleting,
    /// Pods may not run on it yet.
    NotInitialized,
    /// A pod that waits will run on it.
    Nominated,
    /// Its own annotation says so.
    DoNotDisrupt,
    /// It carries no label of a pool.
    NoPool,
    /// Its pool is not there.
    PoolNotFound(NodePoolName),
    /// A pod's annotation says so; until then, or for good.
    PodDoNotDisrupt {
        /// The first such pod.
        pod: PodName,
        /// `None`: for as long as the pod is there.
        until: Option<Timestamp>,
    },
    /// A PodDisruptionBudget allows no eviction.
    PodBudget {
        /// The first such pod.
        pod: PodName,
        /// The budget, as `namespace/name`.
        budget: String,
    },
    /// More budgets cover a pod than the Eviction API takes.
    SeveralPodBudgets {
        /// The first such pod.
        pod: PodName,
        /// How many.
        budgets: usize,
    },
    /// Its pool has a fixed number of nodes.
    StaticPool,
    /// Its pool consolidates never.
    ConsolidationDisabled,
    /// Pods came or went too lately.
    NotQuiet {
        /// For how long they must not, in seconds.
        after: i64,
        /// When that is over; `None`: it is not known since when.
        until: Option<Timestamp>,
    },
    /// Pods are on it that would have to move.
    NotEmpty {
        /// How many.
        pods: usize,
    },
    /// The pool's budgets are used up.
    Budget {
        /// For this reason.
        reason: Reason,
        /// What they allow, of `total` nodes.
        allowed: usize,
        /// Nodes of the pool that count.
        total: usize,
        /// Nodes that were going or not ready before.
        consuming: usize,
        /// Nodes that go before this one.
        taken: usize,
    },
    /// It goes if it is as it is for a while longer.
    Validating {
        /// By this reason.
        reason: Reason,
        /// It goes then.
        until: Timestamp,
    },
}

impl Kept {
    /// A word from a closed list, for metrics and records.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotManaged => "not_managed",
            Self::NoNode => "no_node",
            Self::Deleting => "deleting",
            Self::NotInitialized => "not_initialized",
            Self::Nominated => "nominated",
            Self::DoNotDisrupt => "do_not_disrupt",
            Self::NoPool => "no_pool",
            Self::PoolNotFound(_) => "pool_not_found",
            Self::PodDoNotDisrupt { .. } => "pod_do_not_disrupt",
            Self::PodBudget { .. } => "pod_budget",
            Self::SeveralPodBudgets { .. } => "several_pod_budgets",
            Self::StaticPool => "static_pool",
            Self::ConsolidationDisabled => "consolidation_disabled",
            Self::NotQuiet { .. } => "not_quiet",
            Self::NotEmpty { .. } => "not_empty",
            Self::Budget { .. } => "budget",
            Self::Validating { .. } => "validating",
        }
    }

    /// Whether an event `DisruptionBlocked` says so: it is a bar to every rule, and somebody may
    /// want to know (disruption.md section 2 of Karpenter's model).
    pub const fn is_event(&self) -> bool {
        match self {
            Self::NoNode
            | Self::Deleting
            | Self::NotInitialized
            | Self::Nominated
            | Self::DoNotDisrupt
            | Self::NoPool
            | Self::PoolNotFound(_)
            | Self::PodDoNotDisrupt { .. }
            | Self::PodBudget { .. }
            | Self::SeveralPodBudgets { .. } => true,
            Self::NotManaged
            | Self::StaticPool
            | Self::ConsolidationDisabled
            | Self::NotQuiet { .. }
            | Self::NotEmpty { .. }
            | Self::Budget { .. }
            | Self::Validating { .. } => false,
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotManaged => f.write_str("node isn't managed by karpenter"),
            Self::NoNode => f.write_str("nodeclaim does not have an associated node"),
            Self::Deleting => f.write_str("node is deleting or marked for deletion"),
            Self::NotInitialized => f.write_str("node isn't initialized"),
            Self::Nominated => f.write_str("node is nominated for a pending pod"),
            Self::DoNotDisrupt => f.write_str(
                "disruption is blocked through the \"karpenter.sh/do-not-disrupt\" annotation",
            ),
            Self::NoPool => {
                f.write_str("node doesn't have required label \"karpenter.sh/nodepool\"")
            }
            Self::PoolNotFound(pool) => write!(f, "NodePool not found (NodePool={pool})"),
            Self::PodDoNotDisrupt { pod, until: _ } => {
                write!(f, "pod has \"karpenter.sh/do-not-disrupt\" annotation (Pod={pod})")
            }
            Self::PodBudget { pod, budget } => {
                write!(f, "pdb prevents pod evictions (PodDisruptionBudget={budget}, Pod={pod})")
            }
            Self::SeveralPodBudgets { pod, budgets } => write!(
                f,
                "eviction does not support multiple PDBs (Pod={pod}, PodDisruptionBudgets={budgets})"
            ),
            Self::StaticPool => f.write_str("its NodePool has a fixed number of nodes"),
            Self::ConsolidationDisabled => f.write_str("its NodePool has consolidation disabled"),
            Self::NotQuiet { after, until: _ } => {
                write!(f, "pods came or went within the last {after} s")
            }
            Self::NotEmpty { pods } => write!(f, "{pods} pods would have to move"),
            Self::Budget { reason, allowed, total, consuming, taken } => write!(
                f,
                "the budget for {} allows {allowed} of {total} nodes, {consuming} were going or not \
                 ready and {taken} go first",
                reason.as_str()
            ),
            Self::Validating { reason, until: _ } => {
                write!(f, "it goes as {} if it stays so", reason.as_str())
            }
        }
    }
}
