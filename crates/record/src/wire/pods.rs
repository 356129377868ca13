//! Pods, DaemonSets, and what they tolerate.

use model::{
    DaemonSet, DaemonSetName, Effect, LabelKey, NodeInclusion, Pod, PodName, PodRules, PodShape,
    Preference, Requirements, Resources, Rivals, RivalsIndex, RivalsName, Selection,
    SelectionIndex, SelectionName, ShapeIndex, SoftAsk, SoftRule, SoftRuleIndex, Spread,
    SpreadIndex, Taint, Term, TermIndex, Toleration, TolerationOperator,
};
use serde::{Deserialize, Serialize};

use super::twins;

twins! {
    DaemonSet: DaemonSetTwin,
    Effect: EffectTwin,
    NodeInclusion: NodeInclusionTwin,
    Pod: PodTwin,
    PodRules: PodRulesTwin,
    PodShape: PodShapeTwin,
    Preference: PreferenceTwin,
    Rivals: RivalsTwin,
    Selection: SelectionTwin,
    SoftAsk: SoftAskTwin,
    SoftRule: SoftRuleTwin,
    Spread: SpreadTwin,
    Taint: TaintTwin,
    Term: TermTwin,
    Toleration: TolerationTwin,
    TolerationOperator: TolerationOperatorTwin,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pod", deny_unknown_fields)]
struct PodTwin {
    #[serde(with = "crate::wire")]
    name: PodName,
    #[serde(with = "crate::wire")]
    shape: ShapeIndex,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PodShape", deny_unknown_fields)]
struct PodShapeTwin {
    #[serde(with = "crate::wire")]
    requests: Resources,
    #[serde(with = "crate::wire")]
    alternatives: Vec<Requirements>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    tolerations: Vec<Toleration>,
    #[serde(default, skip_serializing_if = "is_zero")]
    priority: i32,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    rivals: Vec<RivalsIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "asks_nothing")]
    rules: PodRules,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    preferences: Vec<Preference>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Preference", deny_unknown_fields)]
struct PreferenceTwin {
    weight: i64,
    #[serde(with = "crate::wire")]
    labels: Requirements,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PodRules", deny_unknown_fields)]
struct PodRulesTwin {
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    matches: Vec<SelectionIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    spreads: Vec<SpreadIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    together: Vec<TermIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    apart: Vec<TermIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    soft: Vec<SoftRuleIndex>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    affinity: Vec<Requirements>,
}

fn asks_nothing(rules: &PodRules) -> bool {
    *rules == PodRules::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DaemonSet", deny_unknown_fields)]
struct DaemonSetTwin {
    #[serde(with = "crate::wire")]
    name: DaemonSetName,
    #[serde(with = "crate::wire")]
    shape: PodShape,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Rivals", deny_unknown_fields)]
struct RivalsTwin {
    #[serde(with = "crate::wire")]
    name: RivalsName,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Selection", deny_unknown_fields)]
struct SelectionTwin {
    #[serde(with = "crate::wire")]
    name: SelectionName,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeInclusion")]
enum NodeInclusionTwin {
    Honor,
    Ignore,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Spread", deny_unknown_fields, rename_all = "camelCase")]
struct SpreadTwin {
    #[serde(with = "crate::wire")]
    key: LabelKey,
    #[serde(with = "crate::wire")]
    selection: SelectionIndex,
    max_skew: i64,
    min_domains: i64,
    #[serde(with = "crate::wire")]
    node_affinity: NodeInclusion,
    #[serde(with = "crate::wire")]
    node_taints: NodeInclusion,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Term", deny_unknown_fields)]
struct TermTwin {
    #[serde(with = "crate::wire")]
    key: LabelKey,
    #[serde(with = "crate::wire")]
    selection: SelectionIndex,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SoftRule", deny_unknown_fields)]
struct SoftRuleTwin {
    #[serde(with = "crate::wire")]
    key: LabelKey,
    #[serde(with = "crate::wire")]
    selection: SelectionIndex,
    #[serde(with = "crate::wire")]
    asks: SoftAsk,
    weight: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SoftAsk", deny_unknown_fields, rename_all_fields = "camelCase")]
enum SoftAskTwin {
    Together,
    Apart,
    Spread {
        max_skew: i64,
        #[serde(with = "crate::wire")]
        node_affinity: NodeInclusion,
        #[serde(with = "crate::wire")]
        node_taints: NodeInclusion,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Effect")]
enum EffectTwin {
    NoSchedule,
    PreferNoSchedule,
    NoExecute,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Taint", deny_unknown_fields)]
struct TaintTwin {
    key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(with = "crate::wire")]
    effect: Effect,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TolerationOperator")]
enum TolerationOperatorTwin {
    Equal,
    Exists,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Toleration", deny_unknown_fields)]
struct TolerationTwin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(with = "crate::wire")]
    operator: TolerationOperator,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
}
