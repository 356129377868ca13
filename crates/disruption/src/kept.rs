//! Why a node is kept, with the numbers behind it.

use std::fmt;

use model::{MicroUsdPerHour, NanoUsdPerHour, NodeName, NodePoolName, PodName, Timestamp};

use model::fleet::Reason;
use solver::SPOT_TYPES_MIN;

/// Why a node stays. Money is in nano-USD per hour.
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
    /// Nothing has to move from it: another rule takes it.
    Empty,
    /// The snapshot that is planned on does not have it.
    Unknown,
    /// It lacks a label that says what it is.
    NoLabel(&'static str),
    /// The cloud sells no type of that name.
    TypeNotFound(String),
    /// Where else a pod would run cannot be said.
    PodNotPlanned {
        /// The first such pod.
        pod: PodName,
        /// What it asks for that no plan honours; empty where it was not looked at.
        field: String,
    },
    /// No move was found that saves more than it costs.
    NoSaving {
        /// Its pods that would have to move.
        pods: usize,
        /// Those of them that fit on nodes that stay.
        seated: usize,
        /// Its price; `None` where it is not known.
        price: Option<NanoUsdPerHour>,
        /// What the cheapest node for the others costs, its launch included; `None` where there is
        /// none, or none is needed.
        replacement: Option<NanoUsdPerHour>,
        /// What the evictions cost.
        evictions: NanoUsdPerHour,
    },
    /// It is a spot node that a cheaper spot node could come in the place of.
    SpotForSpot {
        /// For how many types that is so, where they are too few; `None`: nobody asked for it.
        types: Option<usize>,
    },
    /// Pods of nodes that go will run on it.
    Takes {
        /// How many.
        pods: usize,
    },
    /// A move was found, and others of this pass evict as many pods as a PodDisruptionBudget allows.
    PodBudgetSpent {
        /// The budget, as `namespace/name`.
        budget: String,
        /// What it allows.
        allowed: usize,
        /// What the others evict.
        taken: usize,
    },
    /// A move was found, and saves too little for what it disrupts, as the pool's policy `Balanced`
    /// counts: at least half of what an average move would is asked for.
    Balanced {
        /// The pool.
        pool: NodePoolName,
        /// The score, thousandths; at least 500 is approved.
        score: i64,
    },
    /// The work of this pass ended before its turn came, or it could go and others save more for an eviction.
    Later {
        /// Its place among those whose turn comes next, from 1.
        place: usize,
    },
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
    /// It is drifted, and the first of its pool that is replaced has to show that the new ones join.
    Canary {
        /// The pool.
        pool: NodePoolName,
        /// A node as the pool says now that is not ready; `None`: it has not joined.
        node: Option<NodeName>,
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
            Self::Canary { .. } => "canary",
            Self::Validating { .. } => "validating",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::NoLabel(_) => "no_label",
            Self::TypeNotFound(_) => "type_not_found",
            Self::PodNotPlanned { .. } => "pod_not_planned",
            Self::NoSaving { .. } => "no_saving",
            Self::SpotForSpot { .. } => "spot_for_spot",
            Self::Takes { .. } => "takes",
            Self::PodBudgetSpent { .. } => "pod_budget_spent",
            Self::Balanced { .. } => "balanced",
            Self::Later { .. } => "later",
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
            | Self::Canary { .. }
            | Self::Validating { .. }
            | Self::Empty
            | Self::Unknown
            | Self::NoLabel(_)
            | Self::TypeNotFound(_)
            | Self::PodNotPlanned { .. }
            | Self::NoSaving { .. }
            | Self::SpotForSpot { .. }
            | Self::Takes { .. }
            | Self::PodBudgetSpent { .. }
            | Self::Balanced { .. }
            | Self::Later { .. } => false,
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
            Self::Canary { pool, node } => canary(f, pool, node.as_ref()),
            Self::Validating { reason, until: _ } => {
                write!(f, "it goes as {} if it stays so", reason.as_str())
            }
            Self::Empty => f.write_str("no pod would have to move; emptiness takes it"),
            Self::Unknown => f.write_str("it is not in the snapshot"),
            Self::NoLabel(key) => write!(f, "Node does not have label \"{key}\""),
            Self::TypeNotFound(name) => write!(f, "Instance Type \"{name}\" not found"),
            Self::PodNotPlanned { pod, field } if field.is_empty() => {
                write!(f, "where else its pod would run was not looked at (Pod={pod})")
            }
            Self::PodNotPlanned { pod, field } => {
                write!(f, "its pod asks for {field}, which is not planned yet (Pod={pod})")
            }
            Self::NoSaving { pods, seated, price, replacement, evictions } => {
                no_saving(f, (*pods, *seated), *price, *replacement, *evictions)
            }
            Self::SpotForSpot { types } => spot_for_spot(f, *types),
            Self::Takes { pods } => write!(f, "{pods} pods of nodes that go will run on it"),
            Self::PodBudgetSpent { budget, allowed, taken } => write!(
                f,
                "other moves evict {taken} pods of which a budget allows {allowed} \
                 (PodDisruptionBudget={budget})"
            ),
            Self::Balanced { pool, score } => write!(
                f,
                "a move scores {score} of the 500 thousandths that policy Balanced asks for \
                 (NodePool={pool})"
            ),
            Self::Later { place } => write!(f, "it is number {place} of those looked at next"),
        }
    }
}

fn canary(f: &mut fmt::Formatter<'_>, pool: &NodePoolName, node: Option<&NodeName>) -> fmt::Result {
    match node {
        Some(node) => {
            write!(f, "Node {node}, which is as its pool says now, is not ready (NodePool={pool})")
        }
        None => write!(f, "one drifted node is replaced before the others (NodePool={pool})"),
    }
}

/// As Karpenter says it.
fn spot_for_spot(f: &mut fmt::Formatter<'_>, types: Option<usize>) -> fmt::Result {
    match types {
        None => f.write_str(
            "SpotToSpotConsolidation is disabled, can't replace a spot node with a spot node",
        ),
        Some(types) => write!(
            f,
            "SpotToSpotConsolidation requires {SPOT_TYPES_MIN} cheaper instance type options than the \
             current candidate to consolidate, got {types}"
        ),
    }
}

fn no_saving(
    f: &mut fmt::Formatter<'_>,
    (pods, seated): (usize, usize),
    price: Option<NanoUsdPerHour>,
    replacement: Option<NanoUsdPerHour>,
    evictions: NanoUsdPerHour,
) -> fmt::Result {
    let usd = |rate: NanoUsdPerHour| MicroUsdPerHour::new(rate.get() / 1000);
    match (price, replacement) {
        (None, _) => write!(f, "{seated} of its {pods} pods fit elsewhere; its price is unknown")?,
        (Some(price), Some(other)) => write!(
            f,
            "{seated} of its {pods} pods fit elsewhere, and a node for the others costs {} with its \
             launch, this one {}",
            usd(other),
            usd(price)
        )?,
        (Some(price), None) if seated == pods => {
            write!(f, "its pods fit elsewhere; it costs {}", usd(price))?;
        }
        (Some(_), None) => {
            write!(
                f,
                "{seated} of its {pods} pods fit elsewhere, and no node that may be bought holds the others"
            )?;
        }
    }
    if evictions > NanoUsdPerHour::ZERO {
        write!(f, ", and {pods} evictions cost {}", usd(evictions))?;
    }
    Ok(())
}
