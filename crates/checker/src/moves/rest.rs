//! What no moves go below: a lower bound of what a fleet costs, whichever of its nodes go.
//!
//! In: a snapshot whose pods are those that may have to move, the cluster, what pods may be worth. Out:
//! a bound that is proved as for plans, where a node that may go is one that may be kept at its own
//! price, once; and the price of those that something bars, which stay. What moves cost, and budgets, is
//! not looked at: they only restrict.

use model::fleet::{Cluster, Node, Place};
use model::{
    Candidate, MicroUsdPerHour, NanoUsdPerHour, NodeFill, NodeIndex, NodeState, Objective, Plan,
    PodIndex, Resources, Snapshot, Timestamp,
};

use super::{Case, bars};
use crate::BoundError;
use crate::bound::prove_best_kept;

/// What no moves go below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestBound {
    /// No set of moves makes what runs cost less, nodes that stay included; not negative.
    pub lower: NanoUsdPerHour,
    /// List prices of the nodes that something bars, as far as they are known.
    pub staying: MicroUsdPerHour,
}

/// Proves what no moves at `now` go below, from the best of `candidates`, within `work_limit` units for
/// each.
///
/// # Errors
/// As [`crate::prove_best`].
pub fn prove_rest(
    snapshot: &Snapshot,
    cluster: &Cluster,
    candidates: &[Candidate],
    now: Timestamp,
    work_limit: u64,
) -> Result<RestBound, BoundError> {
    let case = Case::new(snapshot, cluster, &[], now);
    let mut free = snapshot.clone();
    let mut pods: Vec<PodIndex> = Vec::new();
    let mut kept = Vec::with_capacity(snapshot.nodes.len());
    let mut staying = MicroUsdPerHour::ZERO;
    for (position, known) in free.nodes.iter_mut().enumerate() {
        let price = known.price.unwrap_or(MicroUsdPerHour::ZERO);
        let node = case.node(NodeIndex::new(position));
        let Some(own) = node.filter(|node| bars::may_go(&case, node)).and_then(own) else {
            staying += price;
            kept.push(0);
            continue;
        };
        for pod in &own {
            let requests: &Resources = &snapshot.shape_of(*pod).requests;
            known.bound.subtract(requests);
        }
        known.rivals.clear();
        known.state = NodeState::Ready;
        kept.push(price.get().saturating_mul(1000));
        pods.extend(own);
    }
    if pods.is_empty() {
        return Ok(RestBound { lower: nano(staying), staying });
    }
    pods.sort_unstable();
    let existing = vec![NodeFill { node: NodeIndex::new(0), pods }];
    let plan = Plan { new_nodes: Vec::new(), existing, unschedulable: Vec::new() };
    let objective = Objective::LIST_PRICES;
    let (_, bound) = prove_best_kept(&free, &plan, candidates, objective, &kept, work_limit)?;
    let lower = bound.lower.get().saturating_add(nano(staying).get());
    Ok(RestBound { lower: NanoUsdPerHour::new(lower), staying })
}

/// The node's pods that would have to move; `None` where that cannot be said of one.
fn own(node: &Node) -> Option<Vec<PodIndex>> {
    let moving = node.pods.iter().filter(|pod| pod.reschedulable);
    moving
        .map(|pod| match pod.place {
            Place::Pod(index) => Some(index),
            Place::Unknown | Place::NotHonoured(_) => None,
        })
        .collect()
}

fn nano(rate: MicroUsdPerHour) -> NanoUsdPerHour {
    NanoUsdPerHour::new(rate.get().saturating_mul(1000))
}
