//! Metrics: a struct that is registered once and passed in.
//!
//! Karpenter's names where it has the figure, so that dashboards go on working; our own begin with
//! `stowage_`. Labels come from closed enums, and from the names of pools, of which there are few.

mod voluntary;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub(crate) use voluntary::{Answered, PoolWhy, Voluntary, Why};

/// Content type of what [`render`] gives.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Karpenter's buckets of durations, in seconds.
const DURATIONS: [f64; 20] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
];

type Amount = Gauge<f64, AtomicU64>;

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Pool {
    pub(crate) nodepool: String,
}

/// Why a claim was made, and for which pool.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Created {
    pub(crate) reason: &'static str,
    pub(crate) nodepool: String,
    pub(crate) min_values_relaxed: &'static str,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Terminated {
    pub(crate) nodepool: String,
    pub(crate) capacity_type: String,
    pub(crate) zone: String,
}

/// Why a claim was ended of our own accord.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Disrupted {
    pub(crate) reason: &'static str,
    pub(crate) nodepool: String,
    pub(crate) capacity_type: String,
    pub(crate) consolidation_policy: &'static str,
    pub(crate) termination_mode: &'static str,
}

/// What was decided about nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Decided {
    pub(crate) decision: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) consolidation_type: &'static str,
}

/// Who asked the cloud for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Call {
    pub(crate) controller: &'static str,
    pub(crate) method: &'static str,
    pub(crate) provider: &'static str,
}

/// What the cloud answered wrongly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CallError {
    pub(crate) controller: &'static str,
    pub(crate) method: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) error: &'static str,
    pub(crate) nodepool: String,
}

/// Which part of the controller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Controller {
    pub(crate) controller: &'static str,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct KubeRequest {
    pub(crate) step: &'static str,
    pub(crate) outcome: &'static str,
}

/// What a message of the queue is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct MessageType {
    pub(crate) message_type: &'static str,
}

/// Which check of a machine fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Category {
    pub(crate) category: &'static str,
}

/// All metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) claims_created: Family<Created, Counter>,
    pub(crate) claims_terminated: Family<Terminated, Counter>,
    pub(crate) claims_disrupted: Family<Disrupted, Counter>,
    pub(crate) decisions: Family<Decided, Counter>,
    pub(crate) voluntary: Voluntary,
    pub(crate) nodes_created: Family<Pool, Counter>,
    pub(crate) nodes_terminated: Family<Pool, Counter>,
    pub(crate) cluster_nodes: Gauge,
    pub(crate) cluster_synced: Gauge,
    pub(crate) scheduling_duration: Family<Controller, Histogram>,
    pub(crate) queue_depth: Family<Controller, Gauge>,
    pub(crate) unschedulable_pods: Family<Controller, Gauge>,
    pub(crate) cloud_duration: Family<Call, Histogram>,
    pub(crate) cloud_errors: Family<CallError, Counter>,
    pub(crate) interruption: Interruption,
    pub(crate) leader: Gauge,
    pub(crate) foreign_lease: Gauge,
    pub(crate) event_to_launch: Histogram,
    pub(crate) plan_cost: Amount,
    pub(crate) plan_bound: Amount,
    pub(crate) plan_gap: Amount,
    pub(crate) existing_cost: Amount,
    pub(crate) plans_refused: Counter,
    pub(crate) kube_requests: Family<KubeRequest, Counter>,
    pub(crate) held_back: Gauge,
    pub(crate) unreadable: Gauge,
    pub(crate) records_written: Counter,
    records_lost: Family<LostRecord, Counter>,
}

/// Why a decision was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordLost {
    /// Too many waited to be written.
    Dropped,
    /// It could not be written.
    NotWritten,
}

/// A decision that was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LostRecord {
    reason: &'static str,
}

