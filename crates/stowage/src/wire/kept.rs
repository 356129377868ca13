//! Why a node stays, with its numbers.

use disruption::Kept;
use model::NanoUsdPerHour;
use serde::Serialize;

use super::value::UsdPerHour;
use crate::money::rounded_up;

/// The numbers and names behind a reason; those are there that the reason has.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Numbers<'a> {
    /// A pod, as `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod: Option<&'a str>,
    /// The PodDisruptionBudget, as `namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_budget: Option<&'a str>,
    /// How many PodDisruptionBudgets cover the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pod_budgets: Option<usize>,
    /// The pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_pool: Option<&'a str>,
    /// The field by which the pod asks for what no plan honours; empty where it was not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<&'a str>,
    /// The label that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<&'a str>,
    /// The instance type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) instance_type: Option<&'a str>,
    /// When that is over, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    /// For how long pods must neither come nor go, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quiet_seconds: Option<i64>,
    /// Pods that would have to move, or that come here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pods: Option<usize>,
    /// Those of them that fit on nodes that stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seated: Option<usize>,
    /// What the cheapest node for the others costs with its launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replacement_per_hour: Option<UsdPerHour>,
    /// What the evictions cost, spread over the horizon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evictions_per_hour: Option<UsdPerHour>,
    /// The reason for which the pool's budgets are used up, or that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) budget_reason: Option<&'a str>,
    /// What budgets allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allowed: Option<usize>,
    /// Of so many nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<usize>,
    /// What used them up before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) consuming: Option<usize>,
    /// What goes first, nodes or pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) taken: Option<usize>,
    /// The score by policy `Balanced`, thousandths; 500 are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score_thousandths: Option<i64>,
    /// Cheaper types for a spot node, of which 15 are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) types: Option<usize>,
    /// Its place among those looked at next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<usize>,
}

impl<'a> Numbers<'a> {
    /// Those of `kept`; which node a canary is, is in the message alone.
    pub(super) fn new(kept: &'a Kept) -> Self {
        let none = Self::default();
        match kept {
            Kept::NotManaged
            | Kept::NoNode
            | Kept::Deleting
            | Kept::NotInitialized
            | Kept::Nominated
            | Kept::DoNotDisrupt
            | Kept::NoPool
            | Kept::StaticPool
            | Kept::ConsolidationDisabled
            | Kept::Empty
            | Kept::Unknown => none,
            Kept::SpotForSpot { types } => Self { types: *types, ..none },
            Kept::PoolNotFound(pool) | Kept::Canary { pool, node: _ } => {
                Self { node_pool: Some(pool.as_str()), ..none }
            }
            Kept::PodDoNotDisrupt { pod, until } => {
                Self { pod: Some(pod.as_str()), until: until.map(snapshot::moment_text), ..none }
            }
            Kept::PodBudget { pod, budget } => {
                Self { pod: Some(pod.as_str()), pod_budget: Some(budget), ..none }
            }
            Kept::SeveralPodBudgets { pod, budgets } => {
                Self { pod: Some(pod.as_str()), pod_budgets: Some(*budgets), ..none }
            }
            Kept::NoLabel(label) => Self { label: Some(label), ..none },
            Kept::TypeNotFound(name) => Self { instance_type: Some(name), ..none },
            Kept::PodNotPlanned { pod, field } => {
                Self { pod: Some(pod.as_str()), field: Some(field), ..none }
            }
            Kept::NoSaving { pods, seated, price: _, replacement, evictions } => Self {
                pods: Some(*pods),
                seated: Some(*seated),
                replacement_per_hour: replacement.map(usd),
                evictions_per_hour: Some(usd(*evictions)),
                ..none
            },
            Kept::Takes { pods } | Kept::NotEmpty { pods } => Self { pods: Some(*pods), ..none },
            Kept::PodBudgetSpent { budget, allowed, taken } => Self {
                pod_budget: Some(budget),
                allowed: Some(*allowed),
                taken: Some(*taken),
                ..none
            },
            Kept::Balanced { pool, score } => {
                Self { node_pool: Some(pool.as_str()), score_thousandths: Some(*score), ..none }
            }
            Kept::Later { place } => Self { place: Some(*place), ..none },
            Kept::NotQuiet { after, until } => Self {
                quiet_seconds: Some(*after),
                until: until.map(snapshot::moment_text),
                ..none
            },
            Kept::Budget { reason, allowed, total, consuming, taken } => Self {
                budget_reason: Some(reason.as_str()),
                allowed: Some(*allowed),
                total: Some(*total),
                consuming: Some(*consuming),
                taken: Some(*taken),
                ..none
            },
            Kept::Validating { reason, until } => Self {
                budget_reason: Some(reason.as_str()),
                until: Some(snapshot::moment_text(*until)),
                ..none
            },
        }
    }
}

fn usd(rate: NanoUsdPerHour) -> UsdPerHour {
    UsdPerHour::new(rounded_up(rate))
}
