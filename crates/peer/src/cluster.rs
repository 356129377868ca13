//! Random small clusters: Kubernetes objects by lot, in which several kinds of rule meet.
//!
//! Input: a seed and the kinds to draw from. Output: objects that `stowage plan` reads, and the kinds
//! that are in them. The same seed gives the same cluster.

use std::collections::{BTreeMap, BTreeSet};

use model::{Snapshot, well_known};
use serde_json::{Value, json};

use crate::beside;
use crate::kinds::Kind;
use crate::lots::Lots;
use crate::rules::{self, Workload};

/// Zones that pools may use.
pub(crate) const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// Fewest and most kinds in a cluster.
const KINDS: (usize, usize) = (5, 8);

/// Fewest and most workloads, and pods of one.
const WORKLOADS: (usize, usize) = (3, 7);
const REPLICAS: (usize, usize) = (1, 9);

/// Thousandths of a core, and MiB, that a pod may ask for.
const CPU: [usize; 8] = [100, 250, 500, 750, 1000, 1500, 2000, 3000];
const MEMORY: [usize; 8] = [128, 256, 512, 1024, 2048, 4096, 6144, 8192];

/// Types of at most 8 vCPU, so that a cluster needs several nodes.
const GENERAL: [&str; 9] = [
    "c6i.large",
    "c6i.xlarge",
    "c6i.2xlarge",
    "m6i.large",
    "m6i.xlarge",
    "m6i.2xlarge",
    "r6i.large",
    "r6i.xlarge",
    "r6i.2xlarge",
];
const PREFERRED: [&str; 4] = ["c5.xlarge", "m5.large", "m5.xlarge", "r5.xlarge"];
const DEDICATED: [&str; 4] = ["c6a.xlarge", "m6a.xlarge", "m6a.2xlarge", "r6a.large"];
/// Cheaper than the general ones, so that there is a reason to go there.
const BUSY: [&str; 4] = ["c6a.large", "m6a.large", "m6a.xlarge", "r6a.xlarge"];
const ARM: [&str; 4] = ["c6g.large", "c6g.xlarge", "m6g.large", "m6g.xlarge"];

/// A random cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What it is made from.
    pub seed: u64,
    /// Its objects.
    pub objects: Vec<Value>,
    /// Kinds of rule that are in it.
    pub kinds: BTreeSet<Kind>,
}

impl Cluster {
    /// The cluster of `seed`, with kinds from `choice`.
    ///
    /// # Errors
    /// Where its objects cannot be lowered.
    pub fn drawn(seed: u64, choice: &[Kind]) -> anyhow::Result<Self> {
        let mut lots = Lots::new(seed);
        let count = lots.between(KINDS.0, KINDS.1);
        let kinds: BTreeSet<Kind> = lots.some_of(choice, count).into_iter().collect();
        let mut objects = pools(&kinds, &mut lots);
        if kinds.contains(&Kind::DaemonSets) {
            objects.extend(daemon_sets(&mut lots));
        }
        let workloads = workloads(&kinds, &mut lots);
        if kinds.contains(&Kind::NamespaceSelectors) {
            objects.extend(rules::namespaces());
        }
        if kinds.contains(&Kind::ExistingNodes) {
            let bought = beside::lowered(&objects)?.snapshot;
            objects.extend(nodes(&bought, &workloads, &mut lots));
        }
        for workload in &workloads {
            objects.extend(workload.objects());
        }
        Ok(Self { seed, objects, kinds })
    }
}

/// The class of all pools.
pub(crate) fn class() -> Value {
    json!({
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": "default"},
        "spec": {
            "role": "nodes",
            "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "subnetSelectorTerms": [{"tags": {"cluster": "test"}}],
            "securityGroupSelectorTerms": [{"tags": {"cluster": "test"}}],
        },
    })
}

