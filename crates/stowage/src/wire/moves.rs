//! The JSON that `stowage plan --disrupt -o json` prints; `docs/schema/moves-v1.schema.json` is made from
//! these types.

#![expect(clippy::struct_field_names, reason = "fields are named as in the JSON")]

use std::collections::BTreeMap;
use std::io::{self, Write};

use disruption::Answer;
use model::{Move, NewNode, PodIndex, Price, well_known};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::build;
use super::document::{Alternative, Catalog, Finding, SCHEMA_VERSION};
use super::kept::Numbers;
use super::value::{Gap, Usd, UsdPerHour};
use crate::money::rounded_up;
use crate::moves::Moves as Answered;

/// What disruption would do with a cluster, were nothing waited for: moves, what they save, and why each
/// other node stays.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Moves<'a> {
    /// The version of this format, 1. Fields may be added without a new version.
    schema_version: u32,
    /// The region.
    region: &'a str,
    /// When budgets and times of quiet were looked at, RFC 3339.
    now: String,
    /// Dates of the embedded facts.
    catalog: Catalog<'a>,
    /// What one eviction was taken to cost.
    eviction_price: Usd,
    /// Over so many seconds a move has to pay.
    horizon_seconds: i64,
    /// List prices of the nodes that are there, as far as they are known.
    cost_per_hour: UsdPerHour,
    /// The same after all moves.
    cost_after_per_hour: UsdPerHour,
    /// The difference.
    saving_per_hour: UsdPerHour,
    /// What no moves go below in `costAfterPerHour`, proved by the checker and rounded down: nodes that
    /// may go are kept at their own price or not, those that something bars stay.
    lower_bound_per_hour: UsdPerHour,
    /// (cost after - bound) / bound, rounded up to the millionth; 0 where both are 0, null where only the
    /// bound is.
    gap: Option<Gap>,
    /// How many pods are evicted.
    evictions: usize,
    /// Evictions for each dollar that is saved over the horizon, rounded up to the millionth; null where
    /// nothing is saved.
    evictions_per_usd: Option<Gap>,
    /// Whether every node was looked at: the search was not cut before the turn of one.
    complete: bool,
    /// Units of work done.
    work_used: u64,
    /// What would be done, in this order.
    moves: Vec<OneMove<'a>>,
    /// One answer for each node, by NodeClaim, then Nodes without one.
    nodes: Vec<Node<'a>>,
    /// What was wrong with the input, or not honoured from it, or is good to know.
    findings: Vec<Finding<'a>>,
}

/// Nodes that go together, what comes in their place, and where their pods run then.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OneMove<'a> {
    /// `Empty`, `Drifted` or `Underutilized`.
    reason: &'a str,
    /// The nodes that go.
    removed: Vec<&'a str>,
    /// What is launched and ready before anything is drained.
    launched: Vec<Launched<'a>>,
    /// Pods that run on nodes that stay.
    taken: Vec<Taken<'a>>,
    /// How many pods are evicted.
    evictions: usize,
    /// Prices of what goes less those of what is launched.
    saving_per_hour: UsdPerHour,
    /// What evictions and launches cost, spread over the horizon and rounded up; but for `Drifted` less than the saving.
    price_per_hour: UsdPerHour,
}

/// A node to launch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Launched<'a> {
    /// `<pool>-0001`, …; no name of a node that is there.
    name: &'a str,
    /// The NodePool that opens it.
    node_pool: &'a str,
    /// The EC2 instance type.
    instance_type: &'a str,
    /// The availability zone by name.
    zone: &'a str,
    /// `on-demand`, `spot` or `reserved`.
    #[cfg_attr(test, schemars(extend("enum" = ["on-demand", "spot", "reserved"])))]
    capacity_type: &'a str,
    /// The price.
    price_per_hour: UsdPerHour,
    /// Whether the price was derived rather than listed.
    price_estimated: bool,
    /// The pods that run there then, as `namespace/name`.
    pods: Vec<&'a str>,
    /// What its pool could launch in its place so that the move still pays, at most 60, by regret.
    #[cfg_attr(test, schemars(with = "Vec<Alternative<'a>>"))]
    alternatives: Vec<Box<RawValue>>,
}

/// A node that stays and takes pods.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Taken<'a> {
    /// Its name.
    node: &'a str,
    /// The pods it takes, as `namespace/name`.
    pods: Vec<&'a str>,
}

/// What becomes of a node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Node<'a> {
    /// The Node; absent where none has joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Its NodeClaim; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    node_claim: Option<&'a str>,
    /// Its pool; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    node_pool: Option<&'a str>,
    /// Its type; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_type: Option<&'a str>,
    /// Its price; null where it is not known.
    price_per_hour: Option<UsdPerHour>,
    /// Pods on it.
    pods: usize,
    /// The move by which it goes, from 0; absent where it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    goes: Option<usize>,
    /// Why it stays; absent where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Kept<'a>>,
}

/// Why a node stays.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Kept<'a> {
    /// A word from a closed list, such as `pod_budget` or `no_saving`.
    reason: &'static str,
    /// A sentence for people.
    message: String,
    /// The numbers and names behind it.
    numbers: Numbers<'a>,
}

/// Writes the moves as indented JSON with a final newline.
pub(crate) fn write(answered: &Answered<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = answered.launched_names();
    serde_json::to_writer_pretty(&mut *out, &document(answered, &names)?)?;
    out.write_all(b"\n")
}

