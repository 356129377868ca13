//! From a launched claim and its Node to a registered one (`lifecycle.md` section 1.2).

use api::{Node, NodeClaim, Taint, names};
use model::Timestamp;
use serde_json::json;

use crate::conditions::Wanted;
use crate::launch::{status, target};
use crate::request::{EventKind, Kind, Note, ObjectRef, Request, uid};
use crate::view::ClaimView;

/// What to do next until the claim's Node is registered.
pub fn register(view: &ClaimView<'_>, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    if claim.is_deleting() || !claim.is_true(names::LAUNCHED) || claim.is_true(names::REGISTERED) {
        return Vec::new();
    }
    match view.nodes {
        [] => {
            let message = "no Node has the instance's provider id yet";
            status(claim, Wanted::unknown(names::REGISTERED, "NodeNotFound", message), now)
        }
        [node] => join(view, node, now),
        several => {
            let message = format!("{} Nodes have the instance's provider id", several.len());
            status(claim, Wanted::no(names::REGISTERED, "MultipleNodesFound", &message), now)
        }
    }
}

/// Writes the Node first; the claim's condition follows once the Node is seen to be so.
fn join(view: &ClaimView<'_>, node: &Node, now: Timestamp) -> Vec<Request> {
    let claim = view.claim;
    if is_joined(claim, node) {
        let mut requests = status(claim, Wanted::yes(names::REGISTERED), now);
        for request in &mut requests {
            if let Request::Patch { body, .. } = request {
                body["status"]["nodeName"] = json!(node.metadata.name);
            }
        }
        return requests;
    }
    let mut requests = missing_taint(claim, node);
    let labelled = node.metadata.labels.contains_key(names::REGISTERED_LABEL);
    let mut body = json!({
        "metadata": {
            "resourceVersion": node.metadata.resource_version,
            "finalizers": with(&node.metadata.finalizers, names::TERMINATION_FINALIZER),
            "ownerReferences": owners(claim, node),
            "labels": labels(claim),
            "annotations": node_annotations(claim),
        },
        "spec": { "taints": taints(claim, node, labelled) },
    });
    if view.hold && !labelled && !node.spec.unschedulable && !claim.planned_pods().is_empty() {
        body["spec"]["unschedulable"] = json!(true);
        body["metadata"]["annotations"][names::HELD_ANNOTATION] = json!("true");
    }
    requests.push(Request::Patch {
        target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        status: false,
        body,
    });
    requests
}

fn is_joined(claim: &NodeClaim, node: &Node) -> bool {
    let metadata = &node.metadata;
    metadata.labels.get(names::REGISTERED_LABEL).is_some_and(|value| value == "true")
        && metadata.finalizers.iter().any(|one| one == names::TERMINATION_FINALIZER)
        && labels(claim).iter().all(|(key, value)| metadata.labels.get(key) == Some(value))
        && !node.spec.taints.iter().any(|taint| taint.key == names::UNREGISTERED_TAINT)
}

fn labels(claim: &NodeClaim) -> std::collections::BTreeMap<String, String> {
    let mut labels = claim.metadata.labels.clone();
    labels.insert(names::REGISTERED_LABEL.to_owned(), "true".to_owned());
    labels
}

/// The claim's annotations but for those that are about the claim itself.
fn node_annotations(claim: &NodeClaim) -> std::collections::BTreeMap<String, String> {
    let own = [
        names::PLANNED_PODS_ANNOTATION,
        names::LAUNCH_ANNOTATION,
        names::LAUNCH_GROUP_ANNOTATION,
        names::TAGGED_ANNOTATION,
    ];
    let annotations = claim.metadata.annotations.iter();
    annotations
        .filter(|(key, _)| !own.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn owners(claim: &NodeClaim, node: &Node) -> Vec<serde_json::Value> {
    let others = node.metadata.owner_references.iter().filter(|owner| &*owner.kind != "NodeClaim");
    let others = others.map(|owner| {
        json!({
            "apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name,
            "uid": owner.uid, "controller": owner.controller,
        })
    });
    let own = json!({
        "apiVersion": "karpenter.sh/v1", "kind": "NodeClaim", "name": claim.metadata.name,
        "uid": uid(&claim.metadata), "blockOwnerDeletion": true,
    });
    others.chain([own]).collect()
}

/// The Node's taints without the unregistered one; with the claim's, unless the Node says that it
/// was given them by its kubelet. Start-up taints are added once only: what was removed stays so.
fn taints(claim: &NodeClaim, node: &Node, registered: bool) -> Vec<Taint> {
    let mut taints: Vec<Taint> = (node.spec.taints.iter())
        .filter(|taint| taint.key != names::UNREGISTERED_TAINT)
        .cloned()
        .collect();
    let synced = node.metadata.labels.get(names::DO_NOT_SYNC_TAINTS_LABEL);
    if registered || synced.is_some_and(|value| value == "true") {
        return taints;
    }
    for taint in claim.spec.taints.iter().chain(&claim.spec.startup_taints) {
        if !taints.iter().any(|one| one.key == taint.key && one.effect == taint.effect) {
            taints.push(taint.clone());
        }
    }
    taints
}

/// A kubelet that registered without the taint may have taken pods that nobody planned on it.
fn missing_taint(claim: &NodeClaim, node: &Node) -> Vec<Request> {
    let tainted = node.spec.taints.iter().any(|taint| taint.key == names::UNREGISTERED_TAINT);
    if tainted || node.metadata.labels.contains_key(names::REGISTERED_LABEL) {
        return Vec::new();
    }
    vec![Request::Note(Note {
        about: target(claim),
        uid: uid(&claim.metadata),
        kind: EventKind::Warning,
        reason: "UnregisteredTaintMissing",
        message: format!(
            "Node {} registered without the taint karpenter.sh/unregistered:NoExecute; pods may \
             have been bound too early: have its kubelet register with the taint",
            node.metadata.name
        ),
    })]
}

/// `list` with `one` in it.
pub(crate) fn with(list: &[String], one: &str) -> Vec<String> {
    let mut list = list.to_vec();
    if !list.iter().any(|other| other == one) {
        list.push(one.to_owned());
    }
    list
}

/// `list` without `one`.
pub(crate) fn without(list: &[String], one: &str) -> Vec<String> {
    list.iter().filter(|other| *other != one).cloned().collect()
}
