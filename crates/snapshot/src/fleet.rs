//! The fleet: nodes with what keeps them, and the pods that run on them, from Kubernetes objects.
//!
//! Input: [`Inputs`] of a cluster, as for [`crate::lower()`]. Output: [`LoweredFleet`]: a snapshot whose
//! pods are those that run and may have to move, and the [`Cluster`] in which they do. Pods that wait
//! are not in it; nodes that are kept for one say so.

mod pods;
mod pools;
mod time;

pub use time::{latest_moment, moment, moment_text};

use std::collections::{BTreeMap, BTreeSet};

use api::names;
use ec2::Catalog;
use model::fleet::{Cluster, Node, Place, Pod};
use model::{
    NodeClaimName, NodeName, NodePoolName, PodIndex, PodName, Snapshot, Timestamp, well_known,
};

use crate::lower::lower_some;
use crate::{Going, Inputs, LowerError, LowerOptions, Lowered, Objects};

/// A snapshot of what runs, the cluster, and what there is to say about them.
#[derive(Clone, Debug)]
pub struct LoweredFleet {
    /// The snapshot, findings and summary.
    pub lowered: Lowered,
    /// Nodes by claim, then Nodes of pools without one; pools as they come.
    pub cluster: Cluster,
    /// Since when claims are drifted, by their condition `Drifted`.
    pub drifted: BTreeMap<NodeClaimName, Timestamp>,
}

/// Makes a snapshot of what runs, and the cluster that disruption looks at.
///
/// Which pods are planned is not asked: [`LowerOptions::pods`] is not looked at.
///
/// # Errors
/// As [`crate::lower()`].
pub fn lower_fleet(
    inputs: Inputs,
    catalog: &Catalog,
    options: &LowerOptions,
) -> Result<LoweredFleet, LowerError> {
    let mut cluster = cluster(&inputs.objects);
    let drifted = inputs.objects.node_claims.iter().filter_map(drifted).collect();
    let (lowered, running) = lower_some(inputs, catalog, options, true)?;
    let mut places: BTreeMap<PodName, Place> = BTreeMap::new();
    let mut known = 0;
    for one in running {
        let place = match one.shape {
            Ok(_) => {
                known += 1;
                Place::Pod(PodIndex::new(known - 1))
            }
            Err(field) => Place::NotHonoured(field),
        };
        places.insert(one.name, place);
    }
    for pod in cluster.nodes.iter_mut().flat_map(|node| &mut node.pods) {
        if let Some(place) = places.get(&pod.name) {
            pod.place = place.clone();
        }
    }
    for node in &mut cluster.nodes {
        node.price = node.name.as_ref().and_then(|name| price(&lowered.snapshot, name));
    }
    Ok(LoweredFleet { lowered, cluster, drifted })
}

fn price(snapshot: &Snapshot, name: &NodeName) -> Option<model::MicroUsdPerHour> {
    let place = snapshot.nodes.binary_search_by(|node| node.name.cmp(name)).ok()?;
    snapshot.nodes[place].price
}

fn cluster(objects: &Objects) -> Cluster {
    let budgets = pods::Budgets::new(&objects.disruption_budgets);
    let mut on_node: BTreeMap<&str, Vec<Pod>> = BTreeMap::new();
    let mut nominated: BTreeSet<&str> = BTreeSet::new();
    for pod in &objects.pods {
        match pod.spec.node_name.as_deref().filter(|name| !name.is_empty()) {
            Some(node) => on_node.entry(node).or_default().push(pods::read(pod, &budgets)),
            None => nominated.extend(pod.status.nominated_node_name.as_deref()),
        }
    }
    let displaced = displaced(objects);
    let known = Known::new(&objects.nodes);
    let mut claimed: BTreeSet<&str> = BTreeSet::new();
    let mut nodes = Vec::new();
    for claim in &objects.node_claims {
        let node = known.of(claim);
        claimed.extend(node.map(|node| node.metadata.name.as_str()));
        let kept = claim.planned_pods().iter().any(|uid| displaced.contains(uid.as_str()));
        nodes.push(Node { nominated: kept, ..facts(Some(claim), node) });
    }
    let is_pools = |node: &&api::Node| node.metadata.labels.contains_key(well_known::NODE_POOL);
    let is_free = |node: &&api::Node| !claimed.contains(node.metadata.name.as_str());
    let others = objects.nodes.iter().filter(is_pools).filter(is_free);
    nodes.extend(others.map(|node| facts(None, Some(node))));
    for node in &mut nodes {
        let Some(name) = &node.name else { continue };
        node.pods = on_node.remove(name.as_str()).unwrap_or_default();
        node.nominated |= nominated.contains(name.as_str());
    }
    Cluster { nodes, pools: objects.node_pools.iter().map(pools::read).collect() }
}

