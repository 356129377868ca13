//! Holds the indices of a record against the lists that they point into.
//!
//! Planning trusts a snapshot's indices, as lowering makes them; a record may come from anywhere.

use model::{Plan, Snapshot};

use crate::error::Problem;
use crate::planning::Recorded;

type Checked = Result<(), (String, Problem)>;

/// The first index that points beyond its list, with its field.
pub(crate) fn check(recorded: &Recorded) -> Checked {
    snapshot(&recorded.snapshot)?;
    plan(&recorded.snapshot, &recorded.plan)
}

fn within(index: usize, length: usize, field: impl FnOnce() -> String) -> Checked {
    if index < length { Ok(()) } else { Err((field(), Problem::Index { index, length })) }
}

fn snapshot(snapshot: &Snapshot) -> Checked {
    let rivals = snapshot.rivals.len();
    let selections = snapshot.selections.len();
    for (place, shape) in snapshot.shapes.iter().enumerate() {
        let field = || format!("snapshot.shapes[{place}].rivals");
        shape.rivals.iter().try_for_each(|one| within(one.get(), rivals, field))?;
        let field = |name| move || format!("snapshot.shapes[{place}].rules.{name}");
        for selection in &shape.rules.matches {
            within(selection.get(), selections, field("matches"))?;
        }
        for spread in &shape.rules.spreads {
            within(spread.get(), snapshot.spreads.len(), field("spreads"))?;
        }
        for term in &shape.rules.together {
            within(term.get(), snapshot.terms.len(), field("together"))?;
        }
        for term in &shape.rules.apart {
            within(term.get(), snapshot.terms.len(), field("apart"))?;
        }
    }
    for (place, spread) in snapshot.spreads.iter().enumerate() {
        let field = || format!("snapshot.spreads[{place}].selection");
        within(spread.selection.get(), selections, field)?;
    }
    for (place, term) in snapshot.terms.iter().enumerate() {
        let field = || format!("snapshot.terms[{place}].selection");
        within(term.selection.get(), selections, field)?;
    }
    for (place, pod) in snapshot.pods.iter().enumerate() {
        let field = || format!("snapshot.pods[{place}].shape");
        within(pod.shape.get(), snapshot.shapes.len(), field)?;
    }
    for (place, node) in snapshot.nodes.iter().enumerate() {
        let field = || format!("snapshot.nodes[{place}].rivals");
        node.rivals.iter().try_for_each(|one| within(one.get(), rivals, field))?;
        let field = || format!("snapshot.nodes[{place}].matched");
        node.matched.iter().try_for_each(|one| within(one.0.get(), selections, field))?;
        let field = || format!("snapshot.nodes[{place}].apart");
        let terms = snapshot.terms.len();
        node.apart.iter().try_for_each(|one| within(one.0.get(), terms, field))?;
    }
    for (place, pool) in snapshot.pools.iter().enumerate() {
        let field = || format!("snapshot.pools[{place}].nodeClass");
        within(pool.node_class.get(), snapshot.node_classes.len(), field)?;
    }
    for (place, class) in snapshot.node_classes.iter().enumerate() {
        for machine in &class.machines {
            let field = || format!("snapshot.nodeClasses[{place}].machines");
            within(machine.instance_type.get(), snapshot.types.len(), field)?;
        }
    }
    for (place, listing) in snapshot.listings.iter().enumerate() {
        let field = |name| move || format!("snapshot.listings[{place}].{name}");
        within(listing.instance_type.get(), snapshot.types.len(), field("type"))?;
        if let Some(supply) = listing.supply {
            within(supply.get(), snapshot.supplies.len(), field("supply"))?;
        }
    }
    for (place, offering) in snapshot.offerings.iter().enumerate() {
        let field = |name| move || format!("snapshot.offerings[{place}].{name}");
        within(offering.pool.get(), snapshot.pools.len(), field("pool"))?;
        within(offering.listing.get(), snapshot.listings.len(), field("listing"))?;
        let class = snapshot.node_class(snapshot.pool(offering.pool).node_class);
        within(offering.machine.get(), class.machines.len(), field("machine"))?;
    }
    Ok(())
}

fn plan(snapshot: &Snapshot, plan: &Plan) -> Checked {
    let pods = |pods: &[model::PodIndex], field: &str| {
        let length = snapshot.pods.len();
        pods.iter().try_for_each(|pod| within(pod.get(), length, || field.to_owned()))
    };
    for (place, node) in plan.new_nodes.iter().enumerate() {
        let field = format!("plan.newNodes[{place}]");
        within(node.offering.get(), snapshot.offerings.len(), || format!("{field}.offering"))?;
        pods(&node.pods, &format!("{field}.pods"))?;
    }
    for (place, fill) in plan.existing.iter().enumerate() {
        let field = format!("plan.existing[{place}]");
        within(fill.node.get(), snapshot.nodes.len(), || format!("{field}.node"))?;
        pods(&fill.pods, &format!("{field}.pods"))?;
    }
    for (place, group) in plan.unschedulable.iter().enumerate() {
        pods(&group.pods, &format!("plan.unschedulable[{place}].pods"))?;
    }
    Ok(())
}
