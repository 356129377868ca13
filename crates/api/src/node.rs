//! Nodes.

use serde::{Deserialize, Serialize};

use crate::{Condition, ObjectMeta, ResourceList, null};

/// A `v1` `Node`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Node {
    /// Name and labels.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// Taints and provider id.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: NodeSpec,
    /// What it holds.
    #[serde(deserialize_with = "null::or_default")]
    pub status: NodeStatus,
}

/// `spec` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// Such as `aws:///us-east-1a/i-0123456789abcdef0`.
    #[serde(rename = "providerID")]
    pub provider_id: Option<String>,
    /// Whether it is cordoned.
    #[serde(deserialize_with = "null::or_default")]
    pub unschedulable: bool,
    /// Its taints.
    #[serde(deserialize_with = "null::or_default")]
    pub taints: Vec<Taint>,
}

/// `status` of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// What it has.
    #[serde(deserialize_with = "null::or_default")]
    pub capacity: ResourceList,
    /// What pods may ask for.
    #[serde(deserialize_with = "null::or_default")]
    pub allocatable: ResourceList,
    /// `Ready` and others.
    #[serde(deserialize_with = "null::or_default")]
    pub conditions: Vec<Condition>,
}

/// A taint of a node or a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Taint {
    /// Its key.
    #[serde(deserialize_with = "null::or_default")]
    pub key: String,
    /// Its value, often none.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    #[serde(deserialize_with = "null::or_default")]
    pub effect: String,
    /// When it was put on, RFC 3339; a node's only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_added: Option<Box<str>>,
}
