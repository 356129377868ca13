//! Nodes that are going, and which of their pods need a seat elsewhere before they are evicted.
//!
//! In: Nodes and NodeClaims. Out: whether a pod that is bound is displaced. Such a pod is planned as one
//! that waits, so that its next node is asked for while it still runs; the seat that the plan gives it is
//! its own while it is there, and free for its successor from the moment at which it ends.

use std::collections::{BTreeMap, BTreeSet};

use api::{Node, NodeClaim, Pod, names};

/// Nodes that are being deleted, themselves or by their claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Going {
    /// By name: whether its pods end whatever they or anybody else says of it, as the machine is being
    /// taken away or the node has a deadline.
    nodes: BTreeMap<String, bool>,
    /// Nodes that a move marked and that are not going yet, by name.
    marked: BTreeSet<String>,
}

impl Going {
    /// The nodes that are going among these. A claim and its Node are joined by provider id.
    pub fn new<'a>(
        nodes: impl Iterator<Item = &'a Node>,
        claims: impl Iterator<Item = &'a NodeClaim>,
    ) -> Self {
        let (mut ending, mut forced) = (BTreeSet::new(), BTreeSet::new());
        let mut moving = BTreeSet::new();
        for claim in claims {
            let Some(id) = claim.status.provider_id.as_deref() else { continue };
            if claim.is_deleting() {
                ending.insert(id);
                if is_forced(claim) {
                    forced.insert(id);
                }
            } else if claim.metadata.annotations.contains_key(names::MOVE_ANNOTATION) {
                moving.insert(id);
            }
        }
        let mut all = Self::default();
        for node in nodes {
            let (name, id) = (&node.metadata.name, node.spec.provider_id.as_deref());
            let id = id.unwrap_or_default();
            if node.metadata.deletion_timestamp.is_some() || ending.contains(id) {
                all.nodes.insert(name.clone(), forced.contains(id));
            } else if moving.contains(id) {
                all.marked.insert(name.clone());
            }
        }
        all
    }

    /// Whether the pod's node goes once what was launched for its pods is ready: until then a seat that is
    /// promised to the pod elsewhere is taken, though the pod runs.
    pub fn may_displace(&self, pod: &Pod) -> bool {
        pod.spec.node_name.as_deref().is_some_and(|node| self.marked.contains(node))
    }

    /// Whether nothing is going.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether nothing is going or marked.
    pub fn moves_nothing(&self) -> bool {
        self.nodes.is_empty() && self.marked.is_empty()
    }

    /// The node that is going under the pod, if the pod runs on one and will want another. It will not
    /// where it is over, or of its node (a `DaemonSet`'s, a mirror), or where it ends and nobody makes it
    /// again under its name; nor while `karpenter.sh/do-not-disrupt` keeps it, unless it is forced.
    ///
    /// Differs from Karpenter: a pod without a controller needs none either, as nobody makes it again;
    /// and pods under a budget that never allows an eviction do, as budgets are not known here.
    pub fn displaces<'p>(&self, pod: &'p Pod) -> Option<&'p str> {
        let node = pod.spec.node_name.as_deref()?;
        let forced = *self.nodes.get(node)?;
        let owner = &*pod.metadata.controller()?.kind;
        let is_over = matches!(&*pod.status.phase, "Succeeded" | "Failed");
        let is_of_node = matches!(owner, "DaemonSet" | "Node")
            || pod.metadata.annotations.contains_key("kubernetes.io/config.mirror");
        let ends = pod.metadata.deletion_timestamp.is_some();
        let comes_back = !ends || owner == "StatefulSet";
        let annotation = pod.metadata.annotations.get(names::DO_NOT_DISRUPT_ANNOTATION);
        let is_kept = annotation.is_some_and(|value| value == "true") && !forced && !ends;
        (!is_over && !is_of_node && comes_back && !is_kept).then_some(node)
    }
}

