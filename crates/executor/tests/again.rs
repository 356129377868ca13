//! Planning again right after the claims of a plan were written buys nothing, however far they are.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use api::{NodeClaim, NodePool};
use cloud::{Instance, Launch};
use ec2::Catalog;
use executor::{
    ClaimMemory, ClaimSource, ClaimView, MachineFacts, Request, claims, launch_plan_of,
};
use model::{Objective, OfferingIndex, Plan, PodIndex, Snapshot};
use planner::{Seed, Settings};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use snapshot::{Inputs, LowerOptions, PodSelection, Policies, Unavailable};

use crate::support::{START, at, class, instance, merge, text};

/// Cases; each lowers and plans twice.
const CASES: u32 = 24;

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// A cluster in short; all fields as they would be in JSON.
#[derive(Clone, Debug)]
struct World {
    pools: Vec<Value>,
    daemon_sets: Vec<Value>,
    nodes: Vec<Value>,
    pods: Vec<Value>,
}

fn pool() -> impl Strategy<Value = Value> {
    let capacity =
        select(vec![json!(["on-demand"]), json!(["spot"]), json!(["spot", "on-demand"])]);
    let families =
        select(vec![json!(["m7i"]), json!(["c7i", "r7i"]), json!(["m7i", "c7i", "m7g"])]);
    let tiers = select(vec![json!(["a"]), json!(["a", "b"])]);
    let limits =
        select(vec![json!({}), json!({}), json!({ "cpu": "24" }), json!({ "nodes": "2" })]);
    let taints = select(vec![json!([]), json!([]), json!([taint("dedicated")])]);
    let startup = select(vec![json!([]), json!([taint("example.com/agent")])]);
    (capacity, families, tiers, limits, taints, startup, select(vec![0, 0, 10])).prop_map(
        |(capacity, families, tiers, limits, taints, startup, weight)| {
            let one_of = |key: &str, values: Value| {
                json!({ "key": key, "operator": "In", "values": values })
            };
            let requirements = [
                one_of("karpenter.sh/capacity-type", capacity),
                one_of("karpenter.k8s.aws/instance-family", families),
                one_of("example.com/tier", tiers),
            ];
            let class = json!({ "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default" });
            let spec = json!({
                "nodeClassRef": class, "requirements": requirements, "taints": taints,
                "startupTaints": startup,
            });
            json!({ "limits": limits, "weight": weight, "template": { "spec": spec } })
        },
    )
}

fn taint(key: &str) -> Value {
    json!({ "key": key, "effect": "NoSchedule" })
}

/// A pod's spec and how many there are of it.
fn pods() -> impl Strategy<Value = (Value, usize)> {
    let cpu = select(vec!["100m", "500m", "1", "1900m", "3", "7500m", "15", "400"]);
    let memory = select(vec!["128Mi", "1Gi", "5000Mi", "14Gi", "60Gi"]);
    let selector = select(vec![
        json!({}),
        json!({}),
        json!({ "topology.kubernetes.io/zone": "us-east-1a" }),
        json!({ "example.com/tier": "b" }),
        json!({ "karpenter.sh/capacity-type": "spot" }),
    ]);
    let tolerations =
        select(vec![json!([]), json!([{ "key": "dedicated", "operator": "Exists" }])]);
    (cpu, memory, selector, tolerations, any::<bool>(), 1..=8_usize).prop_map(
        |(cpu, memory, selector, tolerations, apart, copies)| {
            let spec = json!({
                "containers": [{
                    "name": "c", "resources": { "requests": { "cpu": cpu, "memory": memory } },
                }],
                "nodeSelector": selector, "tolerations": tolerations, "apart": apart,
            });
            (spec, copies)
        },
    )
}

