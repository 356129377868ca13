//! Metrics of voluntary disruption: what was decided, taken back, and became of every node.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::{Decided, Registrar};

/// A reason to disrupt nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Why {
    pub(crate) reason: &'static str,
}

/// A pool, and a reason to disrupt its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PoolWhy {
    pub(crate) nodepool: String,
    pub(crate) reason: &'static str,
}

/// What became of a node in a pass over all nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    pub(crate) answer: &'static str,
}

/// All of them.
#[derive(Clone, Debug)]
pub(crate) struct Voluntary {
    pub(crate) queue_failures: Family<Decided, Counter>,
    pub(crate) failed_validations: Family<Decided, Counter>,
    pub(crate) eligible_nodes: Family<Why, Gauge>,
    pub(crate) allowed_disruptions: Family<PoolWhy, Gauge>,
    pub(crate) consuming_budgets: Family<PoolWhy, Gauge>,
    pub(crate) answers: Family<Answered, Gauge>,
    pub(crate) moves_search: Histogram,
}

impl Voluntary {
    /// Registers them, once.
    pub(super) fn register(to: &mut Registrar<'_>) -> Self {
        Self {
            queue_failures: to.add(
                "karpenter_voluntary_disruption_queue_failures",
                "Decisions that were begun and taken back",
            ),
            failed_validations: to.add(
                "karpenter_voluntary_disruption_failed_validations",
                "Decisions that did not hold when they were looked at again",
            ),
            eligible_nodes: to.add(
                "karpenter_voluntary_disruption_eligible_nodes",
                "Nodes that nothing bars from being disrupted",
            ),
            allowed_disruptions: to.add(
                "karpenter_nodepools_allowed_disruptions",
                "Nodes that the pool's budgets allow to be disrupted at once",
            ),
            consuming_budgets: to.add(
                "karpenter_nodepools_nodes_consuming_budgets",
                "Nodes that take up the pool's budgets",
            ),
            answers: to.add(
                "stowage_disruption_nodes",
                "What became of each node in the last pass over all of them",
            ),
            moves_search: to.one(
                "stowage_consolidation_search_seconds",
                "From the store to checked moves with an answer for every node",
            ),
        }
    }
}
