//! Which pods of a node to evict now, and whether it is empty (`lifecycle.md` section 4.1).
//!
//! In: the node's pods, when the drain began, the deadline if there is one, what is remembered of
//! evictions. Out: requests and the pods still waited for. Tiers go strictly in order; pods that must
//! not be disrupted are waited for; past the deadline pods are deleted with what time is left.

use api::{Pod, Taint, names};
use model::Timestamp;

use crate::protection::protection;
use crate::request::{ObjectRef, Request, uid};
use crate::time;
use crate::view::ClaimMemory;

/// Seconds from its deletion time after which a terminating pod is waited for no longer.
const STUCK_AFTER: i64 = 60;
/// Seconds between two requests for the same eviction, at first and at most (refused by a budget).
const RETRY_FIRST: i64 = 1;
const RETRY_MAX: i64 = 10;
/// Seconds after which a granted eviction is asked for again where the pod shows no sign of it.
const ASK_AGAIN: i64 = 30;
/// Seconds that a pod has where its spec does not say.
const GRACE_DEFAULT: i64 = 30;

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drain {
    /// Evictions and deletions.
    pub requests: Vec<Request>,
    /// Pods that the node still waits for, as `namespace/name`.
    pub waiting: Vec<String>,
}

/// The next requests of a drain whose pods are `pods`.
pub fn drain(
    pods: &[&Pod],
    deadline: Option<Timestamp>,
    memory: &mut ClaimMemory,
    now: Timestamp,
) -> Drain {
    let mut drain = Drain::default();
    let waited: Vec<&Pod> = pods.iter().copied().filter(|pod| is_waited_for(pod, now)).collect();
    drain.waiting = waited.iter().map(|pod| full_name(pod)).collect();
    memory
        .evictions
        .retain(|uid, _| pods.iter().any(|pod| pod.metadata.uid.as_deref() == Some(uid)));
    for pod in &waited {
        drain.requests.extend(deadline.and_then(|deadline| force(pod, deadline, now)));
    }
    let tier = waited.iter().map(|pod| tier(pod)).min();
    for pod in waited.iter().filter(|pod| Some(self::tier(pod)) == tier) {
        let forced = deadline.is_some_and(|deadline| now > left(pod, deadline));
        if !forced && pod.metadata.deletion_timestamp.is_none() && !protection(pod).holds(now) {
            drain.requests.extend(evict(pod, memory, now));
        }
    }
    drain
}

/// Drainable and not over.
fn is_waited_for(pod: &Pod, now: Timestamp) -> bool {
    !matches!(&*pod.status.phase, "Succeeded" | "Failed") && is_drainable(pod, now)
}

/// Whether a drain ends the pod: not tolerating the disrupted taint, no mirror, not stuck.
pub(crate) fn is_drainable(pod: &Pod, now: Timestamp) -> bool {
    let mirror = pod.metadata.annotations.contains_key("kubernetes.io/config.mirror")
        || pod.metadata.owner_references.iter().any(|owner| &*owner.kind == "Node");
    let since = pod.metadata.deletion_timestamp.as_deref().and_then(time::parse);
    let stuck = since.is_some_and(|since| now > time::after(since, STUCK_AFTER));
    !mirror && !stuck && !tolerates_disruption(pod)
}

fn tolerates_disruption(pod: &Pod) -> bool {
    let taint = Taint {
        key: names::DISRUPTED_TAINT.to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    pod.spec.tolerations.iter().any(|one| {
        let key = one.key.as_deref().unwrap_or_default();
        let effect = one.effect.as_deref().unwrap_or_default();
        let exists = one.operator.as_deref() == Some("Exists");
        let value = one.value.as_deref().unwrap_or_default();
        (key == taint.key || (key.is_empty() && exists))
            && (effect.is_empty() || effect == taint.effect)
            && (exists || value == taint.value)
    })
}

/// Non-critical before critical, and in each of them DaemonSet pods last.
fn tier(pod: &Pod) -> (bool, bool) {
    let class = pod.spec.priority_class_name.as_deref().unwrap_or_default();
    let daemon = pod.metadata.controller().is_some_and(|owner| &*owner.kind == "DaemonSet");
    (names::CRITICAL_PRIORITY_CLASSES.contains(&class), daemon)
}

/// The last moment at which a pod that is asked to end has all of its grace.
fn left(pod: &Pod, deadline: Timestamp) -> Timestamp {
    time::after(deadline, -pod.spec.termination_grace_period_seconds.unwrap_or(GRACE_DEFAULT))
}

fn force(pod: &Pod, deadline: Timestamp, now: Timestamp) -> Option<Request> {
    let ends = pod.metadata.deletion_timestamp.as_deref().and_then(time::parse);
    let too_late = ends.is_none_or(|ends| ends > deadline);
    (now > left(pod, deadline) && too_late).then(|| Request::Delete {
        target: ObjectRef::pod(pod),
        uid: uid(&pod.metadata),
        grace_seconds: Some((deadline.0 - now.0).max(1)),
        reason: "termination_grace_period_elapsed",
    })
}

fn evict(pod: &Pod, memory: &ClaimMemory, now: Timestamp) -> Option<Request> {
    let uid = uid(&pod.metadata);
    let asked = memory.evictions.get(&uid).copied().unwrap_or_default();
    let wait = match (asked.granted, asked.refusals) {
        (true, _) => ASK_AGAIN,
        (false, refusals) => (RETRY_FIRST << refusals.min(4)).min(RETRY_MAX),
    };
    let due = asked.last.is_none_or(|last| now >= time::after(last, wait));
    due.then(|| Request::Evict { target: ObjectRef::pod(pod), uid })
}

fn full_name(pod: &Pod) -> String {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
    format!("{namespace}/{}", pod.metadata.name)
}