fn worlds() -> impl Strategy<Value = World> {
    let daemon_set = select(vec!["50m", "400m"]);
    let node = select(vec!["1930m", "7900m"]);
    let all = (vec(pool(), 1..=3), vec(daemon_set, 0..=2), vec(node, 0..=2), vec(pods(), 1..=6));
    all.prop_map(|(pools, daemon_sets, nodes, pods)| World {
        pools: named(pools.into_iter().map(|spec| json!({ "spec": spec })), "p"),
        daemon_sets: named(daemon_sets.into_iter().map(daemon_set_of), "d"),
        nodes: named(nodes.into_iter().map(node_of), "n"),
        pods: named(
            pods.into_iter()
                .enumerate()
                .flat_map(|(app, (spec, copies))| std::iter::repeat_n(pod_of(app, spec), copies)),
            "w",
        ),
    })
}

fn named(objects: impl Iterator<Item = Value>, prefix: &str) -> Vec<Value> {
    let named = objects.enumerate().map(|(number, mut object)| {
        let name = format!("{prefix}{number}");
        let own = json!({ "metadata": { "name": name, "uid": format!("uid-{name}") } });
        merge(&mut object, &own);
        object
    });
    named.collect()
}

fn daemon_set_of(cpu: &str) -> Value {
    json!({ "spec": { "template": { "spec": {
        "containers": [{ "name": "c", "resources": { "requests": { "cpu": cpu } } }],
    }}}})
}

fn node_of(cpu: &str) -> Value {
    json!({ "status": { "allocatable": { "cpu": cpu, "memory": "7Gi", "pods": "29" } } })
}

fn pod_of(app: usize, mut spec: Value) -> Value {
    let app = format!("app-{app}");
    if spec["apart"].take() == json!(true) {
        spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = json!([{
            "topologyKey": "kubernetes.io/hostname",
            "labelSelector": { "matchLabels": { "app": app } },
        }]);
    }
    json!({ "metadata": { "namespace": "default", "labels": { "app": app } }, "spec": spec })
}

fn read<T: serde::de::DeserializeOwned>(values: &[Value]) -> Vec<T> {
    values.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect()
}

fn planned(world: &World, claims: &[NodeClaim]) -> (Snapshot, Plan, Vec<Vec<OfferingIndex>>) {
    let mut inputs = Inputs::default();
    inputs.objects.pods = read(&world.pods);
    inputs.objects.nodes = read(&world.nodes);
    inputs.objects.daemon_sets = read(&world.daemon_sets);
    inputs.objects.node_pools = read(&world.pools);
    inputs.objects.node_classes = vec![class()];
    inputs.objects.node_claims = claims.to_vec();
    let options = LowerOptions {
        region: "us-east-1".to_owned(),
        pods: Some(PodSelection::Pending),
        architectures: Vec::new(),
        capacity_types: Vec::new(),
        estimate_prices: true,
        live_market: None,
        unavailable: Unavailable::new(),
        now: START,
        existing_only: false,
        watched: false,
        policies: Policies::default(),
    };
    let snapshot = snapshot::lower(inputs, &CATALOG, &options).unwrap().snapshot;
    let objective = Objective::LIST_PRICES;
    let settings = Settings { price_weights: false, objective, work_limit: 100_000 };
    let (plan, _) = planner::plan(&snapshot, &settings, START, Seed(1));
    let alternatives = planner::alternatives(&snapshot, &plan, objective);
    let alternatives = alternatives.iter().map(|all| all.iter().map(|one| one.offering).collect());
    let alternatives = alternatives.collect();
    (snapshot, plan, alternatives)
}

