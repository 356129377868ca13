//! `NodePool`: what may be opened (`karpenter.sh/v1`).

use serde_json::json;

use super::schema::Schema;
use super::shared::{
    DURATION_OR_NEVER, Whose, conditions, expire_after, kind, labels, node_class_ref, requirements,
    resources, taints, termination_grace_period,
};

/// The schema of the kind.
pub(super) fn schema() -> Schema {
    kind("A pool of nodes that may be opened for pods.", spec(), status())
}

fn spec() -> Schema {
    Schema::object()
        .field("disruption", "When its nodes may go.", disruption())
        .field("limits", "Most capacity that all its nodes together may have.", resources())
        .field(
            "replicas",
            "A fixed number of nodes (alpha); absent for pools that follow the pods.",
            Schema::int64().range(0, None),
        )
        .required("template", "What its nodes are like.", template())
        .field(
            "weight",
            "Pools of a greater weight open nodes first.",
            Schema::int32().range(1, Some(100)),
        )
        .rules(&[
            (
                "replicas cannot be added or removed later",
                "has(self.replicas) == has(oldSelf.replicas)",
            ),
            (
                "with replicas, nodes is the only limit there can be",
                "!has(self.replicas) || !has(self.limits) || self.limits.size() == 0 || \
                 (self.limits.size() == 1 && 'nodes' in self.limits)",
            ),
            ("with replicas, there can be no weight", "!has(self.replicas) || !has(self.weight)"),
        ])
}

fn template() -> Schema {
    let metadata = Schema::object()
        .field("annotations", "Annotations of its nodes.", Schema::map(Schema::string()))
        .field("labels", "Labels of its nodes.", labels());
    let spec = Schema::object()
        .field("expireAfter", "How old a node may get.", expire_after())
        .required("nodeClassRef", "How machines are made.", node_class_ref(true))
        .required("requirements", "What its nodes must be.", requirements(Whose::Pool))
        .field("startupTaints", "Taints that something removes once a node has started.", taints())
        .field("taints", "Taints that stay.", taints())
        .field(
            "terminationGracePeriod",
            "How long pods may hold up a node's end; absent: for ever.",
            termination_grace_period(),
        );
    Schema::object().field("metadata", "What its nodes carry.", metadata).required(
        "spec",
        "What its nodes are.",
        spec,
    )
}

fn disruption() -> Schema {
    let policies = ["WhenEmpty", "WhenEmptyOrUnderutilized", "Balanced"];
    Schema::object()
        .field(
            "budgets",
            "How many nodes may go at once; the strictest that is in force counts.",
            Schema::list(budget()).items(0, Some(50)).default(json!([{ "nodes": "10%" }])).rule(
                "schedule and duration go together",
                "self.all(b, has(b.schedule) == has(b.duration))",
            ),
        )
        .field(
            "consolidateAfter",
            "How long a node must have been quiet.",
            Schema::string().pattern(DURATION_OR_NEVER).default(json!("0s")),
        )
        .field(
            "consolidationPolicy",
            "Which nodes may be replaced or removed to save money.",
            Schema::one_of(&policies).default(json!("WhenEmptyOrUnderutilized")),
        )
        .default(json!({ "consolidateAfter": "0s" }))
}

fn budget() -> Schema {
    let reasons = ["Underutilized", "Empty", "Drifted", "Unhealthy"];
    let schedule = r"^(@(annually|yearly|monthly|weekly|daily|midnight|hourly))|((.+)\s(.+)\s(.+)\s(.+)\s(.+))$";
    Schema::object()
        .field(
            "duration",
            "How long it is in force, in hours and minutes.",
            Schema::string().pattern("^((([0-9]+(h|m))|([0-9]+h[0-9]+m))(0s)?)$"),
        )
        .required(
            "nodes",
            "A count or a share of the pool's nodes.",
            Schema::string().pattern("^((100|[0-9]{1,2})%|[0-9]+)$").default(json!("10%")),
        )
        .field(
            "reasons",
            "Which disruptions it counts; absent: all.",
            Schema::list(Schema::one_of(&reasons)).items(0, Some(50)),
        )
        .field(
            "schedule",
            "When it comes into force, in the five fields of cron, UTC.",
            Schema::string().pattern(schedule),
        )
}

fn status() -> Schema {
    Schema::object()
        .field("conditions", "Whether it may open nodes, and why not.", conditions())
        .field(
            "nodeClassObservedGeneration",
            "The generation of its class that the health of registrations was last told of.",
            Schema::int64(),
        )
        .field("nodes", "How many nodes it has.", Schema::int64().default(json!(0)))
        .field("resources", "Capacity of its nodes together.", resources())
}
