//! Plans, reasons, findings, and what the planner reports.

use model::{
    Amount, Candidate, Certificate, Finding, FindingCode, InstanceTypeName, LabelKey, LabelValue,
    MicroUsdPerHour, NanoUsdPerHour, NewNode, NodeFill, NodeIndex, NodePoolName, OfferingIndex,
    PodIndex, Reason, ResourceName, SelectionName, Supply, SupplyName, Taint, Unschedulable,
};
use planner::{LimitUse, PoolReport, Small, SupplyUse};
use serde::{Deserialize, Serialize};

use super::twins;

twins! {
    Candidate: CandidateTwin,
    Certificate: CertificateTwin,
    Finding: FindingTwin,
    FindingCode: FindingCodeTwin,
    LimitUse: LimitUseTwin,
    NewNode: NewNodeTwin,
    NodeFill: NodeFillTwin,
    PoolReport: PoolReportTwin,
    Reason: ReasonTwin,
    Small: SmallTwin,
    SupplyUse: SupplyUseTwin,
    Unschedulable: UnschedulableTwin,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NewNode", deny_unknown_fields)]
struct NewNodeTwin {
    #[serde(with = "crate::wire")]
    offering: OfferingIndex,
    #[serde(with = "crate::wire")]
    pods: Vec<PodIndex>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NodeFill", deny_unknown_fields)]
struct NodeFillTwin {
    #[serde(with = "crate::wire")]
    node: NodeIndex,
    #[serde(with = "crate::wire")]
    pods: Vec<PodIndex>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unschedulable", deny_unknown_fields)]
struct UnschedulableTwin {
    #[serde(with = "crate::wire")]
    pods: Vec<PodIndex>,
    #[serde(with = "crate::wire")]
    reasons: Vec<Reason>,
}

#[derive(Serialize, Deserialize)]
#[serde(
    remote = "Reason",
    deny_unknown_fields,
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
enum ReasonTwin {
    NoNodePool,
    EmptyPool {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
    },
    Taint {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        taint: Taint,
        excluded: u32,
    },
    Requirement {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        key: LabelKey,
        excluded: u32,
    },
    Unpriced {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        excluded: u32,
    },
    Resource {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        resource: ResourceName,
        #[serde(with = "crate::wire")]
        needs: Amount,
        #[serde(with = "crate::wire")]
        largest: Amount,
        #[serde(with = "crate::wire")]
        largest_type: InstanceTypeName,
        excluded: u32,
    },
    Combination {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        excluded: u32,
    },
    MinValues {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        key: LabelKey,
        least: i64,
        open: i64,
        excluded: u32,
    },
    Limit {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        resource: ResourceName,
        #[serde(with = "crate::wire")]
        limit: Amount,
        #[serde(with = "crate::wire")]
        used: Amount,
        #[serde(with = "crate::wire")]
        least: Amount,
        excluded: u32,
    },
    Supply {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        supply: SupplyName,
        cap: i64,
        excluded: u32,
    },
    Spread {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        key: LabelKey,
        #[serde(with = "crate::wire")]
        selection: SelectionName,
        max_skew: i64,
        least: i64,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        least_in: Option<LabelValue>,
        load: i64,
        excluded: u32,
    },
    Affinity {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        key: LabelKey,
        #[serde(with = "crate::wire")]
        selection: SelectionName,
        #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
        there_in: Option<LabelValue>,
        excluded: u32,
    },
    AntiAffinity {
        #[serde(with = "crate::wire")]
        pool: NodePoolName,
        #[serde(with = "crate::wire")]
        key: LabelKey,
        #[serde(with = "crate::wire")]
        selection: SelectionName,
        own: bool,
        pods: i64,
        excluded: u32,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "FindingCode", rename_all = "kebab-case")]
enum FindingCodeTwin {
    BadInput,
    BadField,
    NotHonoured,
    Mapping,
    MissingReference,
    MissingFact,
    Note,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Finding", deny_unknown_fields)]
struct FindingTwin {
    #[serde(with = "crate::wire")]
    code: FindingCode,
    object: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    field: String,
    message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    remedy: String,
    count: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Certificate", deny_unknown_fields)]
struct CertificateTwin {
    #[serde(with = "crate::wire")]
    worths: Vec<NanoUsdPerHour>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Candidate", deny_unknown_fields)]
struct CandidateTwin {
    #[serde(with = "crate::wire")]
    certificate: Certificate,
    #[serde(with = "crate::wire")]
    filled: NanoUsdPerHour,
    #[serde(with = "crate::wire")]
    price: NanoUsdPerHour,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Small", rename_all = "kebab-case")]
enum SmallTwin {
    Cheapest,
    NotProved,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SupplyUse", deny_unknown_fields)]
struct SupplyUseTwin {
    #[serde(with = "crate::wire")]
    supply: Supply,
    used: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PoolReport", deny_unknown_fields, rename_all = "camelCase")]
struct PoolReportTwin {
    #[serde(with = "crate::wire")]
    name: NodePoolName,
    offerings: u64,
    unpriced: u64,
    new_nodes: u64,
    #[serde(with = "crate::wire")]
    cost: MicroUsdPerHour,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LimitUse>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LimitUse", deny_unknown_fields, rename_all = "camelCase")]
struct LimitUseTwin {
    #[serde(with = "crate::wire")]
    resource: ResourceName,
    #[serde(with = "crate::wire")]
    limit: Amount,
    #[serde(with = "crate::wire")]
    used_before: Amount,
    #[serde(with = "crate::wire")]
    used_after: Amount,
}
