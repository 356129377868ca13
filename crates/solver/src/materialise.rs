//! Turns a packing of classes into a plan of pods.

use std::collections::BTreeMap;

use model::{NewNode, NodeFill, Plan, PodIndex, ShapeIndex, Snapshot, Unschedulable};

use crate::packing::{Group, Mix, Packing};
use crate::problem::Problem;
use crate::reasons;

/// The plan of `packing`: pods are handed out shape by shape, nodes of a kind take its offerings
/// (zones of equal price) in turn.
pub(crate) fn plan(snapshot: &Snapshot, problem: &Problem, mut packing: Packing) -> Plan {
    let mut queues: Vec<std::slice::Iter<'_, PodIndex>> =
        problem.classes.iter().map(|class| class.pods.iter()).collect();
    let mut existing: Vec<NodeFill> = Vec::new();
    for (node, mix) in problem.nodes.iter().zip(&packing.existing) {
        if !mix.is_empty() {
            existing.push(NodeFill { node: node.node, pods: hand_out(&mut queues, mix) });
        }
    }
    existing.sort_by_key(|fill| fill.node);
    packing.groups.sort();
    let mut turns = vec![0; problem.kinds.len()];
    let mut new_nodes = Vec::new();
    for Group { kind, mix, copies } in &packing.groups {
        let offerings = &problem.kinds[*kind].offerings;
        for _ in 0..*copies {
            let offering = offerings[turns[*kind] % offerings.len()];
            turns[*kind] += 1;
            new_nodes.push(NewNode { offering, pods: hand_out(&mut queues, mix) });
        }
    }
    let left: Vec<PodIndex> = queues.into_iter().flatten().copied().collect();
    let unschedulable = unschedulable(snapshot, &new_nodes, left);
    Plan { new_nodes, existing, unschedulable }
}

fn hand_out(queues: &mut [std::slice::Iter<'_, PodIndex>], mix: &Mix) -> Vec<PodIndex> {
    let mut pods: Vec<PodIndex> = Vec::new();
    for &(class, count) in mix {
        let count = usize::try_from(count).expect("counts are positive");
        pods.extend(queues[class].by_ref().take(count));
    }
    pods.sort_unstable();
    pods
}

fn unschedulable(
    snapshot: &Snapshot,
    new_nodes: &[NewNode],
    left: Vec<PodIndex>,
) -> Vec<Unschedulable> {
    let mut by_shape: BTreeMap<ShapeIndex, Vec<PodIndex>> = BTreeMap::new();
    for pod in left {
        by_shape.entry(snapshot.pod(pod).shape).or_default().push(pod);
    }
    let used = reasons::Used::after(snapshot, new_nodes);
    by_shape
        .into_iter()
        .map(|(shape, mut pods)| {
            pods.sort_unstable();
            Unschedulable { reasons: reasons::reasons(snapshot, &used, shape), pods }
        })
        .collect()
}
