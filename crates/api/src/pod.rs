//! Pods, as far as scheduling looks at them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Affinity, Condition, LabelSelector, ObjectMeta, ResourceList, Unread, null};

/// A `v1` `Pod`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pod {
    /// Name, owners, labels.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What it asks for.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PodSpec,
    /// How far it got.
    #[serde(deserialize_with = "null::or_default")]
    pub status: PodStatus,
}

impl Pod {
    /// The node that the field manager `manager`, and nobody else, keeps room on for the pod.
    ///
    /// The API server notes who wrote the field last, so the answer outlives whoever asks.
    pub fn nominated_by(&self, manager: &str) -> Option<&str> {
        let node = self.status.nominated_node_name.as_deref().filter(|node| !node.is_empty())?;
        let nominators = &self.metadata.nominators;
        let alone = !nominators.is_empty() && nominators.iter().all(|one| &**one == manager);
        alone.then_some(node)
    }
}

/// The pod that a workload makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodTemplate {
    /// Labels and annotations of the pods.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What they ask for.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PodSpec,
}

/// `spec` of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Its node, once it has one.
    pub node_name: Option<String>,
    /// Containers that run side by side.
    #[serde(deserialize_with = "null::or_default")]
    pub containers: Vec<Container>,
    /// Containers that run first; those that restart always are sidecars and stay.
    #[serde(deserialize_with = "null::or_default")]
    pub init_containers: Vec<Container>,
    /// Resources of the pod as a whole.
    pub resources: Option<Box<ResourceRequirements>>,
    /// What the sandbox itself takes; set from the `RuntimeClass` on admission.
    #[serde(deserialize_with = "null::or_default")]
    pub overhead: ResourceList,
    /// How it is run, where not in the ordinary way.
    pub runtime_class_name: Option<String>,
    /// Labels that the node must have.
    #[serde(deserialize_with = "null::or_default")]
    pub node_selector: BTreeMap<String, String>,
    /// Affinity to nodes and pods.
    pub affinity: Option<Box<Affinity>>,
    /// Taints that do not matter to it.
    #[serde(deserialize_with = "null::or_default")]
    pub tolerations: Vec<Toleration>,
    /// Resolved from the class on admission.
    pub priority: Option<i32>,
    /// Name of a `PriorityClass`.
    pub priority_class_name: Option<String>,
    /// `default-scheduler` where absent.
    pub scheduler_name: Option<Box<str>>,
    /// Whatever must be removed before the pod may be scheduled.
    #[serde(deserialize_with = "null::or_default")]
    pub scheduling_gates: Vec<Unread>,
    /// How its like are spread.
    #[serde(deserialize_with = "null::or_default")]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Volumes; of those without a claim nothing is kept.
    #[serde(deserialize_with = "null::or_default")]
    pub volumes: Vec<Volume>,
    /// Seconds between being asked to end and being killed; 30 where absent.
    pub termination_grace_period_seconds: Option<i64>,
    /// Whether container ports are ports of the node.
    #[serde(deserialize_with = "null::or_default")]
    pub host_network: bool,
    /// Devices claimed from `resource.k8s.io`.
    #[serde(deserialize_with = "null::or_default")]
    pub resource_claims: Vec<Unread>,
    /// The gang that it is scheduled with, `scheduling.k8s.io/v1alpha1`.
    pub workload_ref: Option<Unread>,
    /// The gang that it is scheduled with, `scheduling.k8s.io/v1alpha2`.
    pub scheduling_group: Option<Unread>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Unique within the pod.
    #[serde(deserialize_with = "null::or_default")]
    pub name: Box<str>,
    /// What it asks for.
    #[serde(deserialize_with = "null::or_default")]
    pub resources: ResourceRequirements,
    /// `Always` makes a sidecar of an init container.
    pub restart_policy: Option<Box<str>>,
    /// Ports.
    #[serde(deserialize_with = "null::or_default")]
    pub ports: Vec<ContainerPort>,
}

/// `resources` of a container or pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceRequirements {
    /// What the scheduler sets aside.
    #[serde(deserialize_with = "null::or_default")]
    pub requests: ResourceList,
    /// What the kubelet enforces; stands in for an absent request.
    #[serde(deserialize_with = "null::or_default")]
    pub limits: ResourceList,
}

/// A container's port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub struct ContainerPort {
    /// The port inside.
    #[serde(deserialize_with = "null::or_default")]
    pub container_port: i32,
    /// The node's port; 0 is none.
    #[serde(deserialize_with = "null::or_default")]
    pub host_port: i32,
    /// The address of the node that it is on; absent is all of them.
    #[serde(rename = "hostIP")]
    pub host_ip: Option<Box<str>>,
    /// `TCP` where absent.
    pub protocol: Option<Box<str>>,
}

