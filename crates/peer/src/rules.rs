//! How each kind of rule is written into a workload of a random cluster.

use serde_json::{Value, json};

use crate::cluster::{ZONES, container};
use crate::kinds::Kind;
use crate::lots::Lots;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";
const FAMILY: &str = "karpenter.k8s.aws/instance-family";
const VCPUS: &str = "karpenter.k8s.aws/instance-cpu";

/// The namespace that terms may select by its labels.
const OTHER_NAMESPACE: &str = "payments";

/// Equal pods.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) replicas: usize,
    /// Thousandths of a core.
    pub(crate) cpu: usize,
    /// MiB.
    pub(crate) memory: usize,
    /// What its pods' spec has beside the container.
    pub(crate) spec: Value,
    /// Objects that its pods refer to.
    pub(crate) beside: Vec<Value>,
    /// The zone of each pod's volume in turn, or nothing.
    pub(crate) volumes: Vec<String>,
}

impl Workload {
    /// The labels of its pods.
    pub(crate) fn labels(&self) -> Value {
        json!({"app": self.name})
    }

    /// Its pods and what they refer to.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let mut objects = self.beside.clone();
        for number in 0..self.replicas {
            let name = format!("{}-{number}", self.name);
            let mut spec = self.spec.clone();
            let mut main = container(self.cpu, self.memory);
            if let Some(ports) = spec.as_object_mut().and_then(|spec| spec.remove("ports")) {
                main["ports"] = ports;
            }
            spec["containers"] = json!([main]);
            if let Some(zone) = self.volumes.get(number % self.volumes.len().max(1)) {
                spec["volumes"] =
                    json!([{"name": "data", "persistentVolumeClaim": {"claimName": name}}]);
                objects.extend(claim(&name, zone));
            }
            objects.push(json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.namespace, "labels": self.labels()},
                "spec": spec,
                "status": {"phase": "Pending"},
            }));
        }
        objects
    }

    /// Adds to a list of the spec.
    fn push(&mut self, pointer: [&str; 3], value: Value) {
        let [first, second, third] = pointer;
        let list = match (second, third) {
            ("", _) => &mut self.spec[first],
            (_, "") => &mut self.spec[first][second],
            _ => &mut self.spec[first][second][third],
        };
        match list.as_array_mut() {
            Some(list) => list.push(value),
            None => *list = json!([value]),
        }
    }
}

/// A claim that is bound to a volume in `zone`, or waits with a class that allows `zone` alone.
fn claim(name: &str, zone: &str) -> Vec<Value> {
    if let Some(class) = zone.strip_prefix("class:") {
        return vec![json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"storageClassName": class},
            "status": {"phase": "Pending"},
        })];
    }
    let terms = json!([{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]);
    vec![
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name,
                "namespace": "default",
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            },
            "spec": {"volumeName": format!("volume-{name}")},
            "status": {"phase": "Bound"},
        }),
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": format!("volume-{name}")},
            "spec": {
                "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": name},
                "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
            },
        }),
    ]
}

/// The namespaces of clusters in which terms select them.
pub(crate) fn namespaces() -> Vec<Value> {
    let namespace = |name: &str, team: &str| {
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"team": team}},
        })
    };
    vec![namespace("default", "web"), namespace(OTHER_NAMESPACE, "money")]
}

/// Whether pods carry the kind; the others are of pools, nodes and DaemonSets.
pub(crate) fn is_carried(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::DaemonSets | Kind::Weights | Kind::Limits | Kind::ExistingNodes | Kind::MinValues
    )
}

