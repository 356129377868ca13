//! The shapes of Karpenter's own scheduling benchmark, from a seed: pods, and the types it is run with.
//!
//! As in `pkg/controllers/provisioning/scheduling/scheduling_benchmark_test.go` of Karpenter v1.15:
//! five kinds of pods in equal parts, requests and labels by lot, 400 made-up types as its
//! `fake.InstanceTypes(400)` has them, one pool without requirements. Pods are Kubernetes objects, which
//! are lowered as any file is; machines and prices are then those of the made-up types, for both sides.

use model::{
    Amount, CapacityType, InstanceType, Labels, Listing, ListingIndex, Machine, MachineIndex,
    MicroUsdPerHour, Offering, PoolIndex, Price, Resources, Snapshot, TypeIndex,
};
use serde_json::{Value, json};

use crate::beside;
use crate::cluster;
use crate::lots::Lots;

const CPU: [usize; 5] = [100, 250, 500, 1000, 1500];
const MEMORY: [usize; 6] = [100, 256, 512, 1024, 2048, 4096];
const LABELS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// How many types there are.
const TYPES: usize = 400;

/// What each type is sold as.
const SOLD: [(&str, CapacityType); 5] = [
    ("test-zone-1", CapacityType::OnDemand),
    ("test-zone-1", CapacityType::Spot),
    ("test-zone-2", CapacityType::OnDemand),
    ("test-zone-2", CapacityType::Spot),
    ("test-zone-3", CapacityType::OnDemand),
];

const GIB: i64 = 1 << 30;

/// The zone that pods with preferences would rather be in.
const PREFERRED_ZONE: &str = "test-zone-1";

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Plain, spread over zones, spread over nodes, with their like in a zone, apart on nodes.
    Diverse,
    /// A soft affinity to a zone and a soft anti-affinity over nodes.
    Preferences,
}

/// A pool without requirements, its class, and `count` pods of a shape.
pub fn objects(shape: Shape, count: usize, seed: u64) -> Vec<Value> {
    let mut lots = Lots::new(seed);
    let mut objects = vec![
        cluster::class(),
        json!({
            "apiVersion": "karpenter.sh/v1",
            "kind": "NodePool",
            "metadata": {"name": "default"},
            "spec": {"template": {"spec": {
                "nodeClassRef": {
                    "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default",
                },
                "requirements": [{
                    "key": "karpenter.sh/capacity-type",
                    "operator": "In",
                    "values": ["on-demand", "spot"],
                }],
            }}},
        }),
    ];
    objects.extend((0..count).map(|number| match shape {
        Shape::Diverse => diverse(number, count, &mut lots),
        Shape::Preferences => with_preferences(number, &mut lots),
    }));
    objects
}

fn pod(number: usize, labels: &Value, rules: &[(&str, Value)], lots: &mut Lots) -> Value {
    let (cpu, memory) = (lots.one_of(&CPU), lots.one_of(&MEMORY));
    let mut spec = json!({"containers": [crate::cluster::container(cpu, memory)]});
    for (field, rule) in rules {
        spec[*field] = rule.clone();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("pod-{number}"), "namespace": "default", "labels": labels},
        "spec": spec,
        "status": {"phase": "Pending"},
    })
}

/// The `number`th of `count` pods: fifths of each kind, and what is left over plain.
fn diverse(number: usize, count: usize, lots: &mut Lots) -> Value {
    let label = |lots: &mut Lots| json!({"my-label": lots.one_of(&LABELS)});
    let spread = |key: &str, lots: &mut Lots| {
        let selector = json!({"matchLabels": label(lots)});
        json!([{
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": selector,
        }])
    };
    let required = |affinity: &str, key: &str, labels: &Value| {
        let term = json!({"topologyKey": key, "labelSelector": {"matchLabels": labels}});
        json!({affinity: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    };
    match number / (count / 5).max(1) {
        1 => {
            let rule = ("topologySpreadConstraints", spread(ZONE, lots));
            pod(number, &label(lots), &[rule], lots)
        }
        2 => {
            let rule = ("topologySpreadConstraints", spread(HOSTNAME, lots));
            pod(number, &label(lots), &[rule], lots)
        }
        3 => {
            let labels = json!({"my-affinity": lots.one_of(&LABELS)});
            let rule = ("affinity", required("podAffinity", ZONE, &labels));
            pod(number, &labels, &[rule], lots)
        }
        4 => {
            let labels = json!({"app": "nginx"});
            let rule = ("affinity", required("podAntiAffinity", HOSTNAME, &labels));
            pod(number, &labels, &[rule], lots)
        }
        _ => pod(number, &label(lots), &[], lots),
    }
}

fn with_preferences(number: usize, lots: &mut Lots) -> Value {
    let labels = json!({"app": "nginx"});
    let zone = json!({"key": ZONE, "operator": "In", "values": [PREFERRED_ZONE]});
    let nodes = json!([{"weight": 1, "preference": {"matchExpressions": [zone]}}]);
    let term = json!({"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": labels}});
    let apart = json!([{"weight": 1, "podAffinityTerm": term}]);
    let affinity = json!({
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": nodes},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": apart},
    });
    pod(number, &labels, &[("affinity", affinity)], lots)
}