/// `spec.tolerations[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// Absent or empty matches every key.
    pub key: Option<String>,
    /// `Equal` (where absent) or `Exists`.
    pub operator: Option<Box<str>>,
    /// For `Equal`.
    pub value: Option<String>,
    /// Absent or empty matches every effect.
    pub effect: Option<Box<str>>,
}

/// `spec.topologySpreadConstraints[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySpreadConstraint {
    /// By how many pods a domain may exceed the one with the fewest; at least 1.
    #[serde(deserialize_with = "null::or_default")]
    pub max_skew: i32,
    /// The node label whose values are the domains.
    #[serde(deserialize_with = "null::or_default")]
    pub topology_key: String,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    #[serde(deserialize_with = "null::or_default")]
    pub when_unsatisfiable: String,
    /// The pods that are counted, in the pod's own namespace; absent matches none, empty matches all.
    pub label_selector: Option<LabelSelector>,
    /// Fewer domains than this count as if one more had no pods; 1 where absent.
    pub min_domains: Option<i32>,
    /// Whether nodes count that the pod's node selector and affinity refuse: `Honor` (where absent)
    /// or `Ignore`.
    pub node_affinity_policy: Option<Box<str>>,
    /// Whether nodes count whose taints the pod does not tolerate: `Ignore` (where absent) or `Honor`.
    pub node_taints_policy: Option<Box<str>>,
    /// Labels that counted pods must share with the pod.
    #[serde(deserialize_with = "null::or_default")]
    pub match_label_keys: Vec<String>,
}

/// `spec.volumes[]`, as far as it ties a pod to a zone, fills an attach slot, or is detached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "VolumeOnTheWire")]
pub struct Volume {
    /// Its name, where it is ephemeral: the claim that is made for it is called `<pod>-<name>`.
    pub name: Box<str>,
    /// A claim by name.
    pub persistent_volume_claim: Option<VolumeClaimRef>,
    /// A claim that is made with the pod.
    pub ephemeral: Option<Unread>,
}

impl Volume {
    /// The claim, in the namespace of `pod`, that the volume is of; `None` for volumes without one.
    pub fn claim_name(&self, pod: &str) -> Option<String> {
        match (&self.persistent_volume_claim, self.ephemeral) {
            (Some(claim), _) => Some(claim.claim_name.to_string()),
            (None, Some(_)) => Some(format!("{pod}-{}", self.name)),
            (None, None) => None,
        }
    }
}

/// `spec.volumes[].persistentVolumeClaim`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeClaimRef {
    /// A `PersistentVolumeClaim` of the pod's namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub claim_name: Box<str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeOnTheWire {
    #[serde(deserialize_with = "null::or_default")]
    name: Box<str>,
    persistent_volume_claim: Option<VolumeClaimRef>,
    ephemeral: Option<Unread>,
}

/// Most volumes have no claim, and then nothing is kept.
impl From<VolumeOnTheWire> for Volume {
    fn from(wire: VolumeOnTheWire) -> Self {
        let VolumeOnTheWire { name, persistent_volume_claim, ephemeral } = wire;
        let name = if ephemeral.is_some() { name } else { Box::default() };
        Self { name, persistent_volume_claim, ephemeral }
    }
}

/// `status` of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(deserialize_with = "null::or_default")]
    pub phase: Box<str>,
    /// The node that room is kept on for it.
    pub nominated_node_name: Option<String>,
    /// When its kubelet first heard of it, RFC 3339.
    pub start_time: Option<Box<str>>,
    /// `PodScheduled` and others.
    #[serde(deserialize_with = "null::or_default")]
    pub conditions: Vec<Condition>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nomination_is_of_whoever_alone_wrote_it() {
        let entry = |manager: &str, fields: &str| {
            json!({
                "manager": manager, "operation": "Update", "apiVersion": "v1",
                "time": "2026-11-26T00:00:00Z", "fieldsType": "FieldsV1", "subresource": "status",
                "fieldsV1": { "f:status": { fields: {} } },
            })
        };
        let nomination = "f:nominatedNodeName";
        for (entries, expected) in [
            (json!([entry("us", nomination)]), true),
            (json!([entry("kubelet", "f:phase"), entry("us", nomination)]), true),
            (json!([entry("us", "f:phase"), entry("kube-scheduler", nomination)]), false),
            (json!([entry("us", nomination), entry("kube-scheduler", nomination)]), false),
            (json!([{ "manager": "us", "fieldsV1": null }, {}]), false),
            (json!(null), false),
        ] {
            let pod = json!({
                "metadata": { "managedFields": entries }, "status": { "nominatedNodeName": "n" },
            });
            let pod: Pod = serde_json::from_value(pod).unwrap();
            assert_eq!(pod.nominated_by("us"), expected.then_some("n"), "{entries}");
        }
    }
}
