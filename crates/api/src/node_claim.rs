//! `karpenter.sh/v1` `NodeClaim`: one node that was asked for, every field of it.

use serde::{Deserialize, Serialize};

use crate::{
    Condition, NodeClassReference, NodePoolRequirement, ObjectMeta, ResourceList, Taint, names,
    null,
};

/// A node that was asked for. Its spec never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaim {
    /// Its name; cluster-scoped.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What was asked for.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: NodeClaimSpec,
    /// What came of it.
    #[serde(deserialize_with = "null::or_default")]
    pub status: NodeClaimStatus,
}

impl NodeClaim {
    /// The condition of that type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether the condition of that type is `True`.
    pub fn is_true(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition.status == "True")
    }

    /// Whether it is being deleted.
    pub const fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// UIDs of the pods that it was made for; none where the annotation is missing or broken.
    pub fn planned_pods(&self) -> Vec<String> {
        let text = self.metadata.annotations.get(names::PLANNED_PODS_ANNOTATION);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// `spec` of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaimSpec {
    /// Taints that stay.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Taints that something removes once the node has started.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub startup_taints: Vec<Taint>,
    /// What the node must be, at most 100.
    #[serde(deserialize_with = "null::or_default")]
    pub requirements: Vec<NodePoolRequirement>,
    /// What the pods it was bought for ask for.
    #[serde(deserialize_with = "null::or_default")]
    pub resources: NodeClaimResources,
    /// How the machine is made.
    #[serde(deserialize_with = "null::or_default")]
    pub node_class_ref: NodeClassReference,
    /// How long pods may hold up its end, such as `48h`; absent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_grace_period: Option<String>,
    /// How old it may get, such as `720h` or `Never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_after: Option<String>,
}

/// `spec.resources`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaimResources {
    /// DaemonSets included.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "ResourceList::is_empty")]
    pub requests: ResourceList,
}

/// `status` of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaimStatus {
    /// Its Node, once registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// Its instance, such as `aws:///us-east-1a/i-0123456789abcdef0`, once launched.
    #[serde(rename = "providerID", skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The image it was started from.
    #[serde(rename = "imageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// What the machine has, as estimated from its type.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "ResourceList::is_empty")]
    pub capacity: ResourceList,
    /// What pods may ask for, as estimated from its type.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "ResourceList::is_empty")]
    pub allocatable: ResourceList,
    /// `Launched`, `Registered`, `Initialized` and others.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// When a pod last came or went, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_pod_event_time: Option<Box<str>>,
}
