//! Proves moves against the snapshot and the cluster that they are made in.
//!
//! In: a snapshot whose pods are those that may have to move, the cluster, moves, what moves cost, the
//! time. Out: [`CheckedMoves`], or what is wrong. Every pod of a node that goes is seated once, where a
//! plan of those pods alone may seat it ([`crate::check()`] says so, with the nodes that go taking none);
//! no node goes that something bars; budgets of pools and pods hold; savings and prices are counted
//! again, and each move saves more than it costs. Which moves there might be instead is not asked.

mod bars;
mod budgets;
mod form;
mod money;
mod seats;
mod violation;

use model::fleet::{self, Cluster};
use model::{MicroUsdPerHour, Move, MovePrices, NodeIndex, Snapshot, Timestamp};

pub use violation::MoveViolation;

/// Moves that every rule accepts. Invariant: made by [`check_moves`] alone.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedMoves {
    moves: Vec<Move>,
    totals: MoveTotals,
}

/// What moves come to together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoveTotals {
    /// List prices of the nodes of the snapshot before, as far as they are known.
    pub cost_before: MicroUsdPerHour,
    /// The same after all moves.
    pub cost_after: MicroUsdPerHour,
    /// How many nodes go.
    pub removed: usize,
    /// How many are launched.
    pub launched: usize,
    /// How many pods are evicted.
    pub evictions: usize,
}

impl CheckedMoves {
    /// The moves, in their order.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// What they come to.
    pub const fn totals(&self) -> MoveTotals {
        self.totals
    }
}

/// What moves are judged by.
pub(crate) struct Case<'a> {
    snapshot: &'a Snapshot,
    cluster: &'a Cluster,
    moves: &'a [Move],
    prices: MovePrices,
    now: Timestamp,
    /// The cluster's node for each of the snapshot's.
    node_of: Vec<Option<&'a fleet::Node>>,
}

impl<'a> Case<'a> {
    fn node(&self, index: NodeIndex) -> Option<&'a fleet::Node> {
        self.node_of.get(index.get()).copied().flatten()
    }

    fn pool(&self, node: &fleet::Node) -> Option<&'a fleet::Pool> {
        let name = node.pool.as_ref()?;
        self.cluster.pools.iter().find(|pool| pool.name == *name)
    }

    /// The nodes that go, with their places in the cluster.
    fn going(&self) -> impl Iterator<Item = (NodeIndex, &'a fleet::Node)> + '_ {
        let removed = self.moves.iter().flat_map(|one| &one.removed);
        removed.filter_map(|index| Some((*index, self.node(*index)?)))
    }
}

/// Proves that `moves` may be made at `now`.
///
/// # Errors
/// What is wrong. Where it is the form, nothing else is looked at.
pub fn check_moves(
    snapshot: &Snapshot,
    cluster: &Cluster,
    moves: Vec<Move>,
    prices: MovePrices,
    now: Timestamp,
) -> Result<CheckedMoves, Vec<MoveViolation>> {
    let mut by_name = std::collections::BTreeMap::new();
    for node in &cluster.nodes {
        if let Some(name) = &node.name {
            by_name.insert(name, node);
        }
    }
    let node_of = snapshot.nodes.iter().map(|node| by_name.get(&node.name).copied()).collect();
    let case = Case { snapshot, cluster, moves: &moves, prices, now, node_of };
    let found = form::check(&case);
    if !found.is_empty() {
        return Err(found);
    }
    let rules = [bars::check, budgets::check, money::check, seats::check];
    let found: Vec<MoveViolation> = rules.iter().flat_map(|rule| rule(&case)).collect();
    if !found.is_empty() {
        return Err(found);
    }
    let totals = money::totals(&case);
    Ok(CheckedMoves { moves, totals })
}
