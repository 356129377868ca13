//! Pods that run somewhere: the cluster beside the snapshot.

use std::collections::BTreeMap;

use model::fleet::{Budget, Cluster, Node, Place, Pod, PodBudget, Policy, Pool, Protection};
use model::{NodeClaimName, NodeName, PodIndex, Snapshot, Timestamp};

use super::WorldError;
use super::build::{build, missing};
use super::draft::Draft;

/// The snapshot of `draft` with its pods bound to their homes, and the cluster.
pub(super) fn fleet(mut draft: Draft) -> Result<(Snapshot, Cluster), WorldError> {
    let homes: Vec<Option<NodeName>> = draft.pods.iter().map(|pod| pod.home.clone()).collect();
    for pod in &draft.pods {
        let home = draft.nodes.iter_mut().find(|node| Some(&node.name) == pod.home.as_ref());
        let wanted = format!("node {}", pod.home.as_ref().map_or("", |name| name.as_str()));
        let home = home.ok_or_else(|| missing(&format!("pod {}", pod.name), &wanted))?;
        home.bound.add(&pod.shape.requests);
        home.rivals.extend(pod.rivals.iter().cloned());
        for selection in &pod.matches {
            *home.matched.entry(selection.clone()).or_default() += 1;
        }
        for term in &pod.apart {
            *home.apart.entry(term.clone()).or_default() += 1;
        }
    }
    let snapshot = build(draft)?;
    let mut pods: BTreeMap<&NodeName, Vec<Pod>> = BTreeMap::new();
    for (position, home) in homes.iter().enumerate() {
        if let Some(home) = home {
            let pod = running(&snapshot, PodIndex::new(position));
            pods.entry(home).or_default().push(pod);
        }
    }
    let nodes = (snapshot.nodes.iter())
        .filter(|node| node.pool.is_some())
        .map(|node| Node { pods: pods.remove(&node.name).unwrap_or_default(), ..managed(node) })
        .collect();
    let pools = snapshot.pools.iter().map(|pool| settled(pool.name.clone())).collect();
    Ok((snapshot, Cluster { nodes, pools }))
}

fn running(snapshot: &Snapshot, index: PodIndex) -> Pod {
    Pod {
        name: snapshot.pod(index).name.clone(),
        active: true,
        reschedulable: true,
        evictable: true,
        protection: Protection::None,
        budget: PodBudget::Allows,
        deletion_cost: 0,
        priority: snapshot.shape_of(index).priority,
        place: Place::Pod(index),
    }
}

/// A node as a claim of its name, initialized and quiet, without pods.
pub(crate) fn managed(node: &model::Node) -> Node {
    Node {
        claim: Some(NodeClaimName::from(node.name.as_str())),
        name: Some(node.name.clone()),
        pool: node.pool.clone(),
        initialized: true,
        ready: true,
        deleting: false,
        terminating: false,
        nominated: false,
        do_not_disrupt: false,
        quiet_since: Some(Timestamp(0)),
        expires: None,
        price: node.price,
        pods: Vec::new(),
    }
}

/// A pool that consolidates at once and all of it at a time.
fn settled(name: model::NodePoolName) -> Pool {
    Pool {
        name,
        is_static: false,
        consolidate_after: Some(0),
        policy: Policy::default(),
        budgets: vec![Budget::read(Some("100%"), None, None, None)],
    }
}