/// Gives `workload` a rule of the kind; `other` is the label of some workload, itself or another.
pub(crate) fn carry(kind: Kind, workload: &mut Workload, other: &str, lots: &mut Lots) {
    let own = json!({"matchLabels": workload.labels()});
    let others = json!({"matchLabels": {"app": other}});
    match kind {
        Kind::NodeSelector => {
            let zone = (ZONE, lots.one_of(&ZONES));
            let (key, value) = lots.one_of(&[zone, zone, (FAMILY, "m6i"), (FAMILY, "c6i")]);
            workload.spec["nodeSelector"][key] = json!(value);
        }
        Kind::AffinityTerms => affinity_terms(workload, lots),
        Kind::Exclusions => exclude(workload, lots),
        Kind::Taints => {
            workload
                .push(["tolerations", "", ""], json!({"key": "dedicated", "operator": "Exists"}));
            if lots.happens(50) {
                workload.spec["nodeSelector"]["tier"] = json!("batch");
            }
        }
        Kind::ZonalSpread => spread(workload, ZONE, &own, lots),
        Kind::HostnameSpread => spread(workload, HOSTNAME, &own, lots),
        Kind::HostnameAntiAffinity => apart(workload, HOSTNAME, &own),
        Kind::ZonalAntiAffinity => {
            workload.replicas = workload.replicas.min(ZONES.len());
            apart(workload, ZONE, &own);
        }
        Kind::HostPorts => {
            let port = lots.one_of(&[8080, 9090]);
            workload.spec["ports"] = json!([{"containerPort": port, "hostPort": port}]);
        }
        Kind::Volumes => volumes(workload, lots),
        Kind::Requests => requests(workload, lots),
        Kind::Architectures => {
            let architecture = lots.one_of(&["amd64", "arm64", "arm64"]);
            workload.spec["nodeSelector"]["kubernetes.io/arch"] = json!(architecture);
        }
        Kind::CapacityTypes => {
            let capacity_type = lots.one_of(&["on-demand", "spot"]);
            workload.spec["nodeSelector"]["karpenter.sh/capacity-type"] = json!(capacity_type);
        }
        Kind::ZonalAffinity => together(workload, ZONE, &own),
        Kind::AffinityToOthers => together(workload, lots.one_of(&[ZONE, ZONE, HOSTNAME]), &others),
        Kind::AntiAffinityToOthers => {
            apart(workload, lots.one_of(&[ZONE, HOSTNAME, HOSTNAME]), &others);
        }
        Kind::NamespaceSelectors => by_namespace(workload, other, lots),
        Kind::NodePreferences => prefer_nodes(workload, lots),
        Kind::SoftTaints => workload.push(
            ["tolerations", "", ""],
            json!({"key": "busy", "operator": "Exists", "effect": "PreferNoSchedule"}),
        ),
        Kind::PodPreferences => prefer_pods(workload, &own, lots),
        Kind::DaemonSets | Kind::Weights | Kind::Limits | Kind::ExistingNodes | Kind::MinValues => {
        }
    }
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

fn affinity_terms(workload: &mut Workload, lots: &mut Lots) {
    let zones = lots.some_of(&ZONES, 3);
    let terms = [
        json!({"matchExpressions": [
            {"key": ZONE, "operator": "In", "values": [zones[0]]},
            {"key": FAMILY, "operator": "In", "values": [lots.one_of(&["c6i", "m6i", "r6i"])]},
        ]}),
        json!({"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zones[1], zones[2]]}]}),
    ];
    workload.spec["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] = json!(terms);
}

fn exclude(workload: &mut Workload, lots: &mut Lots) {
    let expression = match lots.below(4) {
        0 => json!({"key": ZONE, "operator": "NotIn", "values": [lots.one_of(&ZONES)]}),
        1 => json!({"key": VCPUS, "operator": "Gt", "values": ["2"]}),
        2 => json!({"key": VCPUS, "operator": "Lt", "values": ["8"]}),
        _ => json!({"key": "karpenter.k8s.aws/instance-generation", "operator": "Exists"}),
    };
    // With OR terms it would have to be in each of them.
    let required = &mut workload.spec["affinity"]["nodeAffinity"][REQUIRED];
    match required["nodeSelectorTerms"].as_array_mut() {
        Some(terms) => {
            for term in terms {
                if let Some(expressions) = term["matchExpressions"].as_array_mut() {
                    expressions.push(expression.clone());
                }
            }
        }
        None => required["nodeSelectorTerms"] = json!([{"matchExpressions": [expression]}]),
    }
}

fn spread(workload: &mut Workload, key: &str, own: &Value, lots: &mut Lots) {
    let mut constraint = json!({
        "maxSkew": lots.one_of(&[1, 1, 2]),
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": own,
    });
    if lots.happens(20) {
        constraint["nodeTaintsPolicy"] = json!("Honor");
    }
    if key == ZONE && lots.happens(20) {
        constraint["minDomains"] = json!(2);
    }
    workload.push(["topologySpreadConstraints", "", ""], constraint);
}

fn apart(workload: &mut Workload, key: &str, selector: &Value) {
    let term = json!({"topologyKey": key, "labelSelector": selector});
    workload.push(["affinity", "podAntiAffinity", REQUIRED], term);
}

/// One term a workload: Karpenter takes each of several for itself, kube-scheduler the pods that match
/// all of them.
fn together(workload: &mut Workload, key: &str, selector: &Value) {
    if !workload.spec["affinity"]["podAffinity"].is_null() {
        return;
    }
    let term = json!({"topologyKey": key, "labelSelector": selector});
    workload.push(["affinity", "podAffinity", REQUIRED], term);
}

/// Keeps away from pods of its own or another's label in the namespaces of a team; half of the workloads are
/// in the other namespace themselves, where their volumes let them.
fn by_namespace(workload: &mut Workload, other: &str, lots: &mut Lots) {
    if workload.volumes.is_empty() && lots.happens(50) {
        OTHER_NAMESPACE.clone_into(&mut workload.namespace);
    }
    let label = lots.one_of(&[workload.name.as_str(), other]).to_owned();
    let term = json!({
        "topologyKey": lots.one_of(&[ZONE, HOSTNAME, HOSTNAME]),
        "labelSelector": {"matchLabels": {"app": label}},
        "namespaceSelector": {"matchLabels": {"team": lots.one_of(&["web", "money"])}},
    });
    workload.push(["affinity", "podAntiAffinity", REQUIRED], term);
}

fn prefer_nodes(workload: &mut Workload, lots: &mut Lots) {
    let weight = lots.one_of(&[1, 50, 100]);
    let families =
        json!({"key": FAMILY, "operator": "In", "values": [lots.one_of(&["m6i", "r6i"])]});
    let expression = match lots.below(4) {
        0 => families,
        1 => json!({"key": VCPUS, "operator": "Gt", "values": ["2"]}),
        _ => json!({"key": ZONE, "operator": "In", "values": [lots.one_of(&ZONES)]}),
    };
    let term = json!({"weight": weight, "preference": {"matchExpressions": [expression]}});
    workload.push(["affinity", "nodeAffinity", PREFERRED], term);
}

fn prefer_pods(workload: &mut Workload, own: &Value, lots: &mut Lots) {
    let weight = lots.one_of(&[1, 50, 100]);
    let side = lots.below(3);
    if side == 0 {
        let constraint = json!({
            "maxSkew": 1,
            "topologyKey": lots.one_of(&[ZONE, HOSTNAME]),
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": own,
        });
        return workload.push(["topologySpreadConstraints", "", ""], constraint);
    }
    let term = json!({"topologyKey": lots.one_of(&[ZONE, HOSTNAME]), "labelSelector": own});
    let affinity = if side == 1 { "podAntiAffinity" } else { "podAffinity" };
    let term = json!({"weight": weight, "podAffinityTerm": term});
    workload.push(["affinity", affinity, PREFERRED], term);
}

fn volumes(workload: &mut Workload, lots: &mut Lots) {
    if workload.namespace != "default" {
        return;
    }
    workload.replicas = workload.replicas.min(4);
    if lots.happens(50) {
        let count = lots.between(1, 3);
        workload.volumes = lots.some_of(&ZONES, count).into_iter().map(str::to_owned).collect();
        return;
    }
    let class = format!("zones-of-{}", workload.name);
    workload.volumes = vec![format!("class:{class}")];
    let expressions = json!([{"key": ZONE, "values": lots.some_of(&ZONES, 2)}]);
    workload.beside.push(json!({
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": class},
        "provisioner": "ebs.csi.aws.com",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowedTopologies": [{"matchLabelExpressions": expressions}],
    }));
}

fn requests(workload: &mut Workload, lots: &mut Lots) {
    match lots.below(3) {
        0 => {
            let mut initial = container(workload.cpu * 2, workload.memory);
            initial["name"] = json!("first");
            workload.spec["initContainers"] = json!([initial]);
        }
        1 => {
            let mut sidecar = container(200, 128);
            sidecar["name"] = json!("beside");
            sidecar["restartPolicy"] = json!("Always");
            workload.spec["initContainers"] = json!([sidecar]);
        }
        _ => {
            workload.spec["overhead"] = json!({"cpu": "100m", "memory": "64Mi"});
        }
    }
}
