//! `karpenter.sh/v1` `NodePool`: every field of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Condition, ObjectMeta, ResourceList, Taint, null};

/// A pool of nodes that may be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePool {
    /// Its name; cluster-scoped.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What may be opened.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: NodePoolSpec,
    /// Absent in manifests.
    #[serde(deserialize_with = "null::or_default")]
    pub status: NodePoolStatus,
}

/// `spec` of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePoolSpec {
    /// What its nodes are like.
    #[serde(deserialize_with = "null::or_default")]
    pub template: NodeClaimTemplate,
    /// When nodes may go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disruption: Option<Disruption>,
    /// Most capacity of all its nodes together, `nodes` counting them.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: ResourceList,
    /// 1 to 100; 0 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// A fixed number of nodes (alpha); absent for pools that follow the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
}

/// `spec.template`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaimTemplate {
    /// Labels and annotations of its nodes.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: TemplateMeta,
    /// Requirements, taints and class.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: NodeClaimTemplateSpec,
}

/// `spec.template.metadata`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateMeta {
    /// Labels of its nodes.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of its nodes.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// `spec.template.spec`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClaimTemplateSpec {
    /// What its nodes must be.
    #[serde(deserialize_with = "null::or_default")]
    pub requirements: Vec<NodePoolRequirement>,
    /// Taints that stay.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Taints that something removes once a node has started.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub startup_taints: Vec<Taint>,
    /// How machines are made.
    #[serde(deserialize_with = "null::or_default")]
    pub node_class_ref: NodeClassReference,
    /// How long pods may hold up a node's end, such as `48h`; absent: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination_grace_period: Option<String>,
    /// How old a node may get, such as `720h` (where absent) or `Never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_after: Option<String>,
}

/// `spec.template.spec.requirements[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePoolRequirement {
    /// The label.
    #[serde(deserialize_with = "null::or_default")]
    pub key: String,
    /// One of eight, see `model::Operator`.
    #[serde(deserialize_with = "null::or_default")]
    pub operator: String,
    /// The values compared with.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// How many distinct values a launch must leave open, 1 to 50 (alpha).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_values: Option<i32>,
}

/// `spec.template.spec.nodeClassRef`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClassReference {
    /// Such as `karpenter.k8s.aws`.
    #[serde(deserialize_with = "null::or_default")]
    pub group: String,
    /// Such as `EC2NodeClass`.
    #[serde(deserialize_with = "null::or_default")]
    pub kind: String,
    /// The class's name.
    #[serde(deserialize_with = "null::or_default")]
    pub name: String,
}

/// `spec.disruption`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Disruption {
    /// How long a node must have been quiet, such as `30s` or `Never`; `0s` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consolidate_after: Option<String>,
    /// `WhenEmpty`, `WhenEmptyOrUnderutilized` (where absent) or `Balanced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consolidation_policy: Option<String>,
    /// How many nodes may go at once; absent: 10 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgets: Option<Vec<Budget>>,
}

/// `spec.disruption.budgets[]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Budget {
    /// A count or a percentage, such as `10%` (where absent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<String>,
    /// When it begins, in cron's five fields, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// How long it lasts, such as `8h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Which disruptions it counts; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Vec<String>>,
}

/// `status` of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodePoolStatus {
    /// How many nodes it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<i64>,
    /// The generation of its class that the health of registrations was last told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_class_observed_generation: Option<i64>,
    /// Capacity of its nodes together.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: ResourceList,
    /// `Ready` and others.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}
