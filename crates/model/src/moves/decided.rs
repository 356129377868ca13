//! A move by names, which outlive the snapshot that it was decided on.

use std::collections::BTreeMap;

use super::Move;
use crate::fleet::Reason;
use crate::{NodeClaimName, NodeName, PodName, Snapshot};

/// Where a pod of a decided move runs then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seat {
    /// On the node of this one of [`DecidedMove::launched`], from 0.
    Launched(usize),
    /// On this node, which stays.
    Kept(NodeName),
}

/// A move that was decided, with the claims that were made for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedMove {
    /// What budgets and metrics know it as.
    pub reason: Reason,
    /// The nodes that go.
    pub removed: Vec<NodeName>,
    /// Claims of what was launched in their place, in the order of the move.
    pub launched: Vec<NodeClaimName>,
    /// Where each pod that has to move was to run.
    pub seats: BTreeMap<PodName, Seat>,
}

impl DecidedMove {
    /// The names of `one`, a move of `snapshot`, for each of whose new nodes `launched` has a claim.
    pub fn new(one: &Move, snapshot: &Snapshot, launched: Vec<NodeClaimName>) -> Self {
        let mut seats = BTreeMap::new();
        for (position, node) in one.launched.iter().enumerate() {
            let pods = node.pods.iter().map(|pod| snapshot.pod(*pod).name.clone());
            seats.extend(pods.map(|pod| (pod, Seat::Launched(position))));
        }
        for fill in &one.taken {
            let seat = Seat::Kept(snapshot.node(fill.node).name.clone());
            let pods = fill.pods.iter().map(|pod| snapshot.pod(*pod).name.clone());
            seats.extend(pods.map(|pod| (pod, seat.clone())));
        }
        let removed = one.removed.iter().map(|node| snapshot.node(*node).name.clone()).collect();
        Self { reason: one.reason, removed, launched, seats }
    }
}