impl Metrics {
    /// Registers all metrics, once.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let build = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("stowage_build", "Version", Info::new(build.to_vec()));
        let mut to = Registrar { registry };
        Self {
            claims_created: to.add("karpenter_nodeclaims_created", "NodeClaims created"),
            claims_terminated: to.add("karpenter_nodeclaims_terminated", "NodeClaims gone"),
            claims_disrupted: to.add(
                "karpenter_nodeclaims_disrupted",
                "NodeClaims ended of the controller's own accord",
            ),
            decisions: to.add("karpenter_voluntary_disruption_decisions", "Decisions to end nodes"),
            voluntary: Voluntary::register(&mut to),
            nodes_created: to.add("karpenter_nodes_created", "Nodes registered"),
            nodes_terminated: to.add("karpenter_nodes_terminated", "Nodes gone"),
            cluster_nodes: to.add("karpenter_cluster_state_node_count", "Nodes known"),
            cluster_synced: to
                .add("karpenter_cluster_state_synced", "1 once all kinds were listed"),
            scheduling_duration: to.durations(
                "karpenter_scheduler_scheduling_duration_seconds",
                "From snapshot to checked plan",
            ),
            queue_depth: to.add("karpenter_scheduler_queue_depth", "Pods that wait for a plan"),
            unschedulable_pods: to.add(
                "karpenter_scheduler_unschedulable_pods_count",
                "Pods that the last plan left out",
            ),
            cloud_duration: to.durations(
                "karpenter_cloudprovider_duration_seconds",
                "Time of calls to the cloud",
            ),
            cloud_errors: to
                .add("karpenter_cloudprovider_errors", "Calls to the cloud that failed"),
            interruption: Interruption::register(&mut to),
            leader: to.add("stowage_leader", "1 while this process may write"),
            foreign_lease: to.add(
                "stowage_foreign_lease",
                "1 while a live Lease in another namespace stops all writes",
            ),
            event_to_launch: to.one(
                "stowage_event_to_launch_seconds",
                "From the first watch event of a pod to the launch for it handed to the cloud",
            ),
            plan_cost: to
                .add("stowage_plan_cost_usd_per_hour", "List prices of the plan's new nodes"),
            plan_bound: to.add(
                "stowage_plan_bound_usd_per_hour",
                "What any plan for the same pods costs at least, as proved by the checker",
            ),
            plan_gap: to
                .add("stowage_plan_gap_ratio", "(Cost - bound) / bound; 0 where both are 0"),
            existing_cost: to.add(
                "stowage_existing_cost_usd_per_hour",
                "Prices of the nodes that are there, as far as they are known",
            ),
            plans_refused: to.add("stowage_plans_refused", "Plans that the checker refused"),
            kube_requests: to.add("stowage_kube_requests", "Writes to the API server"),
            held_back: to.add(
                "stowage_gc_instances_held_back",
                "Instances without a claim that a guard keeps from being terminated",
            ),
            unreadable: to.add("stowage_unreadable_objects", "Objects that cannot be read"),
            records_written: to.add("stowage_records_written", "Decisions recorded"),
            records_lost: to.add("stowage_records_lost", "Decisions that were not recorded"),
        }
    }

    /// Counts decisions that were not recorded for this reason.
    pub(crate) fn lost_record(&self, why: RecordLost) -> Counter {
        let reason = match why {
            RecordLost::Dropped => "dropped",
            RecordLost::NotWritten => "not_written",
        };
        self.records_lost.get_or_create(&LostRecord { reason }).clone()
    }

    /// A call to the cloud took so long, and failed with `error`, if it did.
    pub(crate) fn cloud_call(
        &self,
        method: &'static str,
        took: Duration,
        error: Option<&'static str>,
    ) {
        let (controller, provider) = ("stowage", "aws");
        let call = Call { controller, method, provider };
        self.cloud_duration.get_or_create(&call).observe(took.as_secs_f64());
        if let Some(error) = error {
            let nodepool = String::new();
            let error = CallError { controller, method, provider, error, nodepool };
            self.cloud_errors.get_or_create(&error).inc();
        }
    }
}

/// What is heard of machines.
#[derive(Clone, Debug)]
pub(crate) struct Interruption {
    pub(crate) received: Family<MessageType, Counter>,
    pub(crate) deleted: Counter,
    pub(crate) wait: Histogram,
    pub(crate) unhealthy: Family<Category, Counter>,
}

impl Interruption {
    fn register(to: &mut Registrar<'_>) -> Self {
        Self {
            received: to.add(
                "karpenter_interruption_received_messages",
                "Messages that the queue of interruptions gave",
            ),
            deleted: to.add(
                "karpenter_interruption_deleted_messages",
                "Messages that were acted upon and deleted",
            ),
            wait: to.one(
                "karpenter_interruption_message_queue_duration_seconds",
                "From the sending of a message until it is read",
            ),
            unhealthy: to.add(
                "karpenter_interruption_instance_status_unhealthy",
                "Claims ended as a check of their machines fails",
            ),
        }
    }
}

struct Registrar<'a> {
    registry: &'a mut Registry,
}

impl Registrar<'_> {
    fn add<M>(&mut self, name: &str, help: &str) -> M
    where
        M: prometheus_client::registry::Metric + Clone + Default,
    {
        let metric = M::default();
        self.registry.register(name, help, metric.clone());
        metric
    }

    fn one(&mut self, name: &str, help: &str) -> Histogram {
        let metric = Histogram::new(DURATIONS);
        self.registry.register(name, help, metric.clone());
        metric
    }

    fn durations<L>(&mut self, name: &str, help: &str) -> Family<L, Histogram>
    where
        L: EncodeLabelSet + Clone + std::fmt::Debug + Eq + std::hash::Hash + Send + Sync + 'static,
    {
        let metric =
            Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> Histogram);
        self.registry.register(name, help, metric.clone());
        metric
    }
}

/// What a scrape is answered.
pub(crate) fn render(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("writing to a string does not fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_carry_the_names_that_dashboards_ask_for() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.cloud_call("Create", Duration::from_millis(7), Some("capacity"));
        let created = Created {
            reason: "provisioned",
            nodepool: "general".to_owned(),
            min_values_relaxed: "false",
        };
        metrics.claims_created.get_or_create(&created).inc();
        let text = render(&registry);
        for line in [
            r#"karpenter_nodeclaims_created_total{reason="provisioned",nodepool="general",min_values_relaxed="false"} 1"#,
            r#"karpenter_cloudprovider_duration_seconds_count{controller="stowage",method="Create",provider="aws"} 1"#,
            r#"error="capacity""#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
