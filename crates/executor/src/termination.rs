//! From a deleted claim or Node to nothing left (`lifecycle.md` sections 3 and 4).
//!
//! Claim deletion, then Node deletion, then drain, then the volumes, then the instance, then the Node's
//! finalizer, then the claim's. A claim keeps its finalizer until no instance carries its tag, as one may have been
//! launched whose reply was lost.

use api::{Node, NodeClaim, Pod, Taint, names};
use cloud::Instance;
use model::{InstanceId, Timestamp};
use serde_json::json;

use crate::conditions::{self, Wanted};
use crate::drain::drain;
use crate::launch::{delete, name, status, statuses, target};
use crate::registration::without;
use crate::request::{CloudRequest, EventKind, Kind, Note, ObjectRef, Request, uid};
use crate::time;
use crate::view::{ClaimMemory, ClaimView};

/// Seconds between the first complete list without the claim's instance and the end of the claim: a
/// machine just launched may be missing from lists, by EC2's documentation of eventual consistency
/// for up to some minutes where no id is known; with a known id one look is enough.
pub const SETTLE: i64 = 20;
/// Seconds between two looks at an instance that is on its way out.
const LOOK_EVERY: i64 = 5;
/// Seconds after a launch from which on every look at the instance sees it.
const VISIBLE_AFTER: i64 = 60;
/// Seconds that a drain lasts at the least.
const DRAIN_MIN: i64 = 5;
/// Seconds for which a drain waits at the most until what its pods need elsewhere is launched: an answer of
/// EC2 takes one to three, and a spot machine has 120 in all.
const REPLACED_WITHIN: i64 = 10;
/// As the event and the condition's reason have it.
const AWAITING_VOLUMES: &str = "AwaitingVolumeDetachment";

/// What to do next about a claim that is being deleted.
pub fn terminate_claim(
    view: &ClaimView<'_>,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Vec<Request> {
    let claim = view.claim;
    let finalized = claim.metadata.finalizers.iter().any(|one| one == names::TERMINATION_FINALIZER);
    if !claim.is_deleting() || !finalized {
        return Vec::new();
    }
    if let Some(stamp) = stamp_deadline(claim) {
        return vec![stamp];
    }
    let there = view.nodes.iter().filter(|node| node.metadata.deletion_timestamp.is_none());
    let mut requests: Vec<Request> = there.map(|node| delete_node(node, "claim_deleted")).collect();
    if view.nodes.iter().any(|node| is_finalized(node)) {
        return requests;
    }
    // A Node that was never registered has nothing to drain, and its kubelet makes it again for as
    // long as the instance runs: the instance goes first.
    requests.extend(end_instance(claim, memory, now));
    if requests.is_empty() && view.nodes.is_empty() && is_gone(claim, memory, now) {
        return vec![Request::Patch {
            target: target(claim),
            status: false,
            body: json!({ "metadata": {
                "resourceVersion": claim.metadata.resource_version,
                "finalizers": without(&claim.metadata.finalizers, names::TERMINATION_FINALIZER),
            }}),
        }];
    }
    requests
}

/// A Node with what is on it.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// The Node.
    pub node: &'a Node,
    /// Pods that are bound to it.
    pub pods: &'a [&'a Pod],
    /// Volumes that it holds and that are waited for: see [`crate::awaited_volumes`].
    pub volumes: &'a [String],
    /// Whether machines that its pods need elsewhere are still to be launched: they are not evicted
    /// before, within bounds.
    pub unreplaced: bool,
}

