//! What is bought may be bought: at a known price, as the pool's requirements say, with labels
//! chosen where they are open to choice, and with the machine of the type that is listed.

use std::collections::BTreeSet;

use model::{LabelKey, LabelValue, Labels, Offering, Snapshot};

use crate::facts::{self, Facts};
use crate::found::Found;
use crate::{Place, Violation};

/// Reports what is wrong with each offering bought, once, at the first node of it.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    let snapshot = facts.snapshot;
    let mut seen = BTreeSet::new();
    for (position, node) in facts.plan.new_nodes.iter().enumerate() {
        if !seen.insert(node.offering) {
            continue;
        }
        let place = || facts::new_node(snapshot, position, node.offering);
        let offering = snapshot.offering(node.offering);
        let listing = snapshot.listing_of(offering);
        if listing.price.is_none() {
            found.push(Violation::UnknownPrice { place: place() });
        }
        let machine = snapshot.machine_of(offering);
        if machine.instance_type != listing.instance_type {
            found.push(Violation::WrongMachine {
                place: place(),
                machine: snapshot.instance_type(machine.instance_type).name.clone(),
                listing: snapshot.instance_type(listing.instance_type).name.clone(),
            });
        }
        requirements(snapshot, offering, place, found);
        choices(snapshot, offering, place, found);
    }
}

fn requirements(
    snapshot: &Snapshot,
    offering: &Offering,
    place: impl Fn() -> Place,
    found: &mut Found,
) {
    let labels = snapshot.labels_of(offering);
    for (key, requirement) in snapshot.pool(offering.pool).requirements.iter() {
        let value = labels.get(key);
        if !requirement.admits(value) {
            found.push(Violation::PoolRequirement {
                place: place(),
                key: key.clone(),
                value: value.map(LabelValue::from),
            });
        }
    }
}

fn choices(snapshot: &Snapshot, offering: &Offering, place: impl Fn() -> Place, found: &mut Found) {
    let pool = snapshot.pool(offering.pool);
    let without_choices = Offering { chosen_labels: Labels::new(), ..offering.clone() };
    let fixed = |key: &LabelKey| snapshot.labels_of(&without_choices).get(key);
    for (key, value) in &offering.chosen_labels {
        if pool.requirements.get(key.as_str()).is_none() {
            found.push(Violation::ChosenUnasked { place: place(), key: key.clone() });
        }
        if let Some(fixed) = fixed(key).filter(|fixed| *fixed != value.as_str()) {
            found.push(Violation::ChosenFixed {
                place: place(),
                key: key.clone(),
                value: value.clone(),
                fixed: LabelValue::from(fixed),
            });
        }
    }
}
