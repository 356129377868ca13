//! Where the pods of nodes that go run then: planned on what stays and is ready, or on that and new nodes.
//!
//! In: a snapshot of what runs, its fleet, which nodes go. Out: a snapshot in which only their pods want a
//! node, and a plan of it; or that there is no place. The checker is asked by whoever carries it out.

use std::collections::BTreeMap;

use model::fleet::{Cluster, Node, Place, Reason};
use model::{
    DecidedMove, Move, NewNode, NodeClaimName, NodeFill, NodeIndex, NodeName, NodeState, Plan, Pod,
    PodIndex, PodName, Seat, Snapshot, Timestamp,
};

use crate::{Seed, Settings, plan};

/// What is planned with.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    /// What the caller chooses.
    pub settings: &'a Settings,
    /// The time.
    pub now: Timestamp,
    /// The seed.
    pub seed: Seed,
}

/// Why pods of nodes that go have no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// Where else a pod would run cannot be said.
    #[error("where else pod {0} would run cannot be said")]
    NotPlanned(PodName),
    /// Pods do not fit any more.
    #[error("{left} of its {pods} pods do not fit any more, {first} among them")]
    NoRoom {
        /// How many do not.
        left: usize,
        /// How many there are.
        pods: usize,
        /// One that does not.
        first: PodName,
    },
}

/// A plan of pods that move.
#[derive(Clone, Debug)]
pub struct Moving {
    /// Its pods are those that move.
    pub snapshot: Snapshot,
    /// Where they run then.
    pub plan: Plan,
}

/// What comes in the place of a node, whatever it costs.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The node.
    pub node: NodeIndex,
    /// Its place in the cluster.
    pub place: usize,
    /// The pods that move, in the order of those of `moving`.
    pub pods: Vec<PodIndex>,
    /// Where they run then.
    pub moving: Moving,
}

/// A move that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What budgets know it as.
    pub reason: Reason,
    /// Nodes that go and have not gone yet.
    pub removed: Vec<NodeName>,
    /// Claims that were launched for it.
    pub launched: Vec<NodeClaimName>,
    /// Nodes that stay and take pods.
    pub takes: Vec<NodeName>,
}

impl Begun {
    /// Lets `cluster` see its own nodes as free to take pods. Other moves may count on one as well: whoever
    /// comes later is checked against what is left.
    pub fn claim_seats(&self, cluster: &mut Cluster) {
        for node in &mut cluster.nodes {
            let is_launched = node.claim.as_ref().is_some_and(|one| self.launched.contains(one));
            let takes = node.name.as_ref().is_some_and(|one| self.takes.contains(one));
            node.nominated &= !(is_launched || takes);
        }
    }

    /// The move with a seat for each pod that is on its nodes by now, on what is ready, buying nothing.
    ///
    /// # Errors
    /// Where a pod has no place.
    pub fn seated(
        &self,
        snapshot: &Snapshot,
        cluster: &Cluster,
        with: &Arguments<'_>,
    ) -> Result<DecidedMove, NoPlace> {
        let pods = pods_of(cluster, &self.removed)?;
        let others = cluster.nodes.iter().filter(|node| node.nominated || node.deleting);
        let Moving { snapshot, plan } = planned(snapshot, &pods, &self.removed, others, with);
        let bought = plan.new_nodes.iter().flat_map(|node| &node.pods);
        let left_out = plan.unschedulable.iter().flat_map(|group| &group.pods);
        let left: Vec<&PodIndex> = left_out.chain(bought).collect();
        if let Some(first) = left.first() {
            let first = snapshot.pod(**first).name.clone();
            return Err(NoPlace::NoRoom { left: left.len(), pods: pods.len(), first });
        }
        let seats = plan.existing.iter().flat_map(|fill| {
            let seat = Seat::Kept(snapshot.node(fill.node).name.clone());
            fill.pods.iter().map(move |pod| (*pod, seat.clone()))
        });
        Ok(DecidedMove {
            reason: self.reason,
            removed: self.removed.clone(),
            launched: self.launched.clone(),
            seats: seats.map(|(pod, seat)| (snapshot.pod(pod).name.clone(), seat)).collect(),
        })
    }
}

