//! Form: indices, no node twice, exactly the pods that have to move.

use std::collections::BTreeSet;

use model::fleet::{Node, Place, Pod, Reason};
use model::{Move, NodeIndex, PodIndex};

use super::{Case, MoveViolation};

/// What is wrong with the form of the moves.
pub(super) fn check(case: &Case<'_>) -> Vec<MoveViolation> {
    let mut found = Vec::new();
    for (position, one) in case.moves.iter().enumerate() {
        found.extend(bad_index(case, position, one));
        if one.removed.is_empty() {
            found.push(MoveViolation::Nothing { position });
        }
    }
    if !found.is_empty() {
        return found;
    }
    let name = |node: &NodeIndex| case.snapshot.node(*node).name.clone();
    let mut going: BTreeSet<NodeIndex> = BTreeSet::new();
    for node in case.moves.iter().flat_map(|one| &one.removed) {
        if !going.insert(*node) {
            found.push(MoveViolation::Twice { node: name(node) });
        }
        if case.node(*node).is_none() {
            found.push(MoveViolation::Unknown { node: name(node) });
        }
    }
    for fill in case.moves.iter().flat_map(|one| &one.taken) {
        if going.contains(&fill.node) {
            found.push(MoveViolation::TakesAndGoes { node: name(&fill.node) });
        }
    }
    for (position, one) in case.moves.iter().enumerate() {
        found.extend(wrong_pods(case, position, one));
    }
    found
}

fn bad_index(case: &Case<'_>, position: usize, one: &Move) -> Option<MoveViolation> {
    let snapshot = case.snapshot;
    let of = |list, index, length| (list, index, length);
    let taken = one.taken.iter().map(|fill| fill.node);
    let nodes = one.removed.iter().copied().chain(taken);
    let nodes = nodes.map(|node| of("nodes", node.get(), snapshot.nodes.len()));
    let launched = one.launched.iter();
    let offerings =
        launched.map(|node| of("offerings", node.offering.get(), snapshot.offerings.len()));
    let pods = one.pods().map(|pod| of("pods", pod.get(), snapshot.pods.len()));
    let mut all = nodes.chain(offerings).chain(pods);
    let bad = all.find(|(_, index, length)| index >= length);
    bad.map(|(list, index, length)| MoveViolation::BadIndex { position, list, index, length })
}

/// A pod that has to move and whose place is not known counts as one that is not seated.
fn wrong_pods(case: &Case<'_>, position: usize, one: &Move) -> Option<MoveViolation> {
    let on_nodes = one.removed.iter().filter_map(|node| case.node(*node));
    let mut pods = 0;
    let mut wanted: BTreeSet<PodIndex> = BTreeSet::new();
    for pod in on_nodes.flat_map(|node| that_move(node, one.reason)) {
        pods += 1;
        if let Place::Pod(index) = pod.place {
            wanted.insert(index);
        }
    }
    let strange = one.pods().filter(|pod| !wanted.remove(pod)).count();
    let seated = one.evictions();
    (strange > 0 || seated != pods).then_some(MoveViolation::WrongPods {
        position,
        seated,
        strange,
        pods,
    })
}

/// The pods of `node` that have to run elsewhere when it goes for `reason`. A node counts as empty that
/// has only pods whose eviction costs nothing; they are not seated.
pub(super) fn that_move(node: &Node, reason: Reason) -> impl Iterator<Item = &Pod> {
    let moves = move |pod: &&Pod| pod.reschedulable && (reason != Reason::Empty || pod.counts());
    node.pods.iter().filter(moves)
}
