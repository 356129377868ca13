//! Objects that change what pods ask for or how they rank.

use serde::Deserialize;

use crate::{ObjectMeta, ResourceList, null};

/// A `v1` `LimitRange`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRange {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// Its items.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: LimitRangeSpec,
}

/// `spec` of a limit range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRangeSpec {
    /// One per type of thing limited.
    #[serde(deserialize_with = "null::or_default")]
    pub limits: Vec<LimitRangeItem>,
}

/// `spec.limits[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LimitRangeItem {
    /// `Container`, `Pod` or `PersistentVolumeClaim`.
    #[serde(rename = "type", deserialize_with = "null::or_default")]
    pub kind: String,
    /// Limits of containers that have none.
    #[serde(rename = "default", deserialize_with = "null::or_default")]
    pub default_limit: ResourceList,
    /// Requests of containers that have none.
    #[serde(deserialize_with = "null::or_default")]
    pub default_request: ResourceList,
    /// The most allowed; a default limit where there is none.
    #[serde(deserialize_with = "null::or_default")]
    pub max: ResourceList,
    /// The least allowed; a default request where there is none.
    #[serde(deserialize_with = "null::or_default")]
    pub min: ResourceList,
}

/// A `scheduling.k8s.io/v1` `PriorityClass`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PriorityClass {
    /// Its name.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// The priority of its pods.
    #[serde(deserialize_with = "null::or_default")]
    pub value: i32,
    /// Whether pods without a class are of it.
    #[serde(deserialize_with = "null::or_default")]
    pub global_default: bool,
}
