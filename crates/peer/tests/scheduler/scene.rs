//! A cluster and a plan for it as objects of an API server: the nodes that the plan buys beside those that are
//! there, with names of the scene's own, and each planned pod's seat.
//!
//! Input: objects as `stowage plan` reads them, their snapshot, a plan. Output: what is to be created, in its
//! order. Nodes are cordoned until they are let go.

use std::collections::BTreeMap;

use model::{Plan, PodIndex, Resources, Snapshot, well_known};
use peer::cluster;
use serde_json::{Value, json};

/// What is created.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// Part of the names of all that is not in a namespace of the scene.
    pub(crate) name: String,
    pub(crate) namespaces: Vec<Value>,
    /// Classes, volumes, claims, DaemonSets.
    pub(crate) beside: Vec<Value>,
    /// Nodes and their CSINodes.
    pub(crate) nodes: Vec<Value>,
    /// Pods that run.
    pub(crate) bound: Vec<Value>,
    /// Pods that wait and have a seat.
    pub(crate) pods: Vec<Value>,
    /// Pods that the plan leaves out.
    pub(crate) left_out: Vec<Value>,
    /// The Node of each planned pod, by namespace and name.
    pub(crate) seats: BTreeMap<String, String>,
}

impl Scene {
    /// The scene of `plan`.
    pub(crate) fn new(name: &str, objects: &[Value], snapshot: &Snapshot, plan: &Plan) -> Self {
        let mut scene = Self { name: name.to_owned(), ..Self::default() };
        for (position, bought) in plan.new_nodes.iter().enumerate() {
            let offering = snapshot.offering(bought.offering);
            let node = scene.named(&format!("new-{position}"));
            let machine = snapshot.machine_of(offering);
            scene.nodes.push(cluster::node(snapshot, offering, &node));
            scene.nodes.extend(csi_node(&node, &machine.capacity));
            scene.seat(snapshot, &bought.pods, &node);
        }
        for fill in &plan.existing {
            let node = scene.named(snapshot.node(fill.node).name.as_str());
            scene.seat(snapshot, &fill.pods, &node);
        }
        for node in &snapshot.nodes {
            scene.nodes.extend(csi_node(&scene.named(node.name.as_str()), &node.allocatable));
        }
        if !objects.iter().any(|one| one["kind"] == "Namespace") {
            scene.add(&json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"},
            }));
        }
        for object in objects {
            scene.add(object);
        }
        for node in scene.nodes.iter_mut().filter(|one| one["kind"] == "Node") {
            make_real(node);
        }
        scene
    }

    /// The name of something in this scene.
    fn named(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    fn seat(&mut self, snapshot: &Snapshot, pods: &[PodIndex], node: &str) {
        for pod in pods {
            let name = self.named(snapshot.pod(*pod).name.as_str());
            self.seats.insert(name, node.to_owned());
        }
    }

    /// Adds an object of the cluster under its name in the scene; pools and classes are for planning alone.
    fn add(&mut self, object: &Value) {
        let mut object = object.clone();
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if matches!(&*kind, "Namespace" | "Node" | "PersistentVolume" | "StorageClass") {
            object["metadata"]["name"] = json!(self.named(&name));
        } else {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
            object["metadata"]["namespace"] = json!(self.named(namespace));
        }
        match &*kind {
            "Namespace" => self.namespaces.push(object),
            "Node" => {
                object["metadata"]["labels"][well_known::HOSTNAME] = json!(self.named(&name));
                self.nodes.push(object);
            }
            "Pod" => self.add_pod(object),
            "DaemonSet" => {
                let labels = object["spec"]["template"]["metadata"]["labels"].clone();
                object["spec"]["selector"] = json!({"matchLabels": labels});
                self.beside.push(object);
            }
            "PersistentVolume" => self.add_volume(object, &name),
            "PersistentVolumeClaim" => {
                self.complete_claim(&mut object);
                self.beside.push(object);
            }
            "StorageClass" => self.beside.push(object),
            _ => {}
        }
    }

    /// A pod whose overhead is that of a RuntimeClass, without which the API server admits none.
    fn add_pod(&mut self, mut pod: Value) {
        pod["spec"]["terminationGracePeriodSeconds"] = json!(0);
        if !pod["spec"]["overhead"].is_null() {
            let class = self.named("overhead");
            pod["spec"]["runtimeClassName"] = json!(class);
            if !self.beside.iter().any(|one| one["kind"] == "RuntimeClass") {
                self.beside.push(json!({
                    "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": class},
                    "handler": "test", "overhead": {"podFixed": pod["spec"]["overhead"]},
                }));
            }
        }
        if let Some(node) = pod["spec"]["nodeName"].as_str() {
            pod["spec"]["nodeName"] = json!(self.named(node));
            self.bound.push(pod);
        } else if self.seats.contains_key(&name_in(&pod)) {
            self.pods.push(pod);
        } else {
            self.left_out.push(pod);
        }
    }

    /// A volume with what the API server asks of one, for the claim that its name tells of.
    fn add_volume(&mut self, mut volume: Value, name: &str) {
        let claim = name.strip_prefix("volume-").unwrap_or(name);
        let spec = &mut volume["spec"];
        spec["capacity"] = json!({"storage": "1Gi"});
        spec["accessModes"] = json!(["ReadWriteOnce"]);
        spec["claimRef"] = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "namespace": self.named("default"), "name": claim,
        });
        self.beside.push(volume);
    }

    /// A claim that is still to be bound, which the controller of volumes does.
    fn complete_claim(&self, claim: &mut Value) {
        claim["metadata"]["annotations"] = json!({});
        claim["status"] = json!({});
        let spec = &mut claim["spec"];
        spec["accessModes"] = json!(["ReadWriteOnce"]);
        spec["resources"] = json!({"requests": {"storage": "1Gi"}});
        if let Some(class) = spec["storageClassName"].as_str() {
            spec["storageClassName"] = json!(self.named(class));
        } else if let Some(volume) = spec["volumeName"].as_str() {
            spec["volumeName"] = json!(self.named(volume));
            spec["storageClassName"] = json!("");
        }
    }

    /// How many pods DaemonSets will have: each wants one on every node whose labels it selects and whose
    /// taints it tolerates.
    pub(crate) fn daemon_pods(&self) -> usize {
        let is = |kind: &'static str| move |one: &&Value| one["kind"] == kind;
        let sets = self.beside.iter().filter(is("DaemonSet"));
        let nodes: Vec<&Value> = self.nodes.iter().filter(is("Node")).collect();
        let runs_on = |spec: &Value, node: &Value| {
            let selector = spec["nodeSelector"].as_object().into_iter().flatten();
            let mut selector =
                selector.map(|(key, value)| &node["metadata"]["labels"][key] == value);
            let taints = node["spec"]["taints"].as_array().map_or(0, Vec::len);
            selector.all(|admits| admits) && (taints == 0 || spec["tolerations"].is_array())
        };
        let wanted = |set: &Value| {
            let spec = &set["spec"]["template"]["spec"];
            nodes.iter().filter(|node| runs_on(spec, node)).count()
        };
        sets.map(wanted).sum()
    }
}

