//! From an answer to the document.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::{NanoUsdPerHour, Offering, PodIndex, Price};
use planner::Small;
use serde_json::value::{RawValue, to_raw_value};

use super::document::{
    Alternative, Catalog, Certificate, ExistingNode, Finding, GivenUp, NewNode, Plan, Preferences,
    PriceDate, SCHEMA_VERSION, Unschedulable, Worth,
};
use super::reason::Reason;
use super::value::{Gap, Quantities, Usd, UsdPerHour};
use crate::answer::{Answer, CatalogDates};
use crate::bill::Bill;
use crate::money::{rounded_down, rounded_up};
use crate::preferred::preferred;

/// The document for `answer`; `names` are those of its new nodes, in order.
pub(super) fn document<'a>(
    answer: &'a Answer<'_>,
    names: &'a [String],
) -> serde_json::Result<Plan<'a>> {
    let bill = &answer.bill;
    let alternatives = planner::alternatives(answer.snapshot, answer.plan, bill.minimised);
    let circumstances = &answer.circumstances;
    Ok(Plan {
        schema_version: SCHEMA_VERSION,
        region: answer.snapshot.region.as_str(),
        pods: circumstances.pods,
        catalog: catalog(&circumstances.catalog),
        seed: circumstances.seed,
        cost_per_hour: UsdPerHour::new(answer.bill.cost),
        existing_cost_per_hour: UsdPerHour::new(answer.bill.existing),
        restart_cost: Usd::new(bill.minimised.restart_cost),
        objective_per_hour: UsdPerHour::new(rounded_up(bill.objective)),
        lower_bound_per_hour: bound(bill.objective_bound),
        cost_lower_bound_per_hour: bound(bill.cost_bound),
        gap: bill.gap().map(Gap::new),
        preferences: preferences(answer),
        complete: answer.report.complete,
        small_set: answer.report.small.map(|small| match small {
            Small::Cheapest => "cheapest",
            Small::NotProved => "notProved",
        }),
        work_used: answer.report.work_used,
        certificate: certificate(answer, bill.objective_proof),
        cost_certificate: (bill.cost_proof != bill.objective_proof)
            .then(|| certificate(answer, bill.cost_proof)),
        nodes: (answer.plan.new_nodes.iter().zip(names).zip(alternatives))
            .map(|((new, name), alternatives)| {
                Ok(NewNode { alternatives: raw(answer, &alternatives)?, ..node(answer, new, name) })
            })
            .collect::<serde_json::Result<_>>()?,
        existing: (answer.plan.existing.iter())
            .map(|fill| ExistingNode {
                name: answer.snapshot.node(fill.node).name.as_str(),
                pods: pod_names(answer, &fill.pods),
            })
            .collect(),
        unschedulable: unschedulable(answer),
        findings: answer.findings.iter().map(finding).collect(),
    })
}

/// What placed pods prefer, where any prefers anything.
fn preferences<'a>(answer: &'a Answer<'_>) -> Option<Preferences<'a>> {
    let Bill { preferences, minimised, .. } = &answer.bill;
    let given_up = |one: &'a checker::GivenUp| GivenUp {
        pod: answer.snapshot.pod(one.pod).name.as_str(),
        pods: one.pods,
        preferred: preferred(&one.preferred),
        weight: one.weight,
        price_per_hour: UsdPerHour::new(rounded_up(
            minimised.preference(one.standalone, one.weight),
        )),
        keeping_per_hour: one.keeping.map(|keeping| UsdPerHour::new(rounded_up(keeping))),
    };
    (preferences.weight > 0).then(|| Preferences {
        preference_price: Gap::new(i128::from(minimised.preference_price.millionths())),
        weight: preferences.weight,
        satisfied_weight: preferences.satisfied,
        price_per_hour: UsdPerHour::new(rounded_up(preferences.price(*minimised))),
        given_up: preferences.given_up.iter().map(given_up).collect(),
    })
}

fn bound(rate: NanoUsdPerHour) -> UsdPerHour {
    UsdPerHour::new(rounded_down(rate))
}