fn pools(kinds: &BTreeSet<Kind>, lots: &mut Lots) -> Vec<Value> {
    let class = class();
    let mut general = pool("general", &GENERAL, "amd64", &ZONES);
    let template = "/spec/template/spec";
    if kinds.contains(&Kind::CapacityTypes)
        && let Some(spec) = general.pointer_mut(template)
    {
        spec["requirements"][0]["values"] = json!(["on-demand", "spot"]);
    }
    if kinds.contains(&Kind::MinValues)
        && let Some(spec) = general.pointer_mut(template)
    {
        spec["requirements"][2]["minValues"] = json!(lots.between(2, 4));
    }
    if kinds.contains(&Kind::Limits) {
        // Karpenter counts a limit of nodes once a pass, so most of its plans under one are refused.
        let limits = match lots.below(12) {
            0 => json!({"nodes": lots.between(2, 5).to_string()}),
            1..6 => json!({"cpu": lots.between(8, 40).to_string()}),
            _ => json!({"memory": format!("{}Gi", lots.between(24, 128))}),
        };
        general["spec"]["limits"] = limits;
    }
    let mut objects = vec![class, general];
    if kinds.contains(&Kind::Weights) {
        let zones = lots.some_of(&ZONES, 2);
        let mut preferred = pool("preferred", &PREFERRED, "amd64", &zones);
        preferred["spec"]["weight"] = json!(lots.between(1, 100));
        objects.push(preferred);
    }
    if kinds.contains(&Kind::Taints) {
        let mut dedicated = pool("dedicated", &DEDICATED, "amd64", &ZONES);
        if let Some(spec) = dedicated.pointer_mut(template) {
            spec["taints"] =
                json!([{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]);
        }
        dedicated["spec"]["template"]["metadata"] = json!({"labels": {"tier": "batch"}});
        objects.push(dedicated);
    }
    if kinds.contains(&Kind::SoftTaints) {
        let mut busy = pool("busy", &BUSY, "amd64", &ZONES);
        if let Some(spec) = busy.pointer_mut(template) {
            spec["taints"] =
                json!([{"key": "busy", "value": "often", "effect": "PreferNoSchedule"}]);
        }
        objects.push(busy);
    }
    if kinds.contains(&Kind::Architectures) {
        objects.push(pool("arm", &ARM, "arm64", &ZONES));
    }
    objects
}

fn pool(name: &str, types: &[&str], architecture: &str, zones: &[&str]) -> Value {
    json!({
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {
            "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"},
            "requirements": [
                {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
                {"key": "kubernetes.io/arch", "operator": "In", "values": [architecture]},
                {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": types},
                {"key": "topology.kubernetes.io/zone", "operator": "In", "values": zones},
            ],
        }}},
    })
}

fn daemon_sets(lots: &mut Lots) -> Vec<Value> {
    let count = lots.between(1, 2);
    let daemon_set = |position: usize, lots: &mut Lots| {
        let mut spec = json!({
            "containers": [container(lots.one_of(&[50, 100, 300]), lots.one_of(&[64, 256, 512]))],
        });
        if lots.happens(50) {
            spec["tolerations"] = json!([{"operator": "Exists"}]);
        }
        if lots.happens(40) {
            spec["nodeSelector"] = json!({"topology.kubernetes.io/zone": lots.one_of(&ZONES)});
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": format!("agent-{position}"), "namespace": "default"},
            "spec": {"template": {"metadata": {"labels": {"app": "agent"}}, "spec": spec}},
        })
    };
    (0..count).map(|position| daemon_set(position, lots)).collect()
}

/// A container that asks for so many thousandths of a core and MiB.
pub(crate) fn container(cpu: usize, memory: usize) -> Value {
    let requests = json!({"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")});
    json!({"name": "main", "image": "main", "resources": {"requests": requests}})
}

