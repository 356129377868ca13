//! Builds the dense problem from a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use model::{NodeIndex, NodeState, Objective, PodIndex, ResourceName, ShapeIndex, Snapshot};

use super::admission::{self, Admission};
use super::kinds::{self, KindWithColumn};
use super::{Amounts, Class, ExistingNode, Kind, Pool, Problem, dominance};
use crate::bits::Bits;

/// The problem of `snapshot`.
pub(crate) fn build(snapshot: &Snapshot, objective: Objective) -> Problem {
    let mut pods_of: BTreeMap<ShapeIndex, Vec<PodIndex>> = BTreeMap::new();
    for (position, pod) in snapshot.pods.iter().enumerate() {
        pods_of.entry(pod.shape).or_default().push(PodIndex::new(position));
    }
    let used: BTreeSet<ShapeIndex> = pods_of.keys().copied().collect();
    let dimensions = dimensions(snapshot, &used);
    let admission = admission::evaluate(snapshot, &used);
    let grouped = kinds::group(snapshot, objective, &admission, &dimensions);
    let nodes = nodes(snapshot, &admission, &dimensions);
    let classes = classes(snapshot, pods_of, &dimensions, &admission, &grouped, &nodes);
    let mut kinds: Vec<Kind> = grouped.into_iter().map(|group| group.kind).collect();
    dominance::mark(&mut kinds, &classes);
    Problem { classes, kinds, pools: pools(snapshot), nodes }
}

fn dimensions(snapshot: &Snapshot, used: &BTreeSet<ShapeIndex>) -> Vec<ResourceName> {
    let names: BTreeSet<&ResourceName> = used
        .iter()
        .flat_map(|index| snapshot.shape(*index).requests.iter())
        .map(|(name, _)| name)
        .collect();
    names.into_iter().cloned().collect()
}

fn classes(
    snapshot: &Snapshot,
    pods_of: BTreeMap<ShapeIndex, Vec<PodIndex>>,
    dimensions: &[ResourceName],
    admission: &Admission,
    kinds: &[KindWithColumn],
    nodes: &[ExistingNode],
) -> Vec<Class> {
    type Key = (Amounts, i32, Bits, Bits);
    let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
    let mut classes: Vec<Class> = Vec::new();
    for (index, pods) in pods_of {
        let shape = snapshot.shape(index);
        let rule = admission.rule_of[index.get()].expect("every used shape has a rule set");
        let requests = kinds::amounts(&shape.requests, dimensions);
        let admitted = collect(kinds.iter().map(|k| admission.columns[k.column].contains(rule)));
        let on_nodes = collect(nodes.iter().map(|n| admission.nodes[n.node.get()].contains(rule)));
        let key = (requests.clone(), shape.priority, admitted.clone(), on_nodes.clone());
        if let Some(position) = position_of.get(&key) {
            classes[*position].shapes.push(index);
            classes[*position].pods.extend(pods);
            continue;
        }
        position_of.insert(key, classes.len());
        classes.push(Class {
            shapes: vec![index],
            requests,
            priority: shape.priority,
            pods,
            kinds: admitted,
            nodes: on_nodes,
        });
    }
    for class in &mut classes {
        class.pods.sort_unstable();
    }
    classes
}

fn collect(flags: impl ExactSizeIterator<Item = bool>) -> Bits {
    let mut bits = Bits::new(flags.len());
    for (position, flag) in flags.enumerate() {
        if flag {
            bits.insert(position);
        }
    }
    bits
}

/// Nodes that take pods, by room and admission, so that their names decide nothing but ties
/// between interchangeable ones.
fn nodes(
    snapshot: &Snapshot,
    admission: &Admission,
    dimensions: &[ResourceName],
) -> Vec<ExistingNode> {
    let mut nodes: Vec<ExistingNode> = snapshot
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.state != NodeState::Unschedulable)
        .map(|(position, node)| ExistingNode {
            node: NodeIndex::new(position),
            room: kinds::amounts(&node.room, dimensions),
        })
        .collect();
    nodes.sort_by(|a, b| {
        let rules = |n: &ExistingNode| &admission.nodes[n.node.get()];
        (&a.room, rules(a), a.node).cmp(&(&b.room, rules(b), b.node))
    });
    nodes
}

fn pools(snapshot: &Snapshot) -> Vec<Pool> {
    snapshot
        .pools
        .iter()
        .map(|pool| Pool {
            weight: pool.weight,
            limits: pool
                .limits
                .iter()
                .map(|(name, limit)| limit.get().saturating_sub(pool.used.get(name.as_str()).get()))
                .collect(),
        })
        .collect()
}
