//! Where pods run then: a plan of the pods that move, over the nodes as they are, with those that go
//! taking none. What goes counts against limits and holds its supplies until it is gone.

use std::collections::BTreeMap;

use model::fleet::Place;
use model::{NewNode, NodeFill, NodeIndex, NodeState, Plan, Pod, PodIndex, Snapshot};

use super::{Case, MoveViolation};

/// Reports what the rules of plans say to it.
pub(super) fn check(case: &Case<'_>) -> Vec<MoveViolation> {
    let mut pods: Vec<PodIndex> = case.moves.iter().flat_map(model::Move::pods).collect();
    pods.sort_unstable();
    let place_of = |pod: &PodIndex| {
        PodIndex::new(pods.binary_search(pod).expect("the pod is one of those that move"))
    };
    let moved = |pods: &[PodIndex]| pods.iter().map(place_of).collect();
    let mut fills: BTreeMap<NodeIndex, Vec<PodIndex>> = BTreeMap::new();
    let mut new_nodes = Vec::new();
    for one in case.moves {
        for NewNode { offering, pods } in &one.launched {
            new_nodes.push(NewNode { offering: *offering, pods: moved(pods) });
        }
        for NodeFill { node, pods } in &one.taken {
            let pods: Vec<PodIndex> = moved(pods);
            fills.entry(*node).or_default().extend(pods);
        }
    }
    let existing = fills.into_iter().map(|(node, mut pods)| {
        pods.sort_unstable();
        NodeFill { node, pods }
    });
    let plan = Plan { new_nodes, existing: existing.collect(), unschedulable: Vec::new() };
    let moving = moving(case, &pods);
    let found = crate::check(&moving, plan).err().unwrap_or_default();
    found.into_iter().map(MoveViolation::Seat).collect()
}

/// The snapshot in which the pods that move want a node, and are nowhere yet.
fn moving(case: &Case<'_>, pods: &[PodIndex]) -> Snapshot {
    let mut moving = case.snapshot.clone();
    moving.pods = pods.iter().map(|pod| Pod::clone(case.snapshot.pod(*pod))).collect();
    for (index, known, _) in case.going() {
        let node = &mut moving.nodes[index.get()];
        node.state = NodeState::Unschedulable;
        for pod in &known.pods {
            let Place::Pod(pod) = pod.place else { continue };
            let matches = &case.snapshot.shape_of(pod).rules.matches;
            for (_, count) in
                node.matched.iter_mut().filter(|(selection, _)| matches.contains(selection))
            {
                *count -= 1;
            }
            let apart = &case.snapshot.shape_of(pod).rules.apart;
            for (_, count) in node.apart.iter_mut().filter(|(term, _)| apart.contains(term)) {
                *count -= 1;
            }
        }
        node.matched.retain(|(_, count)| *count > 0);
        node.apart.retain(|(_, count)| *count > 0);
    }
    moving
}
