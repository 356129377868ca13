//! Hands the plan's placement over to the scheduler, by `status.nominatedNodeName`.
//!
//! Level-triggered: whenever a planned pod is unbound and un-nominated and its Node exists, it is
//! nominated. Another's nomination is never overwritten; one of ours whose plan has changed is taken
//! back. Ours are those that the API server notes under our field manager alone, so that a restart
//! knows them. In: pods, where each is planned. Out: requests.

use std::collections::BTreeMap;

use api::{Pod, names};

use crate::request::{ObjectRef, Request, uid};

/// Where a pod is planned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// On a claim's node, which may not be there yet.
    Claim(String),
    /// On a Node that is there.
    Node(String),
}

/// The nominations to write or to take back. `node_of` gives a claim's Node once it exists.
pub fn place<'a>(
    pods: impl Iterator<Item = &'a Pod>,
    planned: &BTreeMap<String, Target>,
    node_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<Request> {
    pods.filter_map(|pod| {
        let uid = uid(&pod.metadata);
        let open = pod.spec.node_name.is_none() && pod.metadata.deletion_timestamp.is_none();
        if !open || uid.is_empty() {
            return None;
        }
        let wanted = planned.get(&uid).and_then(|target| match target {
            Target::Claim(claim) => node_of(claim),
            Target::Node(node) => Some(node.clone()),
        });
        let there = pod.status.nominated_node_name.as_deref().filter(|name| !name.is_empty());
        let own = pod.nominated_by(names::FIELD_MANAGER).is_some();
        let node = match (wanted, there) {
            (Some(wanted), None) => Some(wanted),
            (Some(wanted), Some(there)) if own && wanted != there => Some(wanted),
            (None, Some(_)) if own && !planned.contains_key(&uid) => None,
            _ => return None,
        };
        Some(Request::Nominate { target: ObjectRef::pod(pod), uid, node })
    })
    .collect()
}
