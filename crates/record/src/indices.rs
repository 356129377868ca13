//! Holds the indices of a record against the lists that they point into.
//!
//! Planning trusts a snapshot's indices, as lowering makes them; a record may come from anywhere.

use std::collections::BTreeSet;

use disruption::Answer;
use model::fleet::{Cluster, Place};
use model::{Plan, Snapshot};
use planner::Pass;

use crate::decode::Recorded;
use crate::error::Problem;
use crate::fleet::RecordedPass;

type Checked = Result<(), (String, Problem)>;

/// The first index that points beyond its list, with its field.
pub(crate) fn check(recorded: &Recorded) -> Checked {
    match recorded {
        Recorded::Planning(planning) => {
            snapshot(&planning.snapshot)?;
            plan(&planning.snapshot, &planning.plan)
        }
        Recorded::Ending(ending) => {
            let nodes = ending.cluster.nodes.len();
            let field = || "decision.kept".to_owned();
            ending.decision.kept.keys().try_for_each(|place| within(*place, nodes, field))
        }
        Recorded::Pass(pass) => {
            snapshot(&pass.snapshot)?;
            cluster(&pass.snapshot, &pass.cluster)?;
            found(pass)
        }
    }
}

/// Pods that run have their places, each its own, and nodes their names: what trades with them counts on
/// it.
fn cluster(snapshot: &Snapshot, cluster: &Cluster) -> Checked {
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for (place, node) in cluster.nodes.iter().enumerate() {
        let name = || format!("cluster.nodes[{place}].name");
        if let Some(known) = &node.name
            && !seen.0.insert(known)
        {
            return Err((name(), Problem::Twice(known.to_string())));
        }
        for pod in &node.pods {
            let Place::Pod(index) = pod.place else { continue };
            let field = || format!("cluster.nodes[{place}].pods.place");
            within(index.get(), snapshot.pods.len(), field)?;
            if !seen.1.insert(index) {
                return Err((field(), Problem::Twice(pod.name.to_string())));
            }
        }
    }
    Ok(())
}

fn found(pass: &RecordedPass) -> Checked {
    let (snapshot, nodes) = (&pass.snapshot, pass.cluster.nodes.len());
    let Pass { found, drift } = &pass.pass;
    for (place, one) in found.moves.iter().enumerate() {
        let field = |name: &str| format!("found.moves[{place}].{name}");
        let pods = |pods: &[model::PodIndex]| {
            let length = snapshot.pods.len();
            pods.iter().try_for_each(|pod| within(pod.get(), length, || field("pods")))
        };
        let node =
            |node: model::NodeIndex, name| within(node.get(), snapshot.nodes.len(), || field(name));
        one.removed.iter().try_for_each(|removed| node(*removed, "removed"))?;
        for launched in &one.launched {
            let length = snapshot.offerings.len();
            within(launched.offering.get(), length, || field("launched"))?;
            pods(&launched.pods)?;
        }
        for fill in &one.taken {
            node(fill.node, "taken")?;
            pods(&fill.pods)?;
        }
    }
    for answer in &found.answers {
        if let Answer::Goes(position) = answer {
            within(*position, found.moves.len(), || "found.answers".to_owned())?;
        }
    }
    let mut drifted = drift.go.iter().chain(drift.kept.keys());
    drifted.try_for_each(|place| within(*place, nodes, || "drift".to_owned()))
}

fn within(index: usize, length: usize, field: impl FnOnce() -> String) -> Checked {
    if index < length { Ok(()) } else { Err((field(), Problem::Index { index, length })) }
}

fn snapshot(snapshot: &Snapshot) -> Checked {
    let rivals = snapshot.rivals.len();
    let selections = snapshot.selections.len();
    shapes(snapshot)?;
    for (place, spread) in snapshot.spreads.iter().enumerate() {
        let field = || format!("snapshot.spreads[{place}].selection");
        within(spread.selection.get(), selections, field)?;
    }
    for (place, term) in snapshot.terms.iter().enumerate() {
        let field = || format!("snapshot.terms[{place}].selection");
        within(term.selection.get(), selections, field)?;
    }
    for (place, rule) in snapshot.soft_rules.iter().enumerate() {
        let field = || format!("snapshot.softRules[{place}].selection");
        within(rule.selection.get(), selections, field)?;
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

fn shapes(snapshot: &Snapshot) -> Checked {
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
        for rule in &shape.rules.soft {
            within(rule.get(), snapshot.soft_rules.len(), field("soft"))?;
        }
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