/// The objects lowered, with the made-up types in the place of EC2's.
///
/// # Errors
/// Where the objects cannot be lowered.
pub fn lowered(objects: &[Value]) -> anyhow::Result<Snapshot> {
    let mut snapshot = beside::lowered(objects)?.snapshot;
    let mut types: Vec<(String, i64)> =
        (1_i64..).take(TYPES).map(|cores| (format!("fake-it-{}", cores - 1), cores)).collect();
    types.sort();
    snapshot.types.clear();
    snapshot.listings.clear();
    snapshot.offerings.clear();
    let mut machines = Vec::new();
    for (position, (name, cores)) in types.into_iter().enumerate() {
        snapshot.types.push(made_up(&name, cores));
        let machine = machine(TypeIndex::new(position), cores);
        let mut room = machine.capacity.clone();
        room.subtract(&machine.overhead);
        for (zone, capacity_type) in SOLD {
            let listing = ListingIndex::new(snapshot.listings.len());
            let price = Price { rate: price(cores), estimated: false };
            snapshot.listings.push(Listing {
                instance_type: machine.instance_type,
                zone: zone.into(),
                zone_id: String::new().into(),
                capacity_type,
                price: Some(price),
                interruption: None,
                supply: None,
            });
            snapshot.offerings.push(Offering {
                pool: PoolIndex::new(0),
                listing,
                machine: MachineIndex::new(position),
                chosen_labels: Labels::new(),
                room: room.clone(),
            });
        }
        machines.push(machine);
    }
    for class in &mut snapshot.node_classes {
        class.machines.clone_from(&machines);
    }
    Ok(snapshot)
}

fn made_up(name: &str, cores: i64) -> InstanceType {
    let size = if cores > 4 { "large" } else { "small" };
    let cores = cores.to_string();
    let pairs = [
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
        ("node.kubernetes.io/instance-type", name),
        ("size", size),
        ("integer", cores.as_str()),
    ];
    let labels = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
    InstanceType { name: name.into(), labels: labels.collect() }
}

/// A core, 2 GiB and 10 pods for each core, of which 100 m and 10 MiB are kept back.
fn machine(instance_type: TypeIndex, cores: i64) -> Machine {
    let resources = |pairs: [(&str, i64); 3]| {
        let mut all = Resources::new();
        for (name, amount) in pairs {
            all.set(name.into(), Amount::new(amount));
        }
        all
    };
    Machine {
        instance_type,
        capacity: resources([
            ("cpu", cores * 1000),
            ("memory", cores * 2 * GIB),
            ("pods", cores * 10),
        ]),
        overhead: resources([("cpu", 100), ("memory", 10 << 20), ("pods", 0)]),
    }
}

/// A tenth of a dollar for a core and for a billion bytes, as `PriceFromResources` has it.
fn price(cores: i64) -> MicroUsdPerHour {
    let memory = cores * 2 * GIB;
    MicroUsdPerHour::new(cores * 100_000 + (memory + 5_000) / 10_000)
}

/// How well soft rules are met: pods in the zone that they prefer, and pods without another of theirs
/// on the node; each is a weight of 1.
pub fn satisfied(nodes: impl Iterator<Item = (String, usize)>) -> usize {
    nodes
        .map(|(zone, pods)| {
            (if zone == PREFERRED_ZONE { pods } else { 0 }) + usize::from(pods == 1)
        })
        .sum()
}