/// Namespace and name.
pub(crate) fn name_in(pod: &Value) -> String {
    let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

/// Gives a Node what its kubelet would, and keeps pods from it.
fn make_real(node: &mut Value) {
    node["metadata"]["annotations"] = json!({testcluster::NODE_ANNOTATION: "fake"});
    node["metadata"]["labels"][well_known::OS] = json!("linux");
    node["spec"]["unschedulable"] = json!(true);
    let now = k8s_openapi::jiff::Timestamp::now().to_string();
    for condition in node["status"]["conditions"].as_array_mut().into_iter().flatten() {
        condition["reason"] = json!("KubeletReady");
        condition["lastHeartbeatTime"] = json!(now);
        condition["lastTransitionTime"] = json!(now);
    }
}

/// How many volumes the Node takes of each driver, as far as the plan counts on it.
fn csi_node(node: &str, resources: &Resources) -> Option<Value> {
    let drivers = resources.iter().filter_map(|(name, amount)| {
        let driver = name.as_str().strip_prefix(well_known::ATTACHABLE_VOLUMES)?;
        let count = amount.get().min(i64::from(i32::MAX));
        Some(json!({"name": driver, "nodeID": node, "allocatable": {"count": count}}))
    });
    let drivers: Vec<Value> = drivers.collect();
    (!drivers.is_empty()).then(|| {
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": node},
            "spec": {"drivers": drivers},
        })
    })
}
