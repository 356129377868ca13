//! Turns a packing of classes into a plan of pods.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use model::{NewNode, NodeFill, Plan, PodIndex, ShapeIndex, Snapshot, Unschedulable};

use crate::packing::{Group, Mix, Packing};
use crate::problem::rules::Loads;
use crate::problem::{Built, Class, Problem};
use crate::reasons;

/// Where every pod is.
#[derive(Clone)]
pub(crate) struct Placed {
    pub(crate) new_nodes: Vec<NewNode>,
    pub(crate) existing: Vec<NodeFill>,
    /// Pods that are nowhere.
    pub(crate) left: Vec<PodIndex>,
}

/// The pods of `packing`: they are handed out shape by shape, nodes of a kind take its offerings
/// (zones of equal price) in turn.
pub(crate) fn place(problem: &Problem, mut packing: Packing) -> Placed {
    let mut queues: Vec<Queue<'_>> = problem.classes.iter().map(Queue::new).collect();
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
    let left = queues.into_iter().flat_map(|queue| queue.units).flatten().copied().collect();
    unbundled(problem, Placed { new_nodes, existing, left })
}

/// `placed` with all pods of its bundles.
fn unbundled(problem: &Problem, mut placed: Placed) -> Placed {
    if problem.bundles.is_empty() {
        return placed;
    }
    let Placed { new_nodes, existing, left } = &mut placed;
    let of_new = new_nodes.iter_mut().map(|node| &mut node.pods);
    let of_existing = existing.iter_mut().map(|fill| &mut fill.pods);
    for pods in of_new.chain(of_existing).chain([left]) {
        *pods = pods.iter().flat_map(|pod| problem.bundle(*pod)).collect();
        pods.sort_unstable();
    }
    placed
}

/// The plan that `placed` comes to, with reasons for those left out; `rules` are those over other
/// labels than the hostname, as `placed` leaves them.
pub(crate) fn plan(snapshot: &Snapshot, placed: Placed, rules: Option<(&Built, &Loads)>) -> Plan {
    let Placed { new_nodes, existing, left } = placed;
    let unschedulable = unschedulable(snapshot, &new_nodes, left, rules);
    Plan { new_nodes, existing, unschedulable }
}

/// Pods of one class that wait for a node.
struct Queue<'a> {
    /// One for each group of rivals that is told apart by nothing else; else one for all.
    units: Vec<std::slice::Iter<'a, PodIndex>>,
    /// Units with pods left, those with most first.
    order: BTreeSet<(Reverse<usize>, usize)>,
}

impl<'a> Queue<'a> {
    fn new(class: &'a Class) -> Self {
        let pods = class.pods.len();
        let units = if (2..=pods).contains(&class.units) { class.units } else { 1 };
        let units: Vec<_> = class.pods.chunks(pods / units).map(<[PodIndex]>::iter).collect();
        let order = units.iter().enumerate().map(|(unit, pods)| (Reverse(pods.len()), unit));
        Self { order: order.collect(), units }
    }

    /// The next `count` pods, for one node.
    fn take(&mut self, count: usize) -> Vec<PodIndex> {
        if let [all] = &mut self.units[..] {
            return all.by_ref().take(count).copied().collect();
        }
        let mut pods = Vec::with_capacity(count);
        let mut back = Vec::with_capacity(count);
        while pods.len() < count {
            let Some((Reverse(left), unit)) = self.order.pop_first() else { break };
            pods.extend(self.units[unit].next());
            back.push((Reverse(left - 1), unit));
        }
        self.order.extend(back.into_iter().filter(|(Reverse(left), _)| *left > 0));
        pods
    }
}

fn hand_out(queues: &mut [Queue<'_>], mix: &Mix) -> Vec<PodIndex> {
    let mut pods: Vec<PodIndex> = Vec::new();
    for &(class, count) in mix {
        let count = usize::try_from(count).expect("counts are positive");
        pods.extend(queues[class].take(count));
    }
    pods.sort_unstable();
    pods
}

fn unschedulable(
    snapshot: &Snapshot,
    new_nodes: &[NewNode],
    left: Vec<PodIndex>,
    rules: Option<(&Built, &Loads)>,
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
            Unschedulable { reasons: reasons::reasons(snapshot, &used, rules, shape), pods }
        })
        .collect()
}