/// The claims of the first plan, as they were just written.
fn written(world: &World) -> (Vec<NodeClaim>, usize) {
    let (snapshot, plan, alternatives) = planned(world, &[]);
    let left_out = plan.unschedulable.iter().map(|group| group.pods.len()).sum();
    let checked = checker::check(&snapshot, plan).unwrap();
    let pools: Vec<NodePool> = read(&world.pools);
    let pools = pools.iter().map(|pool| (pool.metadata.name.as_str(), pool)).collect();
    let uid = |pod: PodIndex| {
        let name = snapshot.pod(pod).name.as_str();
        Some(format!("uid-{}", name.split_once('/').unwrap().1))
    };
    let source = ClaimSource {
        snapshot: &snapshot,
        plan: &checked,
        alternatives: &alternatives,
        pools: &pools,
        pod_uid: &uid,
        hashes: &BTreeMap::new(),
        plan_id: "1",
    };
    let made = claims(&source);
    assert_eq!(made.findings, []);
    let bodies = made.requests.into_iter().map(|request| match request {
        Request::Create { body, .. } => body,
        other => panic!("{other:?}"),
    });
    let claims = bodies.map(|mut body| {
        let name = body["metadata"]["name"].as_str().unwrap().to_owned();
        let given =
            json!({ "metadata": { "uid": format!("uid-{name}"), "creationTimestamp": text(0) } });
        merge(&mut body, &given);
        serde_json::from_value(body).unwrap()
    });
    (claims.collect(), left_out)
}

/// The claim after one of the choices that it carries was launched, as the executor writes it down.
fn launched(claim: &NodeClaim, choice: Index) -> NodeClaim {
    let plan = launch_plan_of(claim).unwrap();
    let choices: Vec<_> = (plan.groups.iter())
        .flat_map(|group| group.choices.iter().map(|choice| (group.capacity_type, choice)))
        .collect();
    let (capacity_type, choice) = choices[choice.index(choices.len())];
    let instance = Instance {
        instance_type: choice.instance_type.clone(),
        zone: choice.zone.clone(),
        capacity_type,
        ..instance("i-1", Some(&claim.metadata.name), 0)
    };
    let mut memory = ClaimMemory::default();
    let mut value = serde_json::to_value(claim).unwrap();
    memory.launched(Ok(Launch { instance, refused: Vec::new() }));
    loop {
        let claim: NodeClaim = serde_json::from_value(value.clone()).unwrap();
        let machine = |_: &_| Some(MachineFacts::default());
        let view = ClaimView {
            claim: &claim,
            node_class: None,
            nodes: &[],
            machine: &machine,
            hold: true,
        };
        let requests = executor::launch(&view, &mut memory, at(0));
        if requests.is_empty() {
            return claim;
        }
        for request in requests {
            let Request::Patch { body, .. } = request else { panic!("{request:?}") };
            merge(&mut value, &body);
        }
    }
}

fn assert_buys_nothing(world: &World, claims: &[NodeClaim], left_out: usize, when: &str) {
    let (snapshot, plan, _) = planned(world, claims);
    let again: Vec<_> = (plan.new_nodes.iter())
        .map(|node| (snapshot.listing_of(snapshot.offering(node.offering)), node.pods.len()))
        .collect();
    assert!(again.is_empty(), "{when}: {again:?}");
    let still: usize = plan.unschedulable.iter().map(|group| group.pods.len()).sum();
    // Room on nodes that were there is promised to nobody, and may be shared out otherwise.
    if world.nodes.is_empty() {
        assert_eq!(still, left_out, "{when}: other pods are left out");
    }
    let _ = checker::check(&snapshot, plan).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn planning_again_after_the_claims_were_written_buys_nothing(
        world in worlds(),
        choices in vec(any::<Index>(), 8),
    ) {
        let (claims, left_out) = written(&world);
        assert_buys_nothing(&world, &claims, left_out, "as written");
        let mut some = claims;
        for (place, claim) in some.iter_mut().enumerate() {
            if place % 2 == 0 {
                *claim = launched(claim, choices[place % choices.len()]);
            }
        }
        assert_buys_nothing(&world, &some, left_out, "half of them launched");
        for (place, claim) in some.iter_mut().enumerate() {
            if place % 2 == 1 {
                *claim = launched(claim, choices[place % choices.len()]);
            }
        }
        assert_buys_nothing(&world, &some, left_out, "all of them launched");
    }
}
