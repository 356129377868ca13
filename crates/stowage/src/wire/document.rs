//! The document: its objects and fields.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;

use super::reason::Reason;
use super::value::{Quantities, UsdPerHour};

/// The version of this format; it changes when a field changes its meaning or goes away.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A plan: which machines to buy for the pods, what they cost, and why each pod left out did not
/// fit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Plan<'a> {
    /// The version of this format, 1. Fields may be added without a new version.
    pub(super) schema_version: u32,
    /// The region that nodes are bought in.
    pub(super) region: &'a str,
    /// Which pods were planned: `pending` (those without a node) or `all`.
    #[cfg_attr(test, schemars(extend("enum" = ["pending", "all"])))]
    pub(super) pods: &'a str,
    /// Dates of the embedded facts.
    pub(super) catalog: Catalog<'a>,
    /// The seed of the run.
    pub(super) seed: u64,
    /// List prices of the new nodes.
    pub(super) cost_per_hour: UsdPerHour,
    /// List prices of the nodes that are already there, where known.
    pub(super) existing_cost_per_hour: UsdPerHour,
    /// Cost and everything else that was weighed as money.
    pub(super) objective_per_hour: UsdPerHour,
    /// What no plan for the same pods can go below; null where not proved.
    pub(super) lower_bound_per_hour: Option<UsdPerHour>,
    /// (objective - bound) / bound; null where not proved.
    pub(super) gap: Option<serde_json::Number>,
    /// Nodes to buy, in the order of the plan.
    pub(super) nodes: Vec<NewNode<'a>>,
    /// Nodes that are already there and get pods.
    pub(super) existing: Vec<ExistingNode<'a>>,
    /// Pods that go nowhere; those with like reasons follow each other.
    pub(super) unschedulable: Vec<Unschedulable<'a>>,
    /// What was wrong with the input, or not honoured from it, or is good to know.
    pub(super) findings: Vec<Finding<'a>>,
}

/// Dates of the embedded facts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Catalog<'a> {
    /// Date of the newest source, `YYYY-MM-DD`.
    pub(super) date: &'a str,
    /// The region's on-demand prices by date, source and quality.
    pub(super) on_demand_prices: Vec<PriceDate<'a>>,
}

/// On-demand prices of one date, source and quality.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PriceDate<'a> {
    /// `YYYY-MM` or `YYYY-MM-DD`.
    pub(super) as_of: &'a str,
    /// The source's name in the catalog.
    pub(super) source: &'a str,
    /// How it held up against other sources, such as `primary`.
    pub(super) quality: &'a str,
    /// How many instance types have such a price.
    pub(super) types: u64,
}

/// A node to buy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct NewNode<'a> {
    /// `<pool>-0001`, … in the order of the plan; no name of a node that is already there.
    pub(super) name: &'a str,
    /// The NodePool that opens it.
    pub(super) node_pool: &'a str,
    /// The EC2 instance type.
    pub(super) instance_type: &'a str,
    /// The availability zone by name.
    pub(super) zone: &'a str,
    /// `on-demand` or `spot`.
    #[cfg_attr(test, schemars(extend("enum" = ["on-demand", "spot"])))]
    pub(super) capacity_type: &'a str,
    /// The price.
    pub(super) price_per_hour: UsdPerHour,
    /// Whether the price was derived rather than listed.
    pub(super) price_estimated: bool,
    /// Values chosen for labels that the pool leaves open.
    pub(super) labels: BTreeMap<&'a str, &'a str>,
    /// What pods and DaemonSets may ask for in total.
    pub(super) allocatable: Quantities,
    /// What DaemonSet pods ask for.
    pub(super) daemon_set_requests: Quantities,
    /// What the pods below ask for together, `pods` counting them.
    pub(super) requests: Quantities,
    /// The pods it is bought for, as `namespace/name`.
    pub(super) pods: Vec<&'a str>,
}

/// A node that is already there and gets pods.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ExistingNode<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The pods it gets, as `namespace/name`.
    pub(super) pods: Vec<&'a str>,
}

/// A pod that goes nowhere.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Unschedulable<'a> {
    /// The pod, as `namespace/name`.
    pub(super) pod: &'a str,
    // Pods that are alike share one list in memory.
    /// Why, pool by pool; at least one.
    pub(super) reasons: Rc<[Reason<'a>]>,
}

/// Something about the input.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Finding<'a> {
    /// `bad-input`, `bad-field`, `not-honoured`, `mapping`, `missing-reference`, `missing-fact` or
    /// `note`.
    pub(super) code: &'a str,
    /// The object, or file and line; the first of `count`.
    pub(super) object: &'a str,
    /// The field as a path; empty where the whole object is meant.
    pub(super) field: &'a str,
    /// What is the matter.
    pub(super) message: &'a str,
    /// What to do about it; empty where nothing need be done.
    pub(super) remedy: &'a str,
    /// How many objects this stands for, at least 1.
    pub(super) count: u64,
}
