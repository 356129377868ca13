//! Whether a move that was decided earlier still holds, against a fresh fleet: asked when what was
//! launched for it is ready, before anything is drained.
//!
//! In: a fresh snapshot and cluster, the move by names, the time. Out: where each pod that has to move
//! now runs then, or why the move does not hold any more. Pods keep the seats that were decided as
//! long as these have room; others, and pods that came since, are seated where they fit, on what was
//! launched first. That is no search: where it seats a pod nowhere, another way may exist, and the move
//! is given up. Whatever is seated is held against the rules of plans.

use std::collections::{BTreeMap, BTreeSet};

use model::fleet::{Cluster, Place};
use model::{
    DecidedMove, MicroUsdPerHour, Move, NanoUsdPerHour, Node, NodeFill, NodeIndex, NodeState,
    PodIndex, Resources, RivalsIndex, Seat, Snapshot, Timestamp, untolerated,
};

use super::{Case, MoveViolation, bars, budgets, seats};

/// A move that still holds. Invariant: made by [`check_again`] alone.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMove {
    removed: Vec<NodeIndex>,
    taken: Vec<NodeFill>,
}

impl HeldMove {
    /// The nodes that go, ascending.
    pub fn removed(&self) -> &[NodeIndex] {
        &self.removed
    }

    /// Where their pods run then, by node; what was launched is among the nodes now.
    pub fn taken(&self) -> &[NodeFill] {
        &self.taken
    }
}

/// Whether `decided` still holds in a fresh fleet at `now`: its nodes are there and nothing bars them
/// (they may carry the marks of this move), budgets of pools and pods allow it, what was launched is
/// ready, and every pod that has to move now has a seat. Neither savings nor times of quiet are asked
/// about again.
///
/// # Errors
/// Why it does not hold.
pub fn check_again(
    snapshot: &Snapshot,
    cluster: &Cluster,
    decided: &DecidedMove,
    now: Timestamp,
) -> Result<HeldMove, Vec<MoveViolation>> {
    let fresh = Fresh::new(snapshot, cluster, decided)?;
    let taken = fresh.seated()?;
    let one = Move {
        reason: decided.reason,
        removed: fresh.removed,
        launched: Vec::new(),
        taken,
        saving: MicroUsdPerHour::ZERO,
        price: NanoUsdPerHour::ZERO,
    };
    let moves = std::slice::from_ref(&one);
    let case = Case { begun: true, ..Case::new(snapshot, cluster, moves, now) };
    let rules = [bars::check, budgets::check, seats::check];
    let found: Vec<MoveViolation> = rules.iter().flat_map(|rule| rule(&case)).collect();
    if found.is_empty() {
        Ok(HeldMove { removed: one.removed, taken: one.taken })
    } else {
        Err(found)
    }
}

/// What there is now of a decided move.
struct Fresh<'a> {
    snapshot: &'a Snapshot,
    removed: Vec<NodeIndex>,
    /// The node of each launched claim.
    launched: Vec<NodeIndex>,
    /// Pods that have to move now, with the seats that were decided for them.
    pods: Vec<(PodIndex, Option<NodeIndex>)>,
}