/// Whether the end of the claim's node does not wait for its pods.
fn is_forced(claim: &NodeClaim) -> bool {
    let annotations = &claim.metadata.annotations;
    claim.spec.termination_grace_period.is_some()
        || annotations.contains_key(names::TERMINATION_TIMESTAMP_ANNOTATION)
        || annotations.contains_key(names::INTERRUPTED_ANNOTATION)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, deleted: bool) -> Node {
        let at = deleted.then_some("2026-01-01T00:00:00Z");
        serde_json::from_value(json!({
            "metadata": { "name": name, "deletionTimestamp": at },
            "spec": { "providerID": format!("aws:///a/{name}") },
        }))
        .unwrap()
    }

    fn claim(name: &str, annotation: &str) -> NodeClaim {
        serde_json::from_value(json!({
            "metadata": {
                "name": "c", "deletionTimestamp": "2026-01-01T00:00:00Z",
                "annotations": { annotation: "x" },
            },
            "spec": { "nodeClassRef": { "group": "g", "kind": "EC2NodeClass", "name": "n" } },
            "status": { "providerID": format!("aws:///a/{name}") },
        }))
        .unwrap()
    }

    fn pod(node: &str, owner: &str, more: &str, ends: bool) -> Pod {
        let at = ends.then_some("2026-01-01T00:00:00Z");
        let mut owners = Vec::new();
        if !owner.is_empty() {
            owners.push(json!({ "kind": owner, "name": "o", "controller": true }));
        }
        serde_json::from_value(json!({
            "metadata": {
                "name": "p", "deletionTimestamp": at, "ownerReferences": owners,
                "annotations": { "karpenter.sh/do-not-disrupt": more },
            },
            "spec": { "nodeName": node },
        }))
        .unwrap()
    }

    #[test]
    fn pods_of_nodes_that_go_want_another_if_they_come_again() {
        let nodes = [node("stays", false), node("goes", true), node("claimed", false)];
        let claims = [claim("claimed", "none")];
        let going = Going::new(nodes.iter(), claims.iter());
        for (node, owner, protection, ends, displaced) in [
            ("stays", "ReplicaSet", "", false, false),
            ("goes", "ReplicaSet", "", false, true),
            ("claimed", "ReplicaSet", "", false, true),
            ("claimed", "ReplicaSet", "", true, false),
            ("claimed", "StatefulSet", "", true, true),
            ("claimed", "DaemonSet", "", false, false),
            ("claimed", "", "", false, false),
            ("claimed", "Job", "true", false, false),
            ("elsewhere", "Job", "", false, false),
        ] {
            let pod = pod(node, owner, protection, ends);
            assert_eq!(going.displaces(&pod), displaced.then_some(node), "{node} {owner}");
        }
    }

    #[test]
    fn what_a_move_marked_may_displace_its_pods_and_what_is_going_does_already() {
        let nodes = [node("marked", false), node("goes", true)];
        let mut marked = claim("marked", names::MOVE_ANNOTATION);
        marked.metadata.deletion_timestamp = None;
        let going = Going::new(nodes.iter(), [marked].iter());
        for (node, may) in [("marked", true), ("goes", false), ("elsewhere", false)] {
            let pod = pod(node, "ReplicaSet", "", false);
            assert_eq!(
                (going.may_displace(&pod), node == "goes"),
                (may, going.displaces(&pod).is_some())
            );
        }
    }

    #[test]
    fn a_pod_that_must_not_be_disrupted_wants_another_node_where_nobody_asks_it() {
        let nodes = [node("n", false)];
        let pod = pod("n", "ReplicaSet", "true", false);
        for (annotation, displaced) in [
            ("none", false),
            (names::INTERRUPTED_ANNOTATION, true),
            (names::TERMINATION_TIMESTAMP_ANNOTATION, true),
        ] {
            let claims = [claim("n", annotation)];
            let going = Going::new(nodes.iter(), claims.iter());
            assert_eq!(going.displaces(&pod).is_some(), displaced, "{annotation}");
        }
    }
}
