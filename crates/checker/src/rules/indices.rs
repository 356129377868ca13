//! Every index of the snapshot and of the plan points into its list, and every shape has an
//! alternative.

use model::{Plan, Snapshot};

use crate::Violation;
use crate::found::Found;

/// Reports each index that does not, and each shape that has none.
pub(super) fn check(snapshot: &Snapshot, plan: &Plan, found: &mut Found) {
    of_snapshot(snapshot, found);
    of_plan(snapshot, plan, found);
}

fn of_snapshot(snapshot: &Snapshot, found: &mut Found) {
    let types = ("types", snapshot.types.len());
    let rivals = ("rivals", snapshot.rivals.len());
    let selections = ("selections", snapshot.selections.len());
    for (position, spread) in snapshot.spreads.iter().enumerate() {
        within(found, selections, spread.selection.get(), || format!("spread {position}"));
    }
    let terms = ("terms", snapshot.terms.len());
    for (position, term) in snapshot.terms.iter().enumerate() {
        within(found, selections, term.selection.get(), || format!("term {position}"));
    }
    for (position, rule) in snapshot.soft_rules.iter().enumerate() {
        within(found, selections, rule.selection.get(), || format!("soft rule {position}"));
    }
    of_shapes(snapshot, found);
    for pod in &snapshot.pods {
        let shapes = ("shapes", snapshot.shapes.len());
        within(found, shapes, pod.shape.get(), || format!("pod {}", pod.name));
    }
    for (position, listing) in snapshot.listings.iter().enumerate() {
        let owner = || format!("listing {position}");
        within(found, types, listing.instance_type.get(), owner);
        if let Some(supply) = listing.supply {
            within(found, ("supplies", snapshot.supplies.len()), supply.get(), owner);
        }
    }
    for node in &snapshot.nodes {
        for group in &node.rivals {
            within(found, rivals, group.get(), || format!("node {}", node.name));
        }
        for (selection, _) in &node.matched {
            within(found, selections, selection.get(), || format!("node {}", node.name));
        }
        for (term, _) in &node.apart {
            within(found, terms, term.get(), || format!("node {}", node.name));
        }
    }
    for class in &snapshot.node_classes {
        for machine in &class.machines {
            let owner = || format!("a machine of class {}", class.name);
            within(found, types, machine.instance_type.get(), owner);
        }
    }
    for pool in &snapshot.pools {
        let classes = ("node_classes", snapshot.node_classes.len());
        let owner = || format!("pool {}", pool.name);
        within(found, classes, pool.node_class.get(), owner);
    }
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        let owner = || format!("offering {position}");
        let listings = ("listings", snapshot.listings.len());
        within(found, listings, offering.listing.get(), owner);
        let pools = ("pools", snapshot.pools.len());
        within(found, pools, offering.pool.get(), owner);
        let class = (snapshot.pools.get(offering.pool.get()))
            .and_then(|pool| snapshot.node_classes.get(pool.node_class.get()));
        if let Some(class) = class {
            let machines = ("machines", class.machines.len());
            within(found, machines, offering.machine.get(), owner);
        }
    }
}

fn of_shapes(snapshot: &Snapshot, found: &mut Found) {
    let rivals = ("rivals", snapshot.rivals.len());
    let selections = ("selections", snapshot.selections.len());
    let spreads = ("spreads", snapshot.spreads.len());
    let terms = ("terms", snapshot.terms.len());
    let soft = ("soft_rules", snapshot.soft_rules.len());
    for (shape, one) in snapshot.shapes.iter().enumerate() {
        for group in &one.rivals {
            within(found, rivals, group.get(), || format!("shape {shape}"));
        }
        for selection in &one.rules.matches {
            within(found, selections, selection.get(), || format!("shape {shape}"));
        }
        for spread in &one.rules.spreads {
            within(found, spreads, spread.get(), || format!("shape {shape}"));
        }
        for term in one.rules.together.iter().chain(&one.rules.apart) {
            within(found, terms, term.get(), || format!("shape {shape}"));
        }
        for rule in &one.rules.soft {
            within(found, soft, rule.get(), || format!("shape {shape}"));
        }
        if one.alternatives.is_empty() {
            found.push(Violation::NoAlternative { shape });
        }
    }
}

fn of_plan(snapshot: &Snapshot, plan: &Plan, found: &mut Found) {
    let pods = ("pods", snapshot.pods.len());
    for (position, node) in plan.new_nodes.iter().enumerate() {
        let owner = || format!("new node {position}");
        let offerings = ("offerings", snapshot.offerings.len());
        within(found, offerings, node.offering.get(), owner);
        for pod in &node.pods {
            within(found, pods, pod.get(), owner);
        }
    }
    for (position, fill) in plan.existing.iter().enumerate() {
        let owner = || format!("existing node {position} of the plan");
        within(found, ("nodes", snapshot.nodes.len()), fill.node.get(), owner);
        for pod in &fill.pods {
            within(found, pods, pod.get(), owner);
        }
    }
    for (position, group) in plan.unschedulable.iter().enumerate() {
        for pod in &group.pods {
            let owner = || format!("unschedulable group {position}");
            within(found, pods, pod.get(), owner);
        }
    }
}

fn within(
    found: &mut Found,
    (list, length): (&'static str, usize),
    index: usize,
    owner: impl Fn() -> String,
) {
    if index >= length {
        found.push(Violation::BadIndex { owner: owner(), list, index, length });
    }
}