fn certificate<'a>(answer: &'a Answer<'_>, candidate: usize) -> Certificate<'a> {
    let mut first = vec![None; answer.snapshot.shapes.len()];
    for pod in &answer.snapshot.pods {
        first[pod.shape.get()].get_or_insert(pod.name.as_str());
    }
    let worths = first.iter().zip(&answer.report.candidates[candidate].certificate.worths);
    Certificate {
        worths: worths
            .filter(|(_, worth)| worth.get() > 0)
            .filter_map(|(pod, worth)| {
                let worth_nano_usd_per_hour = worth.get().to_string();
                Some(Worth { pod: (*pod)?, worth_nano_usd_per_hour })
            })
            .collect(),
    }
}

/// Each of `alternatives` as JSON on one line.
fn raw(
    answer: &Answer<'_>,
    alternatives: &[planner::Alternative],
) -> serde_json::Result<Vec<Box<RawValue>>> {
    let json = |found: &planner::Alternative| {
        let offering = answer.snapshot.offering(found.offering);
        let listing = answer.snapshot.listing_of(offering);
        to_raw_value(&Alternative {
            instance_type: (answer.snapshot.instance_type(listing.instance_type)).name.as_str(),
            zone: listing.zone.as_str(),
            capacity_type: listing.capacity_type.as_str(),
            supply: supply(answer, offering),
            labels: labels(offering),
            price_per_hour: UsdPerHour::new(listing.price.expect("alternatives have a price").rate),
            regret_per_hour: UsdPerHour::new(rounded_up(found.regret)),
        })
    };
    alternatives.iter().map(json).collect()
}

fn supply<'a>(answer: &'a Answer<'_>, offering: &Offering) -> Option<&'a str> {
    let supply = answer.snapshot.supply_of(offering)?;
    Some(answer.snapshot.supply(supply).name.as_str())
}

fn labels(offering: &Offering) -> BTreeMap<&str, &str> {
    (offering.chosen_labels.iter()).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

pub(super) fn catalog(dates: &CatalogDates) -> Catalog<'_> {
    Catalog {
        date: &dates.newest,
        on_demand_prices: (dates.prices.iter())
            .map(|price| PriceDate {
                as_of: &price.as_of,
                source: &price.source,
                quality: &price.quality,
                types: price.types,
            })
            .collect(),
    }
}

fn node<'a>(answer: &'a Answer<'_>, new: &'a model::NewNode, name: &'a str) -> NewNode<'a> {
    let offering = answer.offering(new);
    let listing = answer.snapshot.listing_of(offering);
    let Price { rate, estimated } =
        listing.price.expect("the checker refuses plans that buy what has no price");
    NewNode {
        name,
        node_pool: answer.snapshot.pool(offering.pool).name.as_str(),
        instance_type: (answer.snapshot.instance_type(listing.instance_type)).name.as_str(),
        zone: listing.zone.as_str(),
        capacity_type: listing.capacity_type.as_str(),
        supply: supply(answer, offering),
        price_per_hour: UsdPerHour::new(rate),
        price_estimated: estimated,
        labels: labels(offering),
        allocatable: Quantities::new(answer.allocatable(offering)),
        daemon_set_requests: Quantities::new(answer.daemons(offering)),
        requests: Quantities::new(answer.requests(new)),
        pods: pod_names(answer, &new.pods),
        alternatives: Vec::new(),
    }
}

fn pod_names<'a>(answer: &'a Answer<'_>, pods: &[PodIndex]) -> Vec<&'a str> {
    (pods.iter()).map(|pod| answer.snapshot.pod(*pod).name.as_str()).collect()
}

fn unschedulable<'a>(answer: &'a Answer<'_>) -> Vec<Unschedulable<'a>> {
    let mut all = Vec::new();
    for group in &answer.plan.unschedulable {
        let reasons: Rc<[Reason<'a>]> = group.reasons.iter().map(Reason::new).collect();
        all.extend(group.pods.iter().map(|pod| Unschedulable {
            pod: answer.snapshot.pod(*pod).name.as_str(),
            reasons: Rc::clone(&reasons),
        }));
    }
    all
}

pub(super) fn finding(finding: &model::Finding) -> Finding<'_> {
    let model::Finding { code, object, field, message, remedy, count } = finding;
    Finding { code: code.as_str(), object, field, message, remedy, count: *count }
}