/// Workloads of which each kind that pods carry is on at least one.
fn workloads(kinds: &BTreeSet<Kind>, lots: &mut Lots) -> Vec<Workload> {
    let count = lots.between(WORKLOADS.0, WORKLOADS.1);
    let mut workloads: Vec<Workload> = (0..count)
        .map(|position| Workload {
            name: format!("w{position}"),
            replicas: lots.between(REPLICAS.0, REPLICAS.1),
            cpu: lots.one_of(&CPU),
            memory: lots.one_of(&MEMORY),
            spec: json!({}),
            beside: Vec::new(),
            volumes: Vec::new(),
            namespace: "default".to_owned(),
        })
        .collect();
    for kind in kinds.iter().copied().filter(|kind| rules::is_carried(*kind)) {
        let carriers = lots.between(1, count.min(3));
        let positions: Vec<usize> = (0..count).collect();
        for position in lots.some_of(&positions, carriers) {
            let other = format!("w{}", lots.below(count));
            rules::carry(kind, &mut workloads[position], &other, lots);
        }
    }
    workloads
}

/// Nodes of what pools sell, with a few pods of the workloads' labels on each.
fn nodes(bought: &Snapshot, workloads: &[Workload], lots: &mut Lots) -> Vec<Value> {
    let count = lots.between(1, 3);
    let mut objects = Vec::new();
    for position in 0..count {
        let offering = &bought.offerings[lots.below(bought.offerings.len())];
        let name = format!("node-{position}");
        objects.push(node(bought, offering, &name));
        for pod in 0..lots.below(4) {
            let labels = workloads[lots.below(workloads.len())].labels();
            objects.push(json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": format!("{name}-pod-{pod}"), "namespace": "default", "labels": labels,
                },
                "spec": {
                    "nodeName": name,
                    "containers": [container(lots.one_of(&[100, 250]), lots.one_of(&[128, 256]))],
                },
                "status": {"phase": "Running"},
            }));
        }
    }
    objects
}

/// The Node of that name that a machine of `offering` becomes, as a plan counts on it: with the labels of its
/// type, pool and place, and without its DaemonSets' pods.
pub fn node(bought: &Snapshot, offering: &model::Offering, name: &str) -> Value {
    let (pool, listing) = (bought.pool(offering.pool), bought.listing_of(offering));
    let machine = bought.machine_of(offering);
    let sold = bought.instance_type(listing.instance_type);
    let text = |(key, value): (&model::LabelKey, &model::LabelValue)| {
        (key.as_str().to_owned(), value.as_str().to_owned())
    };
    let mut labels: BTreeMap<String, String> = sold.labels.iter().map(text).collect();
    labels.extend(pool.labels.iter().chain(offering.chosen_labels.iter()).map(text));
    for (key, value) in [
        ("kubernetes.io/hostname", name),
        ("karpenter.sh/nodepool", pool.name.as_str()),
        ("karpenter.sh/capacity-type", listing.capacity_type.as_str()),
        ("karpenter.sh/registered", "true"),
        ("karpenter.sh/initialized", "true"),
        ("node.kubernetes.io/instance-type", sold.name.as_str()),
        ("topology.kubernetes.io/region", bought.region.as_str()),
        ("topology.kubernetes.io/zone", listing.zone.as_str()),
        ("topology.k8s.aws/zone-id", listing.zone_id.as_str()),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    let taints: Vec<Value> = (pool.taints.iter())
        .map(|one| json!({"key": one.key, "value": one.value, "effect": one.effect.as_str()}))
        .collect();
    let mut left = machine.capacity.clone();
    left.subtract(&machine.overhead);
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints},
        "status": {
            "capacity": quantities(&machine.capacity),
            "allocatable": quantities(&left),
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn quantities(resources: &model::Resources) -> BTreeMap<&str, String> {
    let text = |(name, amount): (_, model::Amount)| {
        let name: &model::ResourceName = name;
        let unit = if name.as_str() == "cpu" { "m" } else { "" };
        (name.as_str(), format!("{}{unit}", amount.get()))
    };
    let reported = |(name, _): &(&model::ResourceName, _)| well_known::is_reported(name.as_str());
    resources.iter().filter(reported).map(text).collect()
}
