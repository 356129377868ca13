//! Claims: nodes that were asked for, and the pods that they are promised to.
//!
//! Input: objects with NodeClaims and Nodes, the time. Output: the same objects, with each claim's
//! node among the Nodes as far as it is not there yet, and each Node under its claim's labels until
//! its registration; where pods are promised room, and which promises lapsed. From here on a claim is a
//! Node like others.

mod seats;

use std::collections::{BTreeMap, BTreeSet};

use api::{Node, NodeClaim, Pod, names};
use model::{Finding, FindingCode, Timestamp, well_known};

use crate::{Going, Objects};

pub use seats::has_room;
pub(crate) use seats::take_back;

/// On a claim's node that is not there: the types that it may be, comma-separated. Never on objects
/// of a cluster.
pub(crate) const OPEN_TYPES: &str = "stowage.sh/open-types";

/// Seconds from a node's initialization after which a promise to a pod that still pends is void: the
/// scheduler has looked at it since, at the latest when it emptied its queue of unschedulable pods
/// (every 30 s, and at most after 5 min backoff of 10 s), and has not placed it.
const PROMISE_KEPT: i64 = 120;

/// Node name by UID of the pod that is promised room on it.
pub(crate) type Promises = BTreeMap<String, String>;

/// Joins claims with Nodes. A promise that lapsed unkept is a finding.
pub(crate) fn join(
    objects: &mut Objects,
    going: &Going,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Promises {
    let mut nodes: BTreeMap<&str, String> = BTreeMap::new();
    let displaced: BTreeSet<String> = (objects.pods.iter())
        .filter(|pod| going.displaces(pod).is_some())
        .filter_map(|pod| pod.metadata.uid.as_deref().map(str::to_owned))
        .collect();
    let places: BTreeMap<String, usize> = (objects.nodes.iter().enumerate())
        .filter_map(|(place, node)| Some((node.spec.provider_id.clone()?, place)))
        .collect();
    let taken: BTreeSet<String> = objects.nodes.iter().map(|n| n.metadata.name.clone()).collect();
    withhold_unknown(objects);
    for claim in &objects.node_claims {
        let id = claim.status.provider_id.as_ref();
        let name = if let Some(place) = id.and_then(|id| places.get(id)) {
            let node = &mut objects.nodes[*place];
            under_claim(node, claim);
            node.metadata.name.clone()
        } else if taken.contains(&claim.metadata.name) {
            // A Node of the claim's own name with another provider id is somebody else's.
            continue;
        } else {
            let node = expected(claim);
            let name = node.metadata.name.clone();
            objects.nodes.push(node);
            name
        };
        nodes.insert(&claim.metadata.name, name);
        if !claim.is_deleting() && promise_lapsed(claim, now) {
            findings.extend(lapsed_unkept(claim, &objects.pods));
        }
    }
    let promised = promised(&objects.node_claims, &|uid| displaced.contains(uid), now);
    let promised = promised.into_iter().filter_map(|(claim, pods)| {
        let node = nodes.get(&*claim.metadata.name)?;
        Some(pods.into_iter().map(move |uid| (uid, node.clone())))
    });
    promised.flatten().collect()
}

/// Claims with the UIDs of the pods that they promise a seat, the newest last: a pod that was planned again
/// has the promise of the newest claim alone. Claims that are being deleted promise nothing.
///
/// A promise that was not kept for long is none: the pod's seat was taken, and it is planned again. A seat
/// that waits for a pod which `displaced` says is still to be evicted is no seat that the pod did not get.
pub fn promised<'a>(
    claims: impl IntoIterator<Item = &'a NodeClaim>,
    displaced: &dyn Fn(&str) -> bool,
    now: Timestamp,
) -> Vec<(&'a NodeClaim, Vec<String>)> {
    let claims = claims.into_iter().filter(|claim| !claim.is_deleting());
    let mut promised: Vec<_> = claims
        .map(|claim| {
            let lapsed = promise_lapsed(claim, now);
            let mut pods = claim.planned_pods();
            pods.retain(|uid| !lapsed || displaced(uid));
            (claim, pods)
        })
        .collect();
    promised.sort_by(|(a, _), (b, _)| {
        let by_age = a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp);
        by_age.then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
    promised
}

/// Keeps pods off Nodes that may be a claim's which does not know its machine yet: its room would be there
/// twice, as the claim's and as the Node's. A kubelet can join before the answer of its launch is written.
fn withhold_unknown(objects: &mut Objects) {
    let known: BTreeSet<&str> = objects
        .node_claims
        .iter()
        .filter_map(|claim| claim.status.provider_id.as_deref())
        .collect();
    let pool = |labels: &BTreeMap<String, String>| labels.get(well_known::NODE_POOL).cloned();
    let open: BTreeSet<String> = (objects.node_claims.iter())
        .filter(|claim| claim.status.provider_id.is_none())
        .filter_map(|claim| pool(&claim.metadata.labels))
        .collect();
    for node in &mut objects.nodes {
        let labels = &node.metadata.labels;
        let registered = labels.get(names::REGISTERED_LABEL).is_some_and(|value| value == "true");
        let unknown = node.spec.provider_id.as_deref().is_none_or(|id| !known.contains(id));
        if unknown && !registered && pool(labels).is_some_and(|pool| open.contains(&pool)) {
            node.spec.unschedulable = true;
        }
    }
}

/// The pods that the claim was bought for and that still pend, if any.
fn lapsed_unkept(claim: &NodeClaim, pods: &[Pod]) -> Option<Finding> {
    let promised: BTreeSet<String> = claim.planned_pods().into_iter().collect();
    let pending: Vec<&Pod> = (pods.iter())
        .filter(|pod| pod.spec.node_name.as_deref().unwrap_or_default().is_empty())
        .filter(|pod| !matches!(&*pod.status.phase, "Succeeded" | "Failed"))
        .filter(|pod| pod.metadata.uid.as_deref().is_some_and(|uid| promised.contains(uid)))
        .collect();
    let first = pending.first()?;
    let namespace = first.metadata.namespace.as_deref().unwrap_or("default");
    Some(Finding {
        code: FindingCode::Note,
        object: format!("NodeClaim {}", claim.metadata.name),
        field: format!("metadata.annotations[{}]", names::PLANNED_PODS_ANNOTATION),
        message: format!(
            "{} pods that it was bought for, {namespace}/{} among them, still wait {PROMISE_KEPT} s \
             after its node was initialized: they are planned again",
            pending.len(),
            first.metadata.name
        ),
        remedy: "look at the pod's events: why the scheduler does not place it there".to_owned(),
        count: u64::try_from(pending.len()).unwrap_or(u64::MAX),
    })
}

/// Whether the claim's node has been initialized for so long that pods which it is promised and which
/// still pend do not fit: their seats were taken, and they are planned again.
fn promise_lapsed(claim: &NodeClaim, now: Timestamp) -> bool {
    let Some(condition) = claim.condition(names::INITIALIZED).filter(|one| one.status == "True")
    else {
        return false;
    };
    let since = condition.last_transition_time.as_deref();
    let since = since.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    since.is_some_and(|since| now.0 > since.as_second().saturating_add(PROMISE_KEPT))
}

/// A Node that is not registered yet carries what its kubelet gave it; registration adds the rest.
fn under_claim(node: &mut Node, claim: &NodeClaim) {
    for (key, value) in &claim.metadata.labels {
        node.metadata.labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    if claim.is_deleting() && node.metadata.deletion_timestamp.is_none() {
        node.metadata.deletion_timestamp.clone_from(&claim.metadata.deletion_timestamp);
    }
    if !claim.is_true(names::INITIALIZED) {
        node.spec.taints.retain(|taint| {
            !(claim.spec.startup_taints.iter())
                .any(|one| one.key == taint.key && one.effect == taint.effect)
        });
    }
}

/// The node that a claim will have, as far as its requirements and its status say.
fn expected(claim: &NodeClaim) -> Node {
    let mut node = Node::default();
    node.metadata.name.clone_from(&claim.metadata.name);
    node.metadata.uid.clone_from(&claim.metadata.uid);
    node.metadata.deletion_timestamp.clone_from(&claim.metadata.deletion_timestamp);
    for requirement in &claim.spec.requirements {
        if let ("In", [value]) = (requirement.operator.as_str(), requirement.values.as_slice()) {
            node.metadata.labels.insert(requirement.key.clone(), value.clone());
        }
    }
    node.metadata.labels.extend(claim.metadata.labels.clone());
    if !node.metadata.labels.contains_key(well_known::INSTANCE_TYPE) {
        let types = claim
            .spec
            .requirements
            .iter()
            .find(|one| one.key == well_known::INSTANCE_TYPE && one.operator == "In");
        let types = types.map(|one| one.values.join(",")).unwrap_or_default();
        node.metadata.annotations.insert(OPEN_TYPES.to_owned(), types);
    }
    node.spec.taints.clone_from(&claim.spec.taints);
    node.status.capacity.clone_from(&claim.status.capacity);
    node.status.allocatable.clone_from(&claim.status.allocatable);
    node
}
