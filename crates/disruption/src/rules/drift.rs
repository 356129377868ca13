//! Drift: a node that differs from what its pool or class say now is replaced, whatever it costs.
//!
//! In: the cluster, which claims are drifted since when, `now`. Out: the nodes that may go now, those that
//! are drifted longest first, and why the other drifted ones stay. The first of a pool is a canary: until
//! a node of the pool that is not drifted has joined and is ready, one alone is in replacement, and while
//! one that is not drifted is not ready, none more is. Then the pool's budgets for `Drifted` count.
//!
//! Differs from Karpenter: there is no canary there, so that a broken image takes as many nodes as the
//! budget allows. Nodes with protected pods stay, though their claims have a termination grace period.

use std::collections::BTreeMap;

use model::fleet::{Cluster, Node, Pool, Reason};
use model::{NodeClaimName, Timestamp};

use crate::budget::Allowance;
use crate::eligibility::pool_of;
use crate::kept::Kept;

/// Since when claims are drifted.
pub type Drifted = BTreeMap<NodeClaimName, Timestamp>;

/// What is to be done about drift.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Places in [`Cluster::nodes`] of those that may go, in this order, within all budgets together.
    pub go: Vec<usize>,
    /// Why each of the other drifted ones stays, by place.
    pub kept: BTreeMap<usize, Kept>,
}

/// Which of the drifted nodes may go at `now`.
pub fn drift(cluster: &Cluster, drifted: &Drifted, now: Timestamp) -> Drift {
    let mut decision = Drift::default();
    let mut open: BTreeMap<&str, Vec<(usize, &Node, Timestamp)>> = BTreeMap::new();
    for (place, node) in cluster.nodes.iter().enumerate() {
        let since = node.claim.as_ref().and_then(|claim| drifted.get(claim));
        let Some(since) = since else { continue };
        match pool_of(cluster, node, now) {
            Ok(pool) if pool.is_static => drop(decision.kept.insert(place, Kept::StaticPool)),
            Ok(pool) => open.entry(pool.name.as_str()).or_default().push((place, node, *since)),
            Err(kept) => drop(decision.kept.insert(place, kept)),
        }
    }
    for pool in &cluster.pools {
        let Some(mut nodes) = open.remove(pool.name.as_str()) else { continue };
        let moving = |node: &Node| node.pods.iter().filter(|pod| pod.counts()).count();
        nodes.sort_by_key(|(_, node, since)| (*since, moving(node) > 0, node.name.clone()));
        let (room, why) = room(cluster, pool, drifted, now);
        for (position, (place, _, _)) in nodes.into_iter().enumerate() {
            if position < room {
                decision.go.push(place);
            } else {
                decision.kept.insert(place, why.clone());
            }
        }
    }
    decision
}

/// How many drifted nodes of the pool may go now, and why no more.
fn room(cluster: &Cluster, pool: &Pool, drifted: &Drifted, now: Timestamp) -> (usize, Kept) {
    let allowance = Allowance::new(cluster, pool, Reason::Drifted, now);
    let is_drifted = |node: &&Node| node.claim.as_ref().is_some_and(|c| drifted.contains_key(c));
    let nodes = || cluster.nodes_of(&pool.name).filter(|node| node.claim.is_some());
    let current: Vec<&Node> = nodes().filter(|node| !is_drifted(node) && !node.deleting).collect();
    let sick = current.iter().find(|node| !node.initialized || !node.ready);
    let proved = sick.is_none() && !current.is_empty();
    let begun = nodes().filter(|node| is_drifted(node) && node.deleting).count();
    let budget = Kept::Budget {
        reason: Reason::Drifted,
        allowed: allowance.allowed.unwrap_or(usize::MAX),
        total: allowance.total,
        consuming: allowance.consuming,
        taken: 0,
    };
    if proved || allowance.left() == 0 {
        return (allowance.left(), budget);
    }
    // One that was launched for pods that wait, and one that is sick, are waited for as a canary is.
    let room = usize::from(begun == 0 && sick.is_none());
    (room, Kept::Canary { pool: pool.name.clone(), node: sick.and_then(|node| node.name.clone()) })
}
