//! From an answer to the document.

use std::rc::Rc;

use model::{PodIndex, Price};

use super::document::{
    Catalog, ExistingNode, Finding, NewNode, Plan, PriceDate, SCHEMA_VERSION, Unschedulable,
};
use super::reason::Reason;
use super::value::{Quantities, UsdPerHour};
use crate::answer::{Answer, CatalogDates};

/// The document for `answer`; `names` are those of its new nodes, in order.
pub(super) fn document<'a>(answer: &'a Answer<'_>, names: &'a [String]) -> Plan<'a> {
    let circumstances = &answer.circumstances;
    Plan {
        schema_version: SCHEMA_VERSION,
        region: answer.snapshot.region.as_str(),
        pods: circumstances.pods,
        catalog: catalog(&circumstances.catalog),
        seed: circumstances.seed,
        cost_per_hour: UsdPerHour::new(answer.bill.cost),
        existing_cost_per_hour: UsdPerHour::new(answer.bill.existing),
        objective_per_hour: UsdPerHour::new(answer.bill.objective),
        lower_bound_per_hour: None,
        gap: None,
        nodes: (answer.plan.new_nodes.iter().zip(names))
            .map(|(new, name)| node(answer, new, name))
            .collect(),
        existing: (answer.plan.existing.iter())
            .map(|fill| ExistingNode {
                name: answer.snapshot.node(fill.node).name.as_str(),
                pods: pod_names(answer, &fill.pods),
            })
            .collect(),
        unschedulable: unschedulable(answer),
        findings: answer.findings.iter().map(finding).collect(),
    }
}

fn catalog(dates: &CatalogDates) -> Catalog<'_> {
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
        price_per_hour: UsdPerHour::new(rate),
        price_estimated: estimated,
        labels: (offering.chosen_labels.iter())
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
        allocatable: Quantities::new(answer.allocatable(offering)),
        daemon_set_requests: Quantities::new(answer.daemons(offering)),
        requests: Quantities::new(answer.requests(new)),
        pods: pod_names(answer, &new.pods),
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

fn finding(finding: &model::Finding) -> Finding<'_> {
    let model::Finding { code, object, field, message, remedy, count } = finding;
    Finding { code: code.as_str(), object, field, message, remedy, count: *count }
}