/// UIDs of pods whose nodes are going, and which will run on the nodes that were bought for them.
fn displaced(objects: &Objects) -> BTreeSet<&str> {
    let going = Going::new(objects.nodes.iter(), objects.node_claims.iter());
    let pods = objects.pods.iter().filter(|pod| going.displaces(pod).is_some());
    pods.filter_map(|pod| pod.metadata.uid.as_deref()).collect()
}

/// Nodes by what claims know them by.
struct Known<'a> {
    by_id: BTreeMap<&'a str, &'a api::Node>,
    by_name: BTreeMap<&'a str, &'a api::Node>,
}

impl<'a> Known<'a> {
    fn new(nodes: &'a [api::Node]) -> Self {
        let id = |node: &'a api::Node| Some((node.spec.provider_id.as_deref()?, node));
        Self {
            by_id: nodes.iter().filter_map(id).collect(),
            by_name: nodes.iter().map(|node| (node.metadata.name.as_str(), node)).collect(),
        }
    }

    /// The claim's Node: the one of its instance, or else the one that its status names.
    fn of(&self, claim: &api::NodeClaim) -> Option<&'a api::Node> {
        let id = claim.status.provider_id.as_deref();
        let by_id = id.and_then(|id| self.by_id.get(id));
        let name = claim.status.node_name.as_deref();
        by_id.or_else(|| name.and_then(|name| self.by_name.get(name))).copied()
    }
}

/// When the time of the claim is over; `Never`, and what cannot be read, is never.
fn expires(claim: &api::NodeClaim) -> Option<Timestamp> {
    let seconds = time::seconds(claim.spec.expire_after.as_deref()?)?;
    let created = time::moment(claim.metadata.creation_timestamp.as_deref()?)?;
    Some(Timestamp(created.0.saturating_add(seconds)))
}

/// Since when the claim is drifted, by its condition.
fn drifted(claim: &api::NodeClaim) -> Option<(NodeClaimName, Timestamp)> {
    let condition = claim.condition(names::DRIFTED).filter(|one| one.status == "True")?;
    let since = time::moment(condition.last_transition_time.as_deref()?)?;
    Some((claim.metadata.name.as_str().into(), since))
}

/// A claim and its Node, without what is on them.
fn facts(claim: Option<&api::NodeClaim>, node: Option<&api::Node>) -> Node {
    let of_claim = claim.map(|claim| &claim.metadata.labels);
    let labels = node.map(|node| &node.metadata.labels).or(of_claim);
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);
    let going = |metadata: &api::ObjectMeta| metadata.deletion_timestamp.is_some();
    let is_disrupted = |node: &api::Node| {
        going(&node.metadata)
            || node.spec.taints.iter().any(|taint| taint.key == names::DISRUPTED_TAINT)
    };
    let ready = |node: &api::Node| {
        let mut conditions = node.status.conditions.iter();
        conditions.any(|one| one.kind == names::READY && one.status == "True")
    };
    let annotated = |node: &api::Node| {
        let value = node.metadata.annotations.get(names::DO_NOT_DISRUPT_ANNOTATION);
        value.is_some_and(|value| value == "true")
    };
    let initialized = claim.and_then(|claim| claim.condition(names::INITIALIZED));
    let since = claim
        .and_then(|claim| claim.status.last_pod_event_time.as_deref())
        .or_else(|| initialized.and_then(|one| one.last_transition_time.as_deref()));
    Node {
        claim: claim.map(|claim| NodeClaimName::from(claim.metadata.name.as_str())),
        name: node.map(|node| NodeName::from(node.metadata.name.as_str())),
        pool: label(well_known::NODE_POOL).map(NodePoolName::from),
        initialized: label(names::INITIALIZED_LABEL) == Some("true"),
        ready: node.is_some_and(ready),
        deleting: claim.is_some_and(api::NodeClaim::is_deleting) || node.is_some_and(is_disrupted),
        terminating: claim.is_some_and(|claim| claim.is_true(names::INSTANCE_TERMINATING)),
        nominated: false,
        do_not_disrupt: node.is_some_and(annotated),
        quiet_since: since.and_then(time::moment),
        expires: claim.and_then(expires),
        price: None,
        pods: Vec::new(),
    }
}
