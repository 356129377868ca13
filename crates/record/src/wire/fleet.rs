//! The fleet: nodes with their pods, pools with their budgets.

use std::collections::BTreeSet;

use model::fleet::{
    Budget, BudgetError, Limit, Node, Place, Pod, PodBudget, Policy, Pool, Protection, Reason,
    Schedule, ScheduleError,
};
use model::{MicroUsdPerHour, NodeClaimName, NodeName, NodePoolName, PodIndex, PodName, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Out, Wire, Word, twins, word};

twins! {
    Budget: BudgetTwin,
    BudgetError: BudgetErrorTwin,
    Limit: LimitTwin,
    Node: NodeTwin,
    Place: PlaceTwin,
    Pod: PodTwin,
    PodBudget: PodBudgetTwin,
    Policy: PolicyTwin,
    Pool: PoolTwin,
    Protection: ProtectionTwin,
    Reason: ReasonTwin,
    ScheduleError: ScheduleErrorTwin,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reason", rename_all = "kebab-case")]
enum ReasonTwin {
    Empty,
    Drifted,
    Underutilized,
    Unhealthy,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Policy", rename_all = "kebab-case")]
enum PolicyTwin {
    WhenEmpty,
    WhenEmptyOrUnderutilized,
    Balanced,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Limit", rename_all = "kebab-case")]
enum LimitTwin {
    Count(u32),
    Percent(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Budget", deny_unknown_fields)]
struct BudgetTwin {
    #[serde(with = "crate::wire")]
    limit: Limit,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    window: Option<(Schedule, i64)>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    reasons: Option<BTreeSet<Reason>>,
}

/// The text that it was read from.
impl Wire for Schedule {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "BudgetError", rename_all = "kebab-case")]
enum BudgetErrorTwin {
    Nodes(String),
    Schedule(#[serde(with = "crate::wire")] ScheduleError),
    Window,
    Reason(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ScheduleError", rename_all = "kebab-case")]
enum ScheduleErrorTwin {
    Fields {
        text: String,
        found: usize,
    },
    Name(String),
    Field {
        field: String,
        #[serde(with = "fields")]
        name: Word,
        from: u32,
        to: u32,
    },
}

word!(fields: "minute", "hour", "day of the month", "month", "weekday");

/// A budget, or why it cannot be read.
impl Wire for Result<Budget, BudgetError> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Ok(budget) => serializer.serialize_newtype_variant("Read", 0, "budget", &Out(budget)),
            Err(error) => serializer.serialize_newtype_variant("Read", 1, "error", &Out(error)),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Read {
            Budget(#[serde(with = "crate::wire")] Budget),
            Error(#[serde(with = "crate::wire")] BudgetError),
        }
        Ok(match Read::deserialize(deserializer)? {
            Read::Budget(budget) => Ok(budget),
            Read::Error(error) => Err(error),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pool", deny_unknown_fields, rename_all = "camelCase")]
struct PoolTwin {
    #[serde(with = "crate::wire")]
    name: NodePoolName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_static: bool,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    consolidate_after: Option<i64>,
    #[serde(with = "crate::wire")]
    policy: Policy,
    #[serde(with = "crate::wire")]
    budgets: Vec<Result<Budget, BudgetError>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Node", deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "as its twin")]
struct NodeTwin {
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    claim: Option<NodeClaimName>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    name: Option<NodeName>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    pool: Option<NodePoolName>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    initialized: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ready: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deleting: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    terminating: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nominated: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    do_not_disrupt: bool,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    quiet_since: Option<Timestamp>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Option::is_none")]
    price: Option<MicroUsdPerHour>,
    #[serde(with = "crate::wire", default, skip_serializing_if = "Vec::is_empty")]
    pods: Vec<Pod>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Protection", rename_all = "kebab-case")]
enum ProtectionTwin {
    None,
    Always,
    Until(#[serde(with = "crate::wire")] Timestamp),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PodBudget", rename_all = "kebab-case")]
enum PodBudgetTwin {
    Allows,
    Covers { budget: String, allowed: u32 },
    Forbids(String),
    Several(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Place", rename_all = "kebab-case")]
enum PlaceTwin {
    Unknown,
    Pod(#[serde(with = "crate::wire")] PodIndex),
    NotHonoured(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Pod", deny_unknown_fields, rename_all = "camelCase")]
struct PodTwin {
    #[serde(with = "crate::wire")]
    name: PodName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    active: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reschedulable: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    evictable: bool,
    #[serde(with = "crate::wire", default, skip_serializing_if = "crate::wire::is_default")]
    protection: Protection,
    #[serde(with = "crate::wire", default, skip_serializing_if = "crate::wire::is_default")]
    budget: PodBudget,
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    deletion_cost: i32,
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    priority: i32,
    #[serde(with = "crate::wire", default, skip_serializing_if = "crate::wire::is_default")]
    place: Place,
}
