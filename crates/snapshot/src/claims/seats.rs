//! Promises that cannot be kept, as others have the room.
//!
//! In: promises, Nodes, what is bound or promised on each. Out: the promises that are left. A node that
//! is initialized and holds less than what is bound there together with what is promised there has been given to
//! a pod that was planned elsewhere. As few of those who still wait for it as can be are planned again at once, on
//! what is left of it or on another node: no scheduler will ever place all of them, and the others keep their seats.

use std::collections::{BTreeMap, BTreeSet};

use api::{Node, Pod, names};
use model::{Amount, Finding, FindingCode, NodeName, Quantity, Resources, well_known};

use super::Promises;
use crate::Objects;
use crate::pods::{Bound, admitted_requests};

/// Takes promises back on nodes that cannot hold them; whether there was one.
pub(crate) fn take_back(
    promises: &mut Promises,
    objects: &Objects,
    bound: &BTreeMap<NodeName, Bound>,
    findings: &mut Vec<Finding>,
) -> bool {
    let promised: BTreeSet<&str> = promises.values().map(String::as_str).collect();
    let nodes = objects.nodes.iter().filter(|node| promised.contains(&*node.metadata.name));
    let overdrawn = nodes.filter_map(|node| {
        let bound = bound.get(&NodeName::from(node.metadata.name.as_str()))?;
        (is_initialized(node) && is_overdrawn(node, &bound.all)).then_some((node, &bound.all))
    });
    let mut void: BTreeSet<String> = BTreeSet::new();
    for (node, all) in overdrawn {
        let seated = objects.pods.iter().filter_map(|pod| {
            let uid = pod.metadata.uid.as_deref()?;
            let name = &node.metadata.name;
            let waits = pod.spec.node_name.as_ref() != Some(name);
            (waits && promises.get(uid) == Some(name)).then_some((uid, pod))
        });
        let seated = seated.map(|(uid, pod)| (uid, admitted_requests(pod).unwrap_or_default()));
        let taken = too_many(node, all.clone(), seated.collect());
        let count = objects.pods.iter().filter(|pod| {
            let pending = pod.spec.node_name.as_deref().unwrap_or_default().is_empty();
            pending && pod.metadata.uid.as_deref().is_some_and(|uid| taken.contains(uid))
        });
        let count = u64::try_from(count.count()).unwrap_or(u64::MAX);
        if count > 0 {
            findings.push(finding(&node.metadata.name, count));
        }
        void.extend(taken);
    }
    promises.retain(|uid, _| !void.contains(uid));
    !void.is_empty()
}

/// Whether the node holds all these pods, which are admitted. What it does not report, or reports as nothing, and
/// pods whose requests cannot be read, say nothing.
pub fn has_room<'a>(node: &Node, pods: impl IntoIterator<Item = &'a Pod>) -> bool {
    let mut all = Resources::new();
    for requests in pods.into_iter().filter_map(admitted_requests) {
        all.add(&requests);
    }
    !is_overdrawn(node, &all)
}

/// As few of the `seated` as can be without whom the node holds the others of `all`: the smallest one that is
/// enough, or the largest and so on. Smallest and largest by what is short.
fn too_many(
    node: &Node,
    mut all: Resources,
    mut seated: BTreeMap<&str, Resources>,
) -> BTreeSet<String> {
    let mut taken = BTreeSet::new();
    while is_overdrawn(node, &all) && !seated.is_empty() {
        let short: Vec<(String, Amount)> =
            all.iter().filter_map(|(name, _)| short_of(node, &all, name.as_str())).collect();
        let size = |one: &Resources| -> Vec<Amount> {
            short.iter().map(|(name, _)| one.get(name)).collect()
        };
        let enough = seated
            .iter()
            .filter(|(_, one)| short.iter().all(|(name, missing)| one.get(name) >= *missing));
        let smallest = enough.min_by_key(|(uid, one)| (size(one), **uid));
        let largest = seated.iter().max_by_key(|(uid, one)| (size(one), **uid));
        let Some(uid) = smallest.or(largest).map(|(uid, _)| *uid) else { break };
        if let Some(requests) = seated.remove(uid) {
            all.subtract(&requests);
        }
        taken.insert(uid.to_owned());
    }
    taken
}

fn is_initialized(node: &Node) -> bool {
    node.metadata.labels.get(names::INITIALIZED_LABEL).is_some_and(|value| value == "true")
}

/// Whether `all` is more than the node has. What it does not report, or reports as nothing, says nothing: a
/// device plugin may be away for a moment.
fn is_overdrawn(node: &Node, all: &Resources) -> bool {
    all.iter().any(|(name, _)| short_of(node, all, name.as_str()).is_some())
}

/// The resource with what the node is short of it, if it is.
fn short_of(node: &Node, all: &Resources, name: &str) -> Option<(String, Amount)> {
    let quantity: Quantity = node.status.allocatable.get(name)?.as_str().parse().ok()?;
    let has = match name {
        well_known::CPU => quantity.milli_value(),
        _ => quantity.value(),
    };
    let wanted = all.get(name);
    (has > 0 && wanted > Amount::new(has))
        .then(|| (name.to_owned(), Amount::new(wanted.get().saturating_sub(has))))
}

fn finding(node: &str, count: u64) -> Finding {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_few_seats_as_can_be_are_taken_back() {
        let node: Node = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "n"},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "example.com/gpu": "0"}},
        }))
        .unwrap();
        let of = |cpu: i64| {
            let gpu = Resources::new().with("example.com/gpu", 1);
            gpu.with(well_known::CPU, cpu).with(well_known::MEMORY, 1)
        };
        let seated = || BTreeMap::from([("a", of(1_000)), ("b", of(500)), ("c", of(1_500))]);
        for (bound, taken) in [
            (1_000, &[][..]),
            (1_400, &["b"]),
            (1_600, &["a"]),
            (2_200, &["c"]),
            (2_900, &["b", "c"]),
            (9_000, &["a", "b", "c"]),
        ] {
            let mut all = of(bound);
            for one in seated().values() {
                all.add(one);
            }
            let expected = taken.iter().map(|&uid| uid.to_owned()).collect();
            assert_eq!(too_many(&node, all, seated()), expected, "{bound}");
        }
    }
}
