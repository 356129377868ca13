//! The document: its objects and fields.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::reason::Reason;
use super::value::{Gap, Quantities, Usd, UsdPerHour};

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
    /// What the restart of one pod was taken to cost, USD; see `objectivePerHour`.
    pub(super) restart_cost: Usd,
    /// What was minimised: cost, for each pod on a new spot node the restart cost × the monthly
    /// probability of an interruption ÷ 730, and the price of preferences that are given up; rounded up.
    pub(super) objective_per_hour: UsdPerHour,
    /// What no plan for the same pods goes below in `objectivePerHour`, proved by the checker and
    /// rounded down.
    pub(super) lower_bound_per_hour: UsdPerHour,
    /// What no plan for the same pods goes below in `costPerHour`, proved by the checker and
    /// rounded down.
    pub(super) cost_lower_bound_per_hour: UsdPerHour,
    /// (objective - bound) / bound, both before rounding, rounded up to the millionth; 0 where both
    /// are 0, null where only the bound is.
    pub(super) gap: Option<Gap>,
    /// What placed pods prefer and do not require; not there where none prefers anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preferences: Option<Preferences<'a>>,
    /// Whether the search for a cheaper plan ended by itself: it was not cut, and all pods took
    /// part in it.
    pub(super) complete: bool,
    /// For a plan that buys fewer than 30 nodes: `cheapest` where branching has shown that no plan for
    /// the same pods has a lower objective, which the bound alone may not show, else `notProved`. Not
    /// there for larger plans.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(extend("enum" = ["cheapest", "notProved"])))]
    pub(super) small_set: Option<&'static str>,
    /// Units of work done; the same input with `--work` and this number gives the same plan.
    pub(super) work_used: u64,
    /// What proves the bounds; `stowage verify` proves them again.
    pub(super) certificate: Certificate<'a>,
    /// What proves `costLowerBoundPerHour`, where that is not `certificate` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost_certificate: Option<Certificate<'a>>,
    /// Nodes to buy, in the order of the plan.
    pub(super) nodes: Vec<NewNode<'a>>,
    /// Nodes that are already there and get pods.
    pub(super) existing: Vec<ExistingNode<'a>>,
    /// Pods that go nowhere; those with like reasons follow each other.
    pub(super) unschedulable: Vec<Unschedulable<'a>>,
    /// What was wrong with the input, or not honoured from it, or is good to know.
    pub(super) findings: Vec<Finding<'a>>,
}

/// What placed pods prefer, and what of it they have.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Preferences<'a> {
    /// What a preference of weight 100 was taken to be worth, as a part of what its pod costs alone at least.
    pub(super) preference_price: Gap,
    /// The weights of all that placed pods prefer, together.
    pub(super) weight: i64,
    /// The weights of what their nodes satisfy.
    pub(super) satisfied_weight: i64,
    /// What the rest comes to in `objectivePerHour`, rounded up.
    pub(super) price_per_hour: UsdPerHour,
    /// What is not satisfied, one entry for each shape of pods and each of its preferences.
    pub(super) given_up: Vec<GivenUp<'a>>,
}

/// A preference that pods go without.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GivenUp<'a> {
    /// The first pod that goes without it, as `namespace/name`.
    pub(super) pod: &'a str,
    /// How many pods of its shape do.
    pub(super) pods: i64,
    /// What is preferred, in words.
    pub(super) preferred: String,
    /// Its weight, 1 to 100.
    pub(super) weight: i64,
    /// What it is worth for each of them, rounded up.
    pub(super) price_per_hour: UsdPerHour,
    /// How much more a pod costs alone, at least, where it is satisfied, rounded up: for what only a node of its
    /// own is sure to satisfy, with the price of all of it. Null where nothing that can be bought satisfies it, or
    /// where other pods decide.
    pub(super) keeping_per_hour: Option<UsdPerHour>,
}

/// What pods are claimed to be worth. The checker scales worths down until no node can hold more
/// worth than it costs; what the placed pods are then worth together, less what nodes that are
/// already there can hold, is a lower bound.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Certificate<'a> {
    /// One entry for each shape of pods that is worth anything.
    pub(super) worths: Vec<Worth<'a>>,
}

/// What each pod of one shape is worth.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Worth<'a> {
    /// The first pod of the shape in input order, as `namespace/name`.
    pub(super) pod: &'a str,
    /// Thousand-millionths of a US dollar per hour, an integer.
    pub(super) worth_nano_usd_per_hour: String,
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
    /// `on-demand`, `spot` or `reserved`.
    #[cfg_attr(test, schemars(extend("enum" = ["on-demand", "spot", "reserved"])))]
    pub(super) capacity_type: &'a str,
    /// What it takes a unit of and of which there is only so much, such as a capacity reservation by
    /// its id; absent where there is no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supply: Option<&'a str>,
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
    // Each is written on one line: there are up to 60 per node.
    /// What its pool could buy in its place for the same pods, at most 60, by regret.
    #[cfg_attr(test, schemars(with = "Vec<Alternative<'a>>"))]
    pub(super) alternatives: Vec<Box<RawValue>>,
}

/// Another offering that holds a node's pods within the pool's limits.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Alternative<'a> {
    /// The EC2 instance type.
    pub(super) instance_type: &'a str,
    /// The availability zone by name.
    pub(super) zone: &'a str,
    /// `on-demand`, `spot` or `reserved`.
    #[cfg_attr(test, schemars(extend("enum" = ["on-demand", "spot", "reserved"])))]
    pub(super) capacity_type: &'a str,
    /// What it takes a unit of and of which there is only so much, such as a capacity reservation by
    /// its id; absent where there is no such bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supply: Option<&'a str>,
    /// Values chosen for labels that the pool leaves open; absent where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<&'a str, &'a str>,
    /// The price.
    pub(super) price_per_hour: UsdPerHour,
    /// What it adds to the objective in the node's place, rounded up.
    pub(super) regret_per_hour: UsdPerHour,
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
