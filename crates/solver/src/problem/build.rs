//! Builds the dense problem from a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use model::{NodeIndex, NodeState, Objective, PodIndex, ResourceName, ShapeIndex, Snapshot};

use super::admission::{self, Admission};
use super::kinds::{self, KindWithColumn};
use super::{Amounts, Class, ExistingNode, Kind, Pool, Problem, dominance, rivals, scarce};
use crate::bits::Bits;

/// The problem of `snapshot`.
pub(crate) fn build(snapshot: &Snapshot, objective: Objective) -> Problem {
    let mut problem = build_apart(snapshot, objective);
    problem.classes = rivals::merged(problem.classes, snapshot.rivals.len());
    problem
}

/// As [`build`], with each group of rivals a class of its own: what is said of all pods of several
/// groups together does not hold for some of them.
pub(crate) fn build_apart(snapshot: &Snapshot, objective: Objective) -> Problem {
    let mut pods_of: BTreeMap<ShapeIndex, Vec<PodIndex>> = BTreeMap::new();
    for (position, pod) in snapshot.pods.iter().enumerate() {
        pods_of.entry(pod.shape).or_default().push(PodIndex::new(position));
    }
    let used: BTreeSet<ShapeIndex> = pods_of.keys().copied().collect();
    let dimensions = dimensions(snapshot, &used);
    let admission = admission::evaluate(snapshot, &used);
    let places = scarce::Places::new(snapshot);
    let grouped = kinds::group(snapshot, objective, &admission, &dimensions, &places);
    let ranks = rivals::Ranks::new(snapshot, &pods_of);
    let nodes = nodes(snapshot, &admission, &dimensions, &ranks);
    let pods_of = ranks.ordered(snapshot, pods_of);
    let classes = classes(snapshot, pods_of, &dimensions, &admission, &grouped, &nodes);
    let mut kinds: Vec<Kind> = grouped.into_iter().map(|group| group.kind).collect();
    dominance::mark(&mut kinds, &classes);
    let pools = snapshot.pools.iter().map(|pool| Pool { weight: pool.weight }).collect();
    let first_supply = places.first_supply();
    Problem { classes, kinds, pools, scarce: places.into_left(), first_supply, nodes }
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
    pods_of: Vec<(ShapeIndex, Vec<PodIndex>)>,
    dimensions: &[ResourceName],
    admission: &Admission,
    kinds: &[KindWithColumn],
    nodes: &[ExistingNode],
) -> Vec<Class> {
    type Key = (Amounts, i32, Bits, Bits, Vec<usize>);
    let mut position_of: BTreeMap<Key, usize> = BTreeMap::new();
    let mut classes: Vec<Class> = Vec::new();
    for (index, pods) in pods_of {
        let shape = snapshot.shape(index);
        let rule = admission.rule_of[index.get()].expect("every used shape has a rule set");
        let requests = kinds::amounts(&shape.requests, dimensions);
        let admitted = collect(kinds.iter().map(|k| admission.columns[k.column].contains(rule)));
        let on_nodes = collect(nodes.iter().map(|n| {
            let meets = shape.rivals.iter().any(|one| snapshot.node(n.node).rivals.contains(one));
            !meets && admission.nodes[n.node.get()].contains(rule)
        }));
        let rivals: Vec<usize> = shape.rivals.iter().map(|group| group.get()).collect();
        let key =
            (requests.clone(), shape.priority, admitted.clone(), on_nodes.clone(), rivals.clone());
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
            together_max: if rivals.is_empty() { i64::MAX } else { 1 },
            rivals,
        });
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

/// Nodes that take pods, by room, admission and the rivals there, so that their names decide nothing
/// but ties between interchangeable ones.
fn nodes(
    snapshot: &Snapshot,
    admission: &Admission,
    dimensions: &[ResourceName],
    ranks: &rivals::Ranks,
) -> Vec<ExistingNode> {
    let mut nodes: Vec<ExistingNode> = snapshot
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, node)| node.state != NodeState::Unschedulable)
        .map(|(position, node)| ExistingNode {
            node: NodeIndex::new(position),
            room: kinds::amounts(&node.room, dimensions),
            spare: kinds::amounts(&node.room, dimensions),
            price: 0,
            own: Vec::new(),
        })
        .collect();
    nodes.sort_by(|a, b| {
        let rules = |n: &ExistingNode| &admission.nodes[n.node.get()];
        let there = |n: &ExistingNode| ranks.of(&snapshot.node(n.node).rivals);
        (&a.room, rules(a))
            .cmp(&(&b.room, rules(b)))
            .then_with(|| there(a).cmp(&there(b)))
            .then_with(|| a.node.cmp(&b.node))
    });
    nodes
}