/// What to do next about a Node of a claim that is being deleted.
pub fn terminate_node(
    claim: &NodeClaim,
    view: &NodeView<'_>,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Vec<Request> {
    let node = view.node;
    let began = node.metadata.deletion_timestamp.as_deref().and_then(time::parse);
    let (Some(began), true) = (began, is_finalized(node)) else { return Vec::new() };
    if !claim.is_deleting() {
        return vec![delete(claim, "node_deleted")];
    }
    if is_lost(claim, node, memory, now) {
        return vec![release_node(node)];
    }
    if let Some(cordon) = cordon(node) {
        return vec![cordon];
    }
    if let Some(mut requests) = empty(claim, view, began, memory, now) {
        requests.extend(look_at_silent(claim, node, memory, now));
        return requests;
    }
    let requests = end_instance(claim, memory, now);
    if requests.is_empty() && is_gone(claim, memory, now) {
        return vec![release_node(node)];
    }
    requests
}

/// Drains the Node and waits for its volumes, both until the deadline at most. `None`: the instance may
/// end, and the claim says so.
fn empty(
    claim: &NodeClaim,
    view: &NodeView<'_>,
    began: Timestamp,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Option<Vec<Request>> {
    // Once the instance was told to end there is nothing left to wait for but its end.
    if claim.is_true(names::INSTANCE_TERMINATING) {
        return None;
    }
    let deadline = deadline(claim);
    let overdue = deadline.is_some_and(|deadline| now > deadline);
    if view.unreplaced && may_wait(began, deadline, now) {
        let message = "machines for its pods are being launched";
        let wanted = Wanted::unknown(names::DRAINED, "Draining", message);
        return Some(status(claim, wanted, now).into_iter().collect());
    }
    let mut step = drain(view.pods, deadline, memory, now);
    let drained = step.waiting.is_empty();
    if (!drained && !overdue) || now < time::after(began, DRAIN_MIN) {
        if !drained {
            step.requests.push(failed_draining(view.node, &step.waiting));
        }
        let wanted = Wanted::unknown(names::DRAINED, "Draining", "pods are being evicted");
        step.requests.extend(status(claim, wanted, now));
        return Some(step.requests);
    }
    let (pods, volumes) = (named(&step.waiting), named(view.volumes));
    let pods = left_over(names::DRAINED, drained, &pods);
    if !view.volumes.is_empty() && !overdue {
        let message = format!("volumes are attached: {volumes}");
        let wanted = Wanted::unknown(names::VOLUMES_DETACHED, AWAITING_VOLUMES, &message);
        let mut requests = vec![awaiting_volumes(view.node, &message)];
        requests.extend(statuses(claim, &[pods, wanted], now));
        return Some(requests);
    }
    let volumes = left_over(names::VOLUMES_DETACHED, view.volumes.is_empty(), &volumes);
    Some(statuses(claim, &[pods, volumes], now)).filter(|written| !written.is_empty())
}

/// Whether there is time to wait for replacements: a bounded one, and none that a deadline does not leave.
fn may_wait(began: Timestamp, deadline: Option<Timestamp>, now: Timestamp) -> bool {
    let until = time::after(began, REPLACED_WITHIN);
    now < until && deadline.is_none_or(|deadline| deadline > time::after(until, 60))
}

/// Looks at the instance of a Node that says nothing any more while its drain goes on: of a machine that is
/// gone nothing can be drained.
fn look_at_silent(
    claim: &NodeClaim,
    node: &Node,
    memory: &ClaimMemory,
    now: Timestamp,
) -> Option<Request> {
    let looked = memory.instance.as_ref().map(|sight| sight.at);
    let due = looked.is_none_or(|at| now >= time::after(at, LOOK_EVERY));
    let id = known(claim, memory).filter(|_| due && !is_ready(node))?;
    Some(Request::Cloud(CloudRequest::GetInstance(name(claim), id)))
}

/// The condition at the end of a wait: it holds, or the deadline has passed with something left.
fn left_over<'a>(kind: &'a str, done: bool, left: &'a str) -> Wanted<'a> {
    if done { Wanted::yes(kind) } else { Wanted::no(kind, "TerminationGracePeriodElapsed", left) }
}

/// The moment after which pods are deleted, and no longer waited for.
fn deadline(claim: &NodeClaim) -> Option<Timestamp> {
    let annotation = claim.metadata.annotations.get(names::TERMINATION_TIMESTAMP_ANNOTATION);
    annotation.and_then(|text| time::parse(text))
}

/// Writes the deadline down once, where the claim has a grace period.
fn stamp_deadline(claim: &NodeClaim) -> Option<Request> {
    let annotations = &claim.metadata.annotations;
    if annotations.contains_key(names::TERMINATION_TIMESTAMP_ANNOTATION) {
        return None;
    }
    let seconds = time::seconds(claim.spec.termination_grace_period.as_deref()?)?;
    let began = time::parse(claim.metadata.deletion_timestamp.as_deref()?)?;
    let deadline = time::format(time::after(began, seconds));
    Some(Request::Patch {
        target: target(claim),
        status: false,
        body: json!({ "metadata": { "annotations": {
            names::TERMINATION_TIMESTAMP_ANNOTATION: deadline,
        }}}),
    })
}

/// Looks at the claim's instance, terminates it, and looks again until it is gone. Empty: nothing
/// is to be asked now.
fn end_instance(claim: &NodeClaim, memory: &mut ClaimMemory, now: Timestamp) -> Vec<Request> {
    match known(claim, memory) {
        Some(id) => end_known(claim, id, memory, now),
        None => end_by_tag(claim, memory, now),
    }
}

/// The id of the claim's instance, from its status or from a launch that is not written down yet.
fn known(claim: &NodeClaim, memory: &ClaimMemory) -> Option<InstanceId> {
    let written = claim.status.provider_id.as_deref().and_then(Instance::id_of);
    written.or_else(|| memory.instance_id())
}

fn end_known(
    claim: &NodeClaim,
    id: InstanceId,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Vec<Request> {
    let Some(sight) = &memory.instance else {
        return vec![Request::Cloud(CloudRequest::GetInstance(name(claim), id))];
    };
    let Some(instance) = &sight.instance else {
        let again = !is_gone(claim, memory, now) && now >= time::after(sight.at, LOOK_EVERY);
        let look = || Request::Cloud(CloudRequest::GetInstance(name(claim), id.clone()));
        return again.then(look).into_iter().collect();
    };
    let terminating = claim.is_true(names::INSTANCE_TERMINATING);
    if !instance.state.is_ending() && !terminating {
        let mut requests = vec![Request::Cloud(CloudRequest::Terminate(name(claim), id))];
        requests.extend(status(claim, Wanted::yes(names::INSTANCE_TERMINATING), now));
        return requests;
    }
    if now < time::after(sight.at, LOOK_EVERY) {
        return Vec::new();
    }
    let mut requests = Vec::new();
    // The condition may be there while the request was lost: ask again, it is idempotent.
    if !instance.state.is_ending() {
        requests.push(Request::Cloud(CloudRequest::Terminate(name(claim), id.clone())));
    }
    requests.push(Request::Cloud(CloudRequest::GetInstance(name(claim), id)));
    requests
}

/// The provider id was never written: whatever carries the claim's tag goes.
fn end_by_tag(claim: &NodeClaim, memory: &mut ClaimMemory, now: Timestamp) -> Vec<Request> {
    let mut requests: Vec<Request> = Vec::new();
    if let Some((_, found)) = &memory.found {
        let running = found.iter().filter(|instance| !instance.state.is_ending());
        requests.extend(running.map(|instance| {
            Request::Cloud(CloudRequest::Terminate(name(claim), instance.id.clone()))
        }));
    }
    let due = (memory.found.as_ref()).is_none_or(|(at, _)| now >= time::after(*at, LOOK_EVERY));
    if !due || is_gone(claim, memory, now) {
        return Vec::new();
    }
    requests.push(Request::Cloud(CloudRequest::FindInstances(name(claim))));
    requests
}

/// Whether nothing is left of the claim's instance.
fn is_gone(claim: &NodeClaim, memory: &ClaimMemory, now: Timestamp) -> bool {
    if known(claim, memory).is_some() {
        return is_ended(claim, memory, now);
    }
    let (Some(since), Some((at, _))) = (memory.unseen_since, &memory.found) else { return false };
    *at >= time::after(since, SETTLE) && now >= *at
}

/// Whether the instance with the claim's id is gone: the cloud says so, and it is not one that was
/// launched so lately that it may not be seen yet.
fn is_ended(claim: &NodeClaim, memory: &ClaimMemory, now: Timestamp) -> bool {
    let Some(sight) = memory.instance.as_ref().filter(|sight| sight.instance.is_none()) else {
        return false;
    };
    let launched = conditions::since(&claim.status.conditions, names::LAUNCHED);
    let old = claim.is_true(names::LAUNCHED)
        && launched.is_some_and(|at| now >= time::after(at, VISIBLE_AFTER));
    let settled = sight.gone_since.is_some_and(|since| sight.at >= time::after(since, SETTLE));
    sight.seen || old || settled
}

/// Whether the Node waits for us before it goes.
pub(crate) fn is_finalized(node: &Node) -> bool {
    node.metadata.finalizers.iter().any(|one| one == names::TERMINATION_FINALIZER)
}

/// Whether the Node is not Ready and the cloud said that its instance is gone.
fn is_lost(claim: &NodeClaim, node: &Node, memory: &ClaimMemory, now: Timestamp) -> bool {
    !is_ready(node) && is_ended(claim, memory, now)
}

fn is_ready(node: &Node) -> bool {
    let ready = node.status.conditions.iter().find(|condition| condition.kind == names::READY);
    ready.is_some_and(|ready| ready.status == "True")
}

/// The taint and the label that a Node gets before its drain; `None` where it has both.
fn cordon(node: &Node) -> Option<Request> {
    let tainted = node.spec.taints.iter().any(|taint| taint.key == names::DISRUPTED_TAINT);
    let labelled = node.metadata.labels.contains_key(names::EXCLUDE_BALANCERS_LABEL);
    if tainted && labelled {
        return None;
    }
    let mut taints = node.spec.taints.clone();
    if !tainted {
        taints.push(Taint {
            key: names::DISRUPTED_TAINT.to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
    }
    Some(Request::Patch {
        target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        status: false,
        body: json!({
            "metadata": {
                "resourceVersion": node.metadata.resource_version,
                "labels": { names::EXCLUDE_BALANCERS_LABEL: "karpenter" },
            },
            "spec": { "taints": taints },
        }),
    })
}

pub(crate) fn release_node(node: &Node) -> Request {
    Request::Patch {
        target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        status: false,
        body: json!({ "metadata": {
            "resourceVersion": node.metadata.resource_version,
            "finalizers": without(&node.metadata.finalizers, names::TERMINATION_FINALIZER),
        }}),
    }
}

pub(crate) fn delete_node(node: &Node, reason: &'static str) -> Request {
    Request::Delete {
        target: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        uid: uid(&node.metadata),
        grace_seconds: None,
        reason,
    }
}

fn failed_draining(node: &Node, waiting: &[String]) -> Request {
    let message = format!("waiting for {} pods: {}", waiting.len(), named(waiting));
    tell(node, EventKind::Warning, "FailedDraining", message)
}

fn awaiting_volumes(node: &Node, message: &str) -> Request {
    tell(
        node,
        EventKind::Normal,
        AWAITING_VOLUMES,
        format!("{message}; their detachment is waited for"),
    )
}

fn tell(node: &Node, kind: EventKind, reason: &'static str, message: String) -> Request {
    Request::Note(Note {
        about: ObjectRef::cluster(Kind::Node, node.metadata.name.clone()),
        uid: uid(&node.metadata),
        kind,
        reason,
        message,
    })
}

/// The first few of a list, for people.
fn named(list: &[String]) -> String {
    const NAMED: usize = 5;
    let first: Vec<&str> = list.iter().take(NAMED).map(String::as_str).collect();
    let more = list.len().saturating_sub(NAMED);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", first.join(", "))
}
