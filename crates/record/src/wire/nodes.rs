//! Nodes that are there, and pools that open them.

use model::{
    Amount, LabelKey, Labels, MicroUsdPerHour, Node, NodeClassIndex, NodeName, NodePool,
    NodePoolName, NodeState, Profile, Requirements, ResourceName, Resources, RivalsIndex,
    SelectionIndex, Taint, TermIndex,
};
use serde::{Deserialize, Serialize};

use super::twins;

twins! { Node: NodeTwin, NodePool: NodePoolTwin, NodeState: NodeStateTwin, Profile: ProfileTwin }

#[derive(Serialize, Deserialize)]
#[serde(remote = "Profile", rename_all = "kebab-case")]
enum ProfileTwin {
    Cost,
    Compat,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeState", rename_all = "kebab-case")]
enum NodeStateTwin {
    Ready,
    InFlight,
    Unschedulable,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Node", deny_unknown_fields, rename_all = "camelCase")]
struct NodeTwin {
    #[serde(with = "crate::wire")]
    name: NodeName,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    pool: Option<NodePoolName>,
    #[serde(with = "crate::wire")]
    state: NodeState,
    #[serde(with = "crate::wire")]
    labels: Labels,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    taints: Vec<Taint>,
    #[serde(with = "crate::wire")]
    allocatable: Resources,
    #[serde(with = "crate::wire")]
    bound: Resources,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Resources::is_empty")]
    bound_daemons: Resources,
    #[serde(with = "crate::wire")]
    room: Resources,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    rivals: Vec<RivalsIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    matched: Vec<(SelectionIndex, i64)>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    apart: Vec<(TermIndex, i64)>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    price: Option<MicroUsdPerHour>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodePool", deny_unknown_fields, rename_all = "camelCase")]
struct NodePoolTwin {
    #[serde(with = "crate::wire")]
    name: NodePoolName,
    weight: i32,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Requirements::is_empty")]
    requirements: Requirements,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    min_values: Vec<(LabelKey, i64)>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    taints: Vec<Taint>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    limits: Vec<(ResourceName, Amount)>,
    #[serde(with = "crate::wire")]
    node_class: NodeClassIndex,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Resources::is_empty")]
    used: Resources,
}
