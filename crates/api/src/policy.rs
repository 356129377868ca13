//! Objects that change what pods ask for, how they rank, or when they may go.

use serde::{Deserialize, Deserializer};

use crate::{LabelSelector, ObjectMeta, ResourceList, null};

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

/// A `v1` `Namespace`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Namespace {
    /// Its name and labels.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
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

/// A `policy/v1` `PodDisruptionBudget`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodDisruptionBudget {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// Which pods, and how many must stay.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PodDisruptionBudgetSpec,
    /// How many may go now.
    #[serde(deserialize_with = "null::or_default")]
    pub status: PodDisruptionBudgetStatus,
}

/// `spec` of a pod disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodDisruptionBudgetSpec {
    /// The pods of its namespace; absent matches none, empty matches all.
    pub selector: Option<LabelSelector>,
    /// A count or a share, such as `2` or `50%`, that stays.
    #[serde(deserialize_with = "count_or_share")]
    pub min_available: Option<String>,
    /// A count or a share, such as `2` or `50%`, that may be away.
    #[serde(deserialize_with = "count_or_share")]
    pub max_unavailable: Option<String>,
    /// `IfHealthyBudget` (where absent) or `AlwaysAllow`.
    pub unhealthy_pod_eviction_policy: Option<String>,
}

/// `status` of a pod disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodDisruptionBudgetStatus {
    /// The generation that the rest speaks of.
    pub observed_generation: Option<i64>,
    /// How many evictions are granted at the moment.
    #[serde(deserialize_with = "null::or_default")]
    pub disruptions_allowed: i32,
    /// Pods that are healthy.
    #[serde(deserialize_with = "null::or_default")]
    pub current_healthy: i32,
    /// Pods that must be healthy.
    #[serde(deserialize_with = "null::or_default")]
    pub desired_healthy: i32,
    /// Pods that it counts.
    #[serde(deserialize_with = "null::or_default")]
    pub expected_pods: i32,
}

/// A number or a text as text.
fn count_or_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text: Option<crate::QuantityText> = Option::deserialize(deserializer)?;
    Ok(text.map(|text| text.as_str().to_owned()))
}
