//! Promises that cannot be kept, as others have the room.
//!
//! In: promises, Nodes, what is bound or promised on each. Out: the promises that are left. A node that
//! is initialized and holds less than what is bound there together with what is promised there has been given to
//! pods that were planned elsewhere: whoever still waits for it is planned again at once, on what is left of
//! it or on another node, as no scheduler will ever place all of them.

use std::collections::{BTreeMap, BTreeSet};

use api::{Node, names};
use model::{Amount, Finding, FindingCode, NodeName, Quantity, well_known};

use super::Promises;
use crate::Objects;
use crate::pods::Bound;

/// Takes promises back on nodes that cannot hold them; whether there was one.
pub(crate) fn take_back(
    promises: &mut Promises,
    objects: &Objects,
    bound: &BTreeMap<NodeName, Bound>,
    findings: &mut Vec<Finding>,
) -> bool {
    let promised: BTreeSet<&str> = promises.values().map(String::as_str).collect();
    let nodes = objects.nodes.iter().filter(|node| promised.contains(&*node.metadata.name));
    let overdrawn: BTreeSet<String> = nodes
        .filter(|node| {
            let bound = bound.get(&NodeName::from(node.metadata.name.as_str()));
            is_initialized(node) && bound.is_some_and(|bound| is_overdrawn(node, bound))
        })
        .map(|node| node.metadata.name.clone())
        .collect();
    if overdrawn.is_empty() {
        return false;
    }
    let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
    let pending: BTreeSet<&str> = (objects.pods.iter())
        .filter(|pod| pod.spec.node_name.as_deref().unwrap_or_default().is_empty())
        .filter_map(|pod| pod.metadata.uid.as_deref())
        .collect();
    promises.retain(|uid, node| {
        let kept = !overdrawn.contains(node);
        if !kept && pending.contains(uid.as_str()) {
            *waiting.entry(node.clone()).or_default() += 1;
        }
        kept
    });
    findings.extend(waiting.into_iter().map(|(node, count)| taken(&node, count)));
    true
}

fn is_initialized(node: &Node) -> bool {
    node.metadata.labels.get(names::INITIALIZED_LABEL).is_some_and(|value| value == "true")
}

/// Whether more is bound and promised than the node has. What it does not report, or reports as nothing, says
/// nothing: a device plugin may be away for a moment.
fn is_overdrawn(node: &Node, bound: &Bound) -> bool {
    node.status.allocatable.iter().any(|(name, text)| {
        let Ok(quantity) = text.as_str().parse::<Quantity>() else { return false };
        let has = match name.as_str() {
            well_known::CPU => quantity.milli_value(),
            _ => quantity.value(),
        };
        has > 0 && bound.all.get(name) > Amount::new(has)
    })
}

fn taken(node: &str, count: u64) -> Finding {
    Finding {
        code: FindingCode::Note,
        object: format!("Node {node}"),
        field: "status.allocatable".to_owned(),
        message:
            "other pods took the room that it was bought for: the pods that still wait for it \
                  are planned again"
                .to_owned(),
        remedy: "nothing, if it is rare; pods that another scheduler places are not known before"
            .to_owned(),
        count,
    }
}