impl<'a> Fresh<'a> {
    fn new(
        snapshot: &'a Snapshot,
        cluster: &'a Cluster,
        decided: &DecidedMove,
    ) -> Result<Self, Vec<MoveViolation>> {
        let mut found = Vec::new();
        let index_of = |name: &model::NodeName| {
            let place = snapshot.nodes.binary_search_by(|node| node.name.cmp(name));
            place.ok().map(NodeIndex::new)
        };
        let mut removed = Vec::new();
        let mut known = BTreeMap::new();
        for name in &decided.removed {
            let node = cluster.nodes.iter().find(|node| node.name.as_ref() == Some(name));
            match (index_of(name), node) {
                (Some(index), Some(node)) => drop(known.insert(index, node)),
                (_, _) => found.push(MoveViolation::Unknown { node: name.clone() }),
            }
        }
        removed.extend(known.keys().copied());
        let mut launched = Vec::new();
        for claim in &decided.launched {
            let node = cluster.nodes.iter().find(|node| node.claim.as_ref() == Some(claim));
            let index = node.and_then(|node| node.name.as_ref()).and_then(index_of);
            match index.filter(|index| snapshot.node(*index).state == NodeState::Ready) {
                Some(index) => launched.push(index),
                None => found.push(MoveViolation::NotLaunched { claim: claim.clone() }),
            }
        }
        if !found.is_empty() {
            return Err(found);
        }
        let seat_of = |pod: &model::PodName| match decided.seats.get(pod)? {
            Seat::Launched(position) => launched.get(*position).copied(),
            Seat::Kept(name) => index_of(name),
        };
        let mut pods = Vec::new();
        for (index, node) in &known {
            for pod in super::form::that_move(node, decided.reason) {
                let Place::Pod(place) = pod.place else {
                    let (node, pod) = (snapshot.node(*index).name.clone(), pod.name.clone());
                    let why = "where else it would run cannot be said";
                    found.push(MoveViolation::PodBarred { node, pod, why });
                    continue;
                };
                pods.push((place, seat_of(&pod.name)));
            }
        }
        if found.is_empty() { Ok(Self { snapshot, removed, launched, pods }) } else { Err(found) }
    }

    /// A seat for each pod.
    fn seated(&self) -> Result<Vec<NodeFill>, Vec<MoveViolation>> {
        let mut floor = Floor { snapshot: self.snapshot, touched: BTreeMap::new() };
        let mut homeless = Vec::new();
        for (pod, seat) in &self.pods {
            let seat = seat.filter(|seat| !self.removed.contains(seat));
            if !seat.is_some_and(|seat| floor.seat(*pod, seat)) {
                homeless.push(*pod);
            }
        }
        let others = (0..self.snapshot.nodes.len()).map(NodeIndex::new).filter(|node| {
            self.snapshot.node(*node).state == NodeState::Ready && !self.removed.contains(node)
        });
        let order: Vec<NodeIndex> = self.launched.iter().copied().chain(others).collect();
        let mut found = Vec::new();
        for pod in homeless {
            if !order.iter().any(|node| floor.seat(pod, *node)) {
                let pod = self.snapshot.pod(pod).name.clone();
                found.push(MoveViolation::NoSeat { pod });
            }
        }
        if found.is_empty() { Ok(floor.fills()) } else { Err(found) }
    }
}

/// Nodes with what was seated on them; rooms are the snapshot's, which the rules do not trust.
struct Floor<'a> {
    snapshot: &'a Snapshot,
    touched: BTreeMap<NodeIndex, Touched>,
}

struct Touched {
    room: Resources,
    rivals: BTreeSet<RivalsIndex>,
    pods: Vec<PodIndex>,
}

impl Floor<'_> {
    /// Seats `pod` on `node` if that admits and holds it.
    fn seat(&mut self, pod: PodIndex, node: NodeIndex) -> bool {
        let (known, shape) = (self.snapshot.node(node), self.snapshot.shape_of(pod));
        if !admits(known, shape) {
            return false;
        }
        let touched = self.touched.entry(node).or_insert_with(|| Touched {
            room: known.room.clone(),
            rivals: known.rivals.iter().copied().collect(),
            pods: Vec::new(),
        });
        let meets = shape.rivals.iter().any(|group| touched.rivals.contains(group));
        if meets || !shape.requests.fits_in(&touched.room) {
            return false;
        }
        touched.room.subtract(&shape.requests);
        touched.rivals.extend(&shape.rivals);
        touched.pods.push(pod);
        true
    }

    fn fills(self) -> Vec<NodeFill> {
        let fill = |(node, touched): (NodeIndex, Touched)| {
            let mut pods = touched.pods;
            pods.sort_unstable();
            NodeFill { node, pods }
        };
        self.touched.into_iter().filter(|(_, one)| !one.pods.is_empty()).map(fill).collect()
    }
}

fn admits(node: &Node, shape: &model::PodShape) -> bool {
    let label = |key: &model::LabelKey| node.labels.get(key).map(model::LabelValue::as_str);
    untolerated(&node.taints, &shape.tolerations).is_none()
        && shape.alternatives.iter().any(|terms| terms.first_refused(label).is_none())
}
