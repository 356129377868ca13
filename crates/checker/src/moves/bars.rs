//! Nodes that go may go, and nodes that take pods of others may take them.

use model::fleet::{Node, Pod, PodBudget, Policy, Reason};
use model::{NodeState, Timestamp};

use super::{Case, MoveViolation};

/// Reports each node that goes against something that bars it, and each that may take no pods.
pub(super) fn check(case: &Case<'_>) -> Vec<MoveViolation> {
    let mut found = Vec::new();
    for (index, node, reason) in case.going() {
        let name = || case.snapshot.node(index).name.clone();
        if let Some(why) = bar(case, node, reason) {
            found.push(MoveViolation::Barred { node: name(), why });
        }
        for pod in node.pods.iter().filter(|pod| pod.active) {
            if let Some(why) = pod_bar(pod, case.now) {
                let pod = pod.name.clone();
                found.push(MoveViolation::PodBarred { node: name(), pod, why });
            }
        }
    }
    let fills = case.moves.iter().flat_map(|one| one.taken.iter().map(|fill| (fill, one.reason)));
    for (fill, reason) in fills {
        let known = case.snapshot.node(fill.node);
        let why = if known.state == NodeState::Ready {
            case.node(fill.node).and_then(|node| no_destination(case, node, reason))
        } else {
            Some("it is not ready")
        };
        let node = known.name.clone();
        found.extend(why.map(|why| MoveViolation::NoDestination { node, why }));
    }
    found
}

/// Whether nothing bars the node from going, be it empty or not.
pub(super) fn may_go(case: &Case<'_>, node: &Node) -> bool {
    let active = || node.pods.iter().filter(|pod| pod.active);
    let counts = node.pods.iter().any(model::fleet::Pod::counts);
    let reason = if counts { Reason::Underutilized } else { Reason::Empty };
    bar(case, node, reason).is_none() && active().all(|pod| pod_bar(pod, case.now).is_none())
}

fn bar(case: &Case<'_>, node: &Node, reason: Reason) -> Option<&'static str> {
    let Some(pool) = case.pool(node) else { return Some("it has no pool") };
    // What is drifted or sick is replaced whatever its pool says of consolidation.
    let consolidates = matches!(reason, Reason::Empty | Reason::Underutilized);
    let bars = [
        (node.claim.is_none(), "it has no claim"),
        (node.terminating || (node.deleting && !case.begun), "it is going already"),
        (!node.initialized, "it is not initialized"),
        (node.nominated, "a pod that waits will run on it"),
        (node.do_not_disrupt, "its annotation says so"),
        (pool.is_static, "its pool has a fixed number of nodes"),
        (
            pool.policy == Policy::WhenEmpty && reason == Reason::Underutilized,
            "its pool gives up empty nodes only",
        ),
        (consolidates && pool.consolidate_after.is_none(), "its pool consolidates never"),
        (
            consolidates && !case.begun && !is_quiet(pool.consolidate_after, node, case.now),
            "pods came or went too lately",
        ),
    ];
    bars.into_iter().find(|(bars, _)| *bars).map(|(_, why)| why)
}

/// Whether nothing came or went for `after` seconds; what is not known is not quiet.
fn is_quiet(after: Option<i64>, node: &Node, now: Timestamp) -> bool {
    let quiet_for = |after: i64| {
        node.quiet_since.is_some_and(|since| after == 0 || now.0 >= since.0.saturating_add(after))
    };
    after.is_none_or(quiet_for)
}

fn pod_bar(pod: &Pod, now: Timestamp) -> Option<&'static str> {
    if pod.protection.holds(now) {
        return Some("its annotation says so");
    }
    match &pod.budget {
        PodBudget::Forbids(_) if pod.evictable => Some("its budget allows no eviction"),
        PodBudget::Several(_) if pod.evictable => Some("several budgets cover it"),
        PodBudget::Allows
        | PodBudget::Covers { .. }
        | PodBudget::Forbids(_)
        | PodBudget::Several(_) => None,
    }
}

fn no_destination(case: &Case<'_>, node: &Node, reason: Reason) -> Option<&'static str> {
    // As in Karpenter, pods of what is drifted may move to what is not quiet.
    let asked = matches!(reason, Reason::Empty | Reason::Underutilized) && !case.begun;
    let after = case.pool(node).and_then(|pool| pool.consolidate_after);
    let bars = [
        (node.deleting || node.terminating, "it is going"),
        (!node.initialized, "it is not initialized"),
        (node.nominated, "a pod that waits will run on it"),
        (asked && !is_quiet(after, node, case.now), "it is within its own time of quiet"),
    ];
    bars.into_iter().find(|(bars, _)| *bars).map(|(_, why)| why)
}
