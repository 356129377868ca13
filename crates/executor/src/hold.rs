//! Keeps a new Node from taking pods until the seats on it are reserved.
//!
//! The scheduler looks at a Node as soon as it is usable, and gives room that is meant for one pod to
//! another. So a Node that pods are promised is cordoned in the patch that registers it, marked as held
//! by us, and released in one patch when every seat on it is nominated. A cordon is tolerated by every
//! `DaemonSet`, so that agents and plugins start meanwhile. In: claim, Node, whether the seats are
//! reserved, the time. Out: the patch that releases it.

use api::{Node, NodeClaim, names};
use model::Timestamp;
use serde_json::json;

use crate::request::{Kind, ObjectRef, Request};
use crate::time;

/// Seconds from a Node's initialization on after which it is released, reserved or not: nominations take
/// about a second, and pods of DaemonSets as long as the scheduler needs to get to them. Where many pods
/// wait, it takes nominations away as fast as they are written; room that runs nothing is then worth less
/// than seats that are kept.
const RESERVED_WITHIN: i64 = 90;

/// Seconds from a Node's readiness on after which it is released, initialized or not: pods may do
/// without what it waits for, such as a device.
const INITIALIZED_WITHIN: i64 = 120;

/// How far the reservation of a Node's seats is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seats {
    /// Some are not nominated yet.
    Open,
    /// All are nominated, taken or not wanted any more.
    Reserved,
}

/// Whether we keep pods from the Node.
pub fn is_held(node: &Node) -> bool {
    node.spec.unschedulable && node.metadata.annotations.contains_key(names::HELD_ANNOTATION)
}

/// Releases a held Node when its time has come.
pub fn release(claim: &NodeClaim, node: &Node, seats: Seats, now: Timestamp) -> Vec<Request> {
    let going = claim.is_deleting() || node.metadata.deletion_timestamp.is_some();
    if going || !is_held(node) || !is_due(claim, node, seats, now) {
        return Vec::new();
    }
    let taints = node.spec.taints.iter().filter(|taint| taint.key != names::UNSCHEDULABLE_TAINT);
    let body = json!({
        "metadata": {
            // The list of taints is written whole, so nobody else's change to it may be undone.
            "resourceVersion": node.metadata.resource_version,
            "annotations": { names::HELD_ANNOTATION: null },
        },
        "spec": { "unschedulable": null, "taints": taints.collect::<Vec<_>>() },
    });
    let target = ObjectRef::cluster(Kind::Node, node.metadata.name.clone());
    vec![Request::Patch { target, status: false, body }]
}

/// Whether the request releases a Node. Those of a wave belong together: each that is late is a pod that is tried
/// before its Node takes it.
pub fn is_release(request: &Request) -> bool {
    let Request::Patch { target, body, .. } = request else { return false };
    let annotations = &body["metadata"]["annotations"];
    target.kind == Kind::Node
        && annotations.get(names::HELD_ANNOTATION).is_some_and(serde_json::Value::is_null)
}

fn is_due(claim: &NodeClaim, node: &Node, seats: Seats, now: Timestamp) -> bool {
    let passed = |since: Option<&str>, seconds: i64| {
        let since = since.and_then(time::parse);
        since.is_some_and(|since| now.0 >= since.0.saturating_add(seconds))
    };
    let initialized = claim.condition(names::INITIALIZED).filter(|one| one.status == "True");
    if let Some(initialized) = initialized {
        let since = initialized.last_transition_time.as_deref();
        return seats == Seats::Reserved || passed(since, RESERVED_WITHIN);
    }
    let conditions = node.status.conditions.iter();
    let mut ready = conditions.filter(|one| one.kind == names::READY && one.status == "True");
    ready
        .next()
        .is_some_and(|ready| passed(ready.last_transition_time.as_deref(), INITIALIZED_WITHIN))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const READY_AT: &str = "2026-01-01T00:00:00Z";

    fn node(held: bool) -> Node {
        let annotations = if held { json!({names::HELD_ANNOTATION: "true"}) } else { json!({}) };
        serde_json::from_value(json!({
            "metadata": {"name": "n", "resourceVersion": "7", "annotations": annotations},
            "spec": {"unschedulable": true, "taints": [
                {"key": names::UNSCHEDULABLE_TAINT, "effect": "NoSchedule"},
                {"key": "dedicated", "value": "web", "effect": "NoSchedule"},
            ]},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": READY_AT},
            ]},
        }))
        .unwrap()
    }

    fn claim(initialized: bool) -> NodeClaim {
        let status = if initialized { "True" } else { "Unknown" };
        serde_json::from_value(json!({
            "metadata": {"name": "c"},
            "status": {"conditions": [
                {"type": "Initialized", "status": status, "lastTransitionTime": READY_AT},
            ]},
        }))
        .unwrap()
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp(time::parse(READY_AT).unwrap().0 + seconds)
    }

    #[test]
    fn a_node_is_released_when_its_seats_are_reserved_or_time_is_up() {
        for (initialized, seats, seconds, released) in [
            (true, Seats::Open, 89, false),
            (true, Seats::Open, 90, true),
            (true, Seats::Reserved, 0, true),
            (false, Seats::Reserved, 119, false),
            (false, Seats::Open, 120, true),
        ] {
            let requests = release(&claim(initialized), &node(true), seats, after(seconds));
            assert_eq!(!requests.is_empty(), released, "{initialized} {seats:?} {seconds}");
        }
    }

    #[test]
    fn the_release_keeps_other_taints_and_is_void_when_the_node_has_changed() {
        let requests = release(&claim(true), &node(true), Seats::Reserved, after(1));
        let [Request::Patch { body, status: false, .. }] = requests.as_slice() else {
            panic!("{requests:?}")
        };
        assert_eq!(body["metadata"]["resourceVersion"], "7");
        assert_eq!(body["metadata"]["annotations"][names::HELD_ANNOTATION], Value::Null);
        assert_eq!(body["spec"]["taints"].as_array().unwrap().len(), 1);
        assert_eq!(body["spec"]["taints"][0]["key"], "dedicated");
    }

    #[test]
    fn a_cordon_of_somebody_else_stays() {
        assert_eq!(release(&claim(true), &node(false), Seats::Reserved, after(600)), []);
    }
}