fn document<'a>(
    answered: &'a Answered<'_>,
    names: &'a [Vec<String>],
) -> serde_json::Result<Moves<'a>> {
    let totals = answered.checked.totals();
    let with_names = answered.all().iter().zip(names).zip(&answered.alternatives);
    Ok(Moves {
        schema_version: SCHEMA_VERSION,
        region: answered.snapshot.region.as_str(),
        now: snapshot::moment_text(answered.now),
        catalog: build::catalog(&answered.catalog),
        eviction_price: Usd::new(answered.prices.eviction),
        horizon_seconds: answered.prices.horizon_seconds,
        cost_per_hour: UsdPerHour::new(totals.cost_before),
        cost_after_per_hour: UsdPerHour::new(totals.cost_after),
        saving_per_hour: UsdPerHour::new(answered.saving()),
        lower_bound_per_hour: UsdPerHour::new(answered.bound()),
        gap: answered.gap().map(Gap::new),
        evictions: totals.evictions,
        evictions_per_usd: answered.evictions_per_usd().map(Gap::new),
        complete: answered.found.rotation.next.is_none(),
        work_used: answered.found.work_used,
        moves: with_names
            .map(|((one, names), alternatives)| one_move(answered, one, names, alternatives))
            .collect::<serde_json::Result<_>>()?,
        nodes: nodes(answered),
        findings: answered.findings.iter().map(build::finding).collect(),
    })
}

fn one_move<'a>(
    answered: &'a Answered<'_>,
    one: &'a Move,
    names: &'a [String],
    alternatives: &[Vec<planner::Alternative>],
) -> serde_json::Result<OneMove<'a>> {
    let name = |node: &model::NodeIndex| answered.snapshot.node(*node).name.as_str();
    let launched = one.launched.iter().zip(names).zip(alternatives);
    Ok(OneMove {
        reason: one.reason.as_str(),
        removed: one.removed.iter().map(name).collect(),
        launched: launched
            .map(|((node, name), others)| launch(answered, node, name, others))
            .collect::<serde_json::Result<_>>()?,
        taken: (one.taken.iter())
            .map(|fill| Taken { node: name(&fill.node), pods: pod_names(answered, &fill.pods) })
            .collect(),
        evictions: one.evictions(),
        saving_per_hour: UsdPerHour::new(one.saving),
        price_per_hour: UsdPerHour::new(rounded_up(one.price)),
    })
}

fn launch<'a>(
    answered: &'a Answered<'_>,
    node: &NewNode,
    name: &'a str,
    alternatives: &[planner::Alternative],
) -> serde_json::Result<Launched<'a>> {
    let snapshot = answered.snapshot;
    let offering = snapshot.offering(node.offering);
    let listing = snapshot.listing_of(offering);
    let Price { rate, estimated } =
        listing.price.expect("the checker refuses moves that launch what has no price");
    Ok(Launched {
        name,
        node_pool: snapshot.pool(offering.pool).name.as_str(),
        instance_type: snapshot.instance_type(listing.instance_type).name.as_str(),
        zone: listing.zone.as_str(),
        capacity_type: listing.capacity_type.as_str(),
        price_per_hour: UsdPerHour::new(rate),
        price_estimated: estimated,
        pods: pod_names(answered, &node.pods),
        alternatives: (alternatives.iter())
            .map(|one| to_raw_value(&alternative(answered, one)))
            .collect::<serde_json::Result<_>>()?,
    })
}

fn alternative<'a>(answered: &'a Answered<'_>, one: &planner::Alternative) -> Alternative<'a> {
    let snapshot = answered.snapshot;
    let offering = snapshot.offering(one.offering);
    let listing = snapshot.listing_of(offering);
    let labels = offering.chosen_labels.iter();
    Alternative {
        instance_type: snapshot.instance_type(listing.instance_type).name.as_str(),
        zone: listing.zone.as_str(),
        capacity_type: listing.capacity_type.as_str(),
        supply: listing.supply.map(|supply| snapshot.supply(supply).name.as_str()),
        labels: labels.map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        price_per_hour: UsdPerHour::new(listing.price.map(|price| price.rate).unwrap_or_default()),
        regret_per_hour: UsdPerHour::new(rounded_up(one.regret)),
    }
}

fn nodes<'a>(answered: &'a Answered<'_>) -> Vec<Node<'a>> {
    let known: BTreeMap<_, _> =
        answered.snapshot.nodes.iter().map(|node| (&node.name, node)).collect();
    let all = answered.cluster.nodes.iter().zip(&answered.found.answers);
    all.map(|(node, answer)| {
        let labels = node.name.as_ref().and_then(|name| known.get(name)).map(|one| &one.labels);
        let kind = labels.and_then(|labels| labels.get(well_known::INSTANCE_TYPE));
        let (goes, kept) = match answer {
            Answer::Goes(position) => (Some(*position), None),
            Answer::Kept(kept) => (
                None,
                Some(Kept {
                    reason: kept.as_str(),
                    message: kept.to_string(),
                    numbers: Numbers::new(kept),
                }),
            ),
        };
        Node {
            name: node.name.as_ref().map(model::NodeName::as_str),
            node_claim: node.claim.as_ref().map(model::NodeClaimName::as_str),
            node_pool: node.pool.as_ref().map(model::NodePoolName::as_str),
            instance_type: kind.map(model::LabelValue::as_str),
            price_per_hour: node.price.map(UsdPerHour::new),
            pods: node.pods.len(),
            goes,
            kept,
        }
    })
    .collect()
}

fn pod_names<'a>(answered: &'a Answered<'_>, pods: &[PodIndex]) -> Vec<&'a str> {
    pods.iter().map(|pod| answered.snapshot.pod(*pod).name.as_str()).collect()
}