/// What comes in the place of the first of the nodes at `places` whose pods have a place; nodes that are
/// drifted take no pods, as they are about to go themselves.
pub fn replace_first(
    snapshot: &Snapshot,
    cluster: &Cluster,
    places: &[usize],
    is_drifted: impl Fn(&Node) -> bool,
    with: &Arguments<'_>,
) -> Option<Replacement> {
    places.iter().find_map(|&place| {
        let name = cluster.nodes[place].name.clone()?;
        let known = snapshot.nodes.binary_search_by(|node| node.name.cmp(&name)).ok()?;
        let pods = pods_of(cluster, std::slice::from_ref(&name)).ok()?;
        // The seats of others are theirs.
        let others = cluster.nodes.iter().filter(|node| node.nominated || is_drifted(node));
        let moving = planned(snapshot, &pods, std::slice::from_ref(&name), others, with);
        let node = NodeIndex::new(known);
        let fits = moving.plan.unschedulable.is_empty();
        fits.then_some(Replacement { node, place, pods, moving })
    })
}

/// What moves launch and fill, as a plan of the pods that move.
pub fn launches(snapshot: &Snapshot, moves: &[Move]) -> Moving {
    let mut pods: Vec<PodIndex> = moves.iter().flat_map(Move::pods).collect();
    pods.sort_unstable();
    let place_of = |pod: &PodIndex| {
        PodIndex::new(pods.binary_search(pod).expect("the pod is one of those that move"))
    };
    let placed = |all: &[PodIndex]| all.iter().map(place_of).collect::<Vec<_>>();
    let removed: Vec<NodeName> = (moves.iter().flat_map(|one| &one.removed))
        .map(|node| snapshot.node(*node).name.clone())
        .collect();
    let launched = moves.iter().flat_map(|one| &one.launched);
    let new_nodes = launched
        .map(|node| NewNode { offering: node.offering, pods: placed(&node.pods) })
        .collect();
    let mut fills: BTreeMap<NodeIndex, Vec<PodIndex>> = BTreeMap::new();
    for fill in moves.iter().flat_map(|one| &one.taken) {
        fills.entry(fill.node).or_default().extend(placed(&fill.pods));
    }
    let existing = fills.into_iter().map(|(node, mut pods)| {
        pods.sort_unstable();
        NodeFill { node, pods }
    });
    let plan = Plan { new_nodes, existing: existing.collect(), unschedulable: Vec::new() };
    Moving { snapshot: wanting(snapshot, &pods, &removed), plan }
}

/// The pods that have to move from nodes.
fn pods_of(cluster: &Cluster, names: &[NodeName]) -> Result<Vec<PodIndex>, NoPlace> {
    let is_removed = |name: &NodeName| names.contains(name);
    let nodes = cluster.nodes.iter().filter(|node| node.name.as_ref().is_some_and(is_removed));
    let pods = nodes.flat_map(|node| &node.pods).filter(|pod| pod.reschedulable);
    let mut pods = pods
        .map(|pod| match &pod.place {
            Place::Pod(index) => Ok(*index),
            Place::Unknown | Place::NotHonoured(_) => Err(NoPlace::NotPlanned(pod.name.clone())),
        })
        .collect::<Result<Vec<_>, _>>()?;
    pods.sort_unstable();
    Ok(pods)
}

/// A plan of `pods` on what is left without `removed` and `others`.
fn planned<'a>(
    snapshot: &Snapshot,
    pods: &[PodIndex],
    removed: &[NodeName],
    others: impl Iterator<Item = &'a Node>,
    with: &Arguments<'_>,
) -> Moving {
    let others = others.filter_map(|node| node.name.clone());
    let without: Vec<NodeName> = removed.iter().cloned().chain(others).collect();
    let snapshot = wanting(snapshot, pods, &without);
    let plan = plan(&snapshot, with.settings, with.now, with.seed).0;
    Moving { snapshot, plan }
}

/// The snapshot in which only `pods` want a node, and those in `without` and those that are not ready
/// take none.
fn wanting(snapshot: &Snapshot, pods: &[PodIndex], without: &[NodeName]) -> Snapshot {
    let mut wanting = snapshot.clone();
    wanting.pods = pods.iter().map(|pod| Pod::clone(snapshot.pod(*pod))).collect();
    for node in &mut wanting.nodes {
        if without.contains(&node.name) || node.state != NodeState::Ready {
            node.state = NodeState::Unschedulable;
        }
    }
    wanting
}
