//! Affinity of pods to nodes and to each other.

#![expect(clippy::struct_field_names, reason = "fields are named as on the wire")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::null;

/// `spec.affinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// To nodes by their labels.
    pub node_affinity: Option<NodeAffinity>,
    /// To nodes that hold certain pods.
    pub pod_affinity: Option<PodAffinity>,
    /// Away from nodes that hold certain pods.
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// `spec.affinity.nodeAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// Must hold.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Should hold.
    #[serde(deserialize_with = "null::or_default")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<PreferredTerm>,
}

/// Terms of which at least one must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// The terms; one with neither expressions nor fields matches nothing.
    #[serde(deserialize_with = "null::or_default")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Conditions that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// On labels.
    #[serde(deserialize_with = "null::or_default")]
    pub match_expressions: Vec<NodeSelectorRequirement>,
    /// On fields; only `metadata.name` is one.
    #[serde(deserialize_with = "null::or_default")]
    pub match_fields: Vec<NodeSelectorRequirement>,
}

/// One condition on a node's label or field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorRequirement {
    /// The label or field.
    #[serde(deserialize_with = "null::or_default")]
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    #[serde(deserialize_with = "null::or_default")]
    pub operator: String,
    /// The values compared with.
    #[serde(deserialize_with = "null::or_default")]
    pub values: Vec<String>,
}

/// A preferred node affinity term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreferredTerm {
    /// 1 to 100.
    #[serde(deserialize_with = "null::or_default")]
    pub weight: i32,
    /// What should hold.
    #[serde(deserialize_with = "null::or_default")]
    pub preference: NodeSelectorTerm,
}

/// Inter-pod affinity or anti-affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// Must hold.
    #[serde(deserialize_with = "null::or_default")]
    pub required_during_scheduling_ignored_during_execution: Vec<PodAffinityTerm>,
    /// Should hold.
    #[serde(deserialize_with = "null::or_default")]
    pub preferred_during_scheduling_ignored_during_execution: Vec<WeightedPodAffinityTerm>,
}

/// A preferred term between pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    #[serde(deserialize_with = "null::or_default")]
    pub weight: i32,
    /// What should hold.
    #[serde(deserialize_with = "null::or_default")]
    pub pod_affinity_term: PodAffinityTerm,
}

/// Pods, and a node label: together with those, or away from them, on nodes of one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinityTerm {
    /// The pods; absent matches none, empty matches all.
    pub label_selector: Option<LabelSelector>,
    /// Where they are looked for, beside what `namespace_selector` matches; the pod's own namespace
    /// where both are absent.
    #[serde(deserialize_with = "null::or_default")]
    pub namespaces: Vec<String>,
    /// Where they are looked for, by the labels of namespaces; empty matches all.
    pub namespace_selector: Option<LabelSelector>,
    /// The node label, such as `kubernetes.io/hostname`.
    #[serde(deserialize_with = "null::or_default")]
    pub topology_key: String,
    /// Labels that must have the value that the pod has.
    #[serde(deserialize_with = "null::or_default")]
    pub match_label_keys: Vec<String>,
    /// Labels that must not have the value that the pod has.
    #[serde(deserialize_with = "null::or_default")]
    pub mismatch_label_keys: Vec<String>,
}

/// Objects by their labels: all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels with these values.
    #[serde(deserialize_with = "null::or_default")]
    pub match_labels: BTreeMap<String, String>,
    /// Conditions on labels: `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "null::or_default")]
    pub match_expressions: Vec<NodeSelectorRequirement>,
}
