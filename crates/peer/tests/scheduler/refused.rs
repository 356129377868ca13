//! Plans that the checker refuses: what kube-scheduler makes of them.
//!
//! The first three are what Karpenter's plans are refused for (`simulations/differences/README.md`), made as small as
//! shows it; the last is a plan of ours that forgets a rule.

use model::{NewNode, OfferingIndex, Plan, PodIndex, Snapshot};
use peer::beside;
use peer::compare;
use peer::differential::NODES_LEAST;
use peer::kinds::Kind;
use peer::sabotage::Sabotage;
use serde_json::{Value, json};

use super::scene::Scene;
use super::stage::Stage;

const ZONE: &str = model::well_known::ZONE;

/// A cluster with a plan that buys an m6i.large in each of the zones, for two pods each.
struct Case {
    /// What is wrong with the plan.
    name: &'static str,
    objects: Vec<Value>,
    zones: &'static [&'static str],
    /// How the checker names it.
    violation: &'static str,
    /// Pods that stay without a node, and what the scheduler says of them.
    pending: (usize, &'static str),
}

/// A class and a pool of m6i.large, of which a node takes two of the pods of [`pods`].
fn pool(limits: &Value) -> Vec<Value> {
    let mut pool = json!({
        "apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "general"},
        "spec": {"template": {"spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
            "requirements": [
                {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
                {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["m6i.large"]},
                {"key": ZONE, "operator": "In", "values": ["us-east-1a", "us-east-1b"]},
            ],
        }}},
    });
    if !limits.is_null() {
        pool["spec"]["limits"] = limits.clone();
    }
    let terms = json!([{"tags": {"cluster": "test"}}]);
    let class = json!({
        "apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "default"},
        "spec": {
            "role": "nodes", "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "subnetSelectorTerms": terms, "securityGroupSelectorTerms": terms,
        },
    });
    vec![class, pool]
}

/// So many pods of one service, whose specs have `rules` too.
fn pods(count: usize, rules: &Value) -> Vec<Value> {
    let pod = |number: usize| {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("web-{number}"), "namespace": "default", "labels": {"app": "web"},
            },
            "spec": {"containers": [{
                "name": "main", "image": "main",
                "resources": {"requests": {"cpu": "900m", "memory": "1Gi"}},
            }]},
        });
        let spec = pod["spec"].as_object_mut().expect("it is an object");
        spec.extend(rules.as_object().cloned().unwrap_or_default());
        pod
    };
    (0..count).map(pod).collect()
}

/// A node in zone b without room.
fn full() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "full", "labels": {
            ZONE: "us-east-1b", "kubernetes.io/hostname": "full", "karpenter.sh/nodepool": "general",
            "karpenter.sh/registered": "true", "karpenter.sh/initialized": "true",
            "node.kubernetes.io/instance-type": "m6i.large", "karpenter.sh/capacity-type": "on-demand",
        }},
        "status": {
            "capacity": {"cpu": "2", "memory": "8Gi", "pods": "29"},
            "allocatable": {"cpu": "100m", "memory": "1Gi", "pods": "29"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn cases() -> Vec<Case> {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    let own = json!({"matchLabels": {"app": "web"}});
    let together = json!({"affinity": {"podAffinity": {REQUIRED: [{"topologyKey": ZONE, "labelSelector": own}]}}});
    let in_zone = |zone: &str| json!({"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]});
    let terms = json!({"nodeSelectorTerms": [in_zone("us-east-1a"), in_zone("us-east-1b")]});
    let spread = json!({
        "affinity": {"nodeAffinity": {REQUIRED: terms}},
        "topologySpreadConstraints": [{
            "maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": own,
        }],
    });
    vec![
        Case {
            name: "together",
            objects: [pool(&Value::Null), pods(4, &together)].concat(),
            zones: &["us-east-1a", "us-east-1b"],
            violation: "Alone",
            pending: (2, "didn't match pod affinity rules"),
        },
        Case {
            name: "spread",
            objects: [pool(&Value::Null), pods(4, &spread), vec![full()]].concat(),
            zones: &["us-east-1a", "us-east-1a"],
            violation: "Spread",
            pending: (3, "didn't match pod topology spread constraints"),
        },
        Case {
            // A limit is the provisioner's own: kube-scheduler knows of none.
            name: "limit",
            objects: [pool(&json!({"nodes": "2"})), pods(6, &json!({}))].concat(),
            zones: &["us-east-1a", "us-east-1a", "us-east-1a"],
            violation: "Limit",
            pending: (0, ""),
        },
    ]
}

fn offering_in(snapshot: &Snapshot, zone: &str) -> OfferingIndex {
    let is_there = |one: &model::Offering| snapshot.listing_of(one).zone.as_str() == zone;
    OfferingIndex::new(snapshot.offerings.iter().position(is_there).expect("it is offered"))
}

/// The kind of each violation that the checker finds.
fn violations(snapshot: &Snapshot, plan: Plan) -> Vec<String> {
    let found = checker::check(snapshot, plan).err().into_iter().flatten();
    found.map(|one| format!("{one:?}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_refuses_what_the_checker_refuses_for_its_rules() {
    let mut stage = Stage::start().await;
    for case in cases() {
        let snapshot = beside::lowered(&case.objects).expect("it can be lowered").snapshot;
        let mut plan = Plan::default();
        for (position, zone) in case.zones.iter().enumerate() {
            let pods = (position * 2..position * 2 + 2).map(PodIndex::new).collect();
            plan.new_nodes.push(NewNode { offering: offering_in(&snapshot, zone), pods });
        }
        let scene = Scene::new(case.name, &case.objects, &snapshot, &plan);
        let found = violations(&snapshot, plan);
        assert!(
            found.iter().any(|one| one.starts_with(case.violation)),
            "{}: {found:?}",
            case.name
        );
        let played = stage.play(&scene).await;
        eprintln!("{}: {found:?}\n{:#?}", case.name, played.pending);
        let (count, said) = case.pending;
        assert_eq!(played.pending.len(), count, "{}: {:#?}", case.name, played.pending);
        let is_said = played.pending.values().all(|one| one.contains(said));
        assert!(is_said, "{}: {:#?}", case.name, played.pending);
    }
    a_plan_that_forgets_a_rule_leaves_pods_pending(&mut stage).await;
}

/// What makes the fifty clusters a proof: a plan of ours without a rule does not pass.
async fn a_plan_that_forgets_a_rule_leaves_pods_pending(stage: &mut Stage) {
    let kinds = [
        Kind::HostnameAntiAffinity,
        Kind::HostPorts,
        Kind::CapacityTypes,
        Kind::DaemonSets,
        Kind::Architectures,
    ];
    let cluster = compare::of_seed(1, NODES_LEAST, &kinds).expect("it can be lowered");
    let cluster = cluster.expect("a cluster of the row has three nodes");
    let snapshot = beside::lowered(&cluster.objects).expect("it was lowered before").snapshot;
    let plan = Sabotage::Rivals.plan(&snapshot, compare::PRICED);
    let scene = Scene::new("forgets", &cluster.objects, &snapshot, &plan);
    assert!(!violations(&snapshot, plan).is_empty(), "the plan breaks no rule");
    let played = stage.play(&scene).await;
    eprintln!("{:#?}", played.pending);
    assert!(!played.pending.is_empty(), "the scheduler found a place for all pods");
}
