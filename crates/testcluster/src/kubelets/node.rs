//! The Node of a machine: how it joins, becomes ready and leaves.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Taint};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::{Agent, Machine};
use crate::{Error, NODE_ANNOTATION, Result};

/// What a Node says of itself besides what follows from its machine.
#[derive(Clone, Debug, Default)]
pub struct NodeShape {
    /// Labels besides hostname, instance type, zone, region, architecture and operating system.
    pub labels: BTreeMap<String, String>,
    /// Taints that it registers with.
    pub taints: Vec<Taint>,
    /// `status.capacity`, with `pods`.
    pub capacity: BTreeMap<String, String>,
    /// `status.allocatable`.
    pub allocatable: BTreeMap<String, String>,
}

impl NodeShape {
    /// A Node whose pods may use all of it, such as `[("cpu", "4"), ("memory", "16Gi"), ("pods", "58")]`.
    pub fn of(resources: &[(&str, &str)]) -> Self {
        let resources: BTreeMap<_, _> = resources
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self { capacity: resources.clone(), allocatable: resources, ..Self::default() }
    }

    /// The same Node with one more taint.
    pub fn tainted(mut self, key: &str, effect: &str) -> Self {
        let (key, effect) = (key.to_owned(), effect.to_owned());
        self.taints.push(Taint { key, effect, ..Taint::default() });
        self
    }

    /// Adds what the machine's user data asks its kubelet for.
    pub fn with_registration(mut self, machine: &Machine) -> Self {
        let asked = machine.registration();
        self.labels.extend(asked.labels);
        self.taints.extend(asked.taints);
        self
    }

    /// Removes the resources that an agent publishes later.
    pub(super) fn hold_back(&mut self, agents: &[Agent]) {
        for agent in agents {
            if let Agent::Publishes { resource, .. } = agent {
                self.capacity.remove(resource);
                self.allocatable.remove(resource);
            }
        }
    }
}

/// Registers the Node of a machine, not ready; a Node of that name that is there already is kept.
///
/// The API server adds the taint `node.kubernetes.io/not-ready` by itself.
pub async fn join(client: &Client, machine: &Machine, shape: &NodeShape) -> Result<()> {
    let node = serde_json::from_value(node(machine, shape));
    let node: Node = node.expect("the literal has the fields of a Node");
    match nodes(client).create(&PostParams::default(), &node).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        result => result.map(|_| ()).map_err(failed("registering", &machine.node_name)),
    }
}

/// Reports the Node ready, as a kubelet does when its network is up.
pub async fn make_ready(client: &Client, name: &str) -> Result<()> {
    set_status(client, name, &conditions("True", "KubeletReady")).await
}

/// Ends the kubelet of a machine that is gone, and deletes its Node; a finalizer may hold the Node back.
pub async fn leave(client: &Client, machine: &Machine) -> Result<()> {
    let name = &machine.node_name;
    let without = json!({"metadata": {"annotations": {NODE_ANNOTATION: null}}});
    let parameters = PatchParams::default();
    let ended = nodes(client).patch(name, &parameters, &Patch::Merge(without)).await;
    if is_missing(&ended) {
        return Ok(());
    }
    ended.map_err(failed("ending the kubelet of", name))?;
    set_status(client, name, &conditions("Unknown", "NodeStatusUnknown")).await?;
    let deleted = nodes(client).delete(name, &DeleteParams::default()).await;
    if is_missing(&deleted) {
        return Ok(());
    }
    deleted.map(|_| ()).map_err(failed("deleting", name))
}

pub(super) fn nodes(client: &Client) -> Api<Node> {
    Api::all(client.clone())
}

pub(super) fn is_missing<T>(result: &Result<T, kube::Error>) -> bool {
    matches!(result, Err(kube::Error::Api(status)) if status.code == 404)
}

/// A Node that is gone has no status to set.
pub(super) async fn set_status(client: &Client, name: &str, status: &Value) -> Result<()> {
    let patch = Patch::Strategic(json!({"status": status}));
    let patched = nodes(client).patch_status(name, &PatchParams::default(), &patch).await;
    if is_missing(&patched) {
        return Ok(());
    }
    patched.map(|_| ()).map_err(failed("setting the status of", name))
}

fn node(machine: &Machine, shape: &NodeShape) -> Value {
    let mut labels = BTreeMap::from([
        ("kubernetes.io/hostname", machine.node_name.as_str()),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", &machine.architecture),
        ("node.kubernetes.io/instance-type", &machine.instance_type),
        ("topology.kubernetes.io/region", machine.region()),
        ("topology.kubernetes.io/zone", &machine.zone),
    ]);
    labels.extend(shape.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut status = conditions("False", "KubeletNotReady");
    status["capacity"] = json!(shape.capacity);
    status["allocatable"] = json!(shape.allocatable);
    status["nodeInfo"] = json!({
        "architecture": machine.architecture, "operatingSystem": "linux", "kubeletVersion": "v1.36.0",
        "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
        "machineID": machine.id, "osImage": "", "systemUUID": machine.id,
    });
    status["addresses"] = json!([{"type": "Hostname", "address": machine.node_name}]);
    json!({
        "metadata": {
            "name": machine.node_name,
            "labels": labels,
            "annotations": {NODE_ANNOTATION: "fake"},
        },
        "spec": {"providerID": machine.provider_id(), "taints": shape.taints},
        "status": status,
    })
}

/// The conditions of a kubelet's report; all but `Ready` say that there is no pressure.
fn conditions(ready: &str, reason: &str) -> Value {
    let now = k8s_openapi::jiff::Timestamp::now().to_string();
    let condition = |name: &str, status: &str, reason: &str| {
        json!({
            "type": name, "status": status, "reason": reason, "message": "",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    json!({"conditions": [
        condition("Ready", ready, reason),
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID"),
    ]})
}

pub(super) fn failed(doing: &str, name: &str) -> impl FnOnce(kube::Error) -> Error {
    Error::kube(format!("{doing} the node `{name}`"))
}
