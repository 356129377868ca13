//! Proves moves against the snapshot and the cluster that they are made in.
//!
//! In: a snapshot whose pods are those that may have to move, the cluster, moves, what moves cost, the
//! time. Out: [`CheckedMoves`], or what is wrong. Every pod of a node that goes is seated once, where a
//! plan of those pods alone may seat it ([`crate::check()`] says so, with the nodes that go taking none);
//! no node goes that something bars; budgets of pools and pods hold; savings and prices are counted
//! again, and each move saves more than it costs. Which moves there might be instead is not asked.

mod again;
mod bars;
mod budgets;
mod form;
mod money;
mod rest;
mod seats;
mod violation;

use model::fleet::{self, Cluster};
use model::{MicroUsdPerHour, Move, MovePrices, NodeIndex, Snapshot, Timestamp};

pub use again::{HeldMove, check_again};
pub use rest::{RestBound, prove_rest};
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
    /// Whether the moves have begun: what goes is marked already, and is not asked again for how long
    /// it was quiet.
    begun: bool,
    /// The cluster's node for each of the snapshot's.
    node_of: Vec<Option<&'a fleet::Node>>,
}

impl<'a> Case<'a> {
    /// Moves for nothing that have not begun.
    fn new(
        snapshot: &'a Snapshot,
        cluster: &'a Cluster,
        moves: &'a [Move],
        now: Timestamp,
    ) -> Self {
        let mut by_name = std::collections::BTreeMap::new();
        for node in &cluster.nodes {
            if let Some(name) = &node.name {
                by_name.insert(name, node);
            }
        }
        let node_of = snapshot.nodes.iter().map(|node| by_name.get(&node.name).copied()).collect();
        let prices = MovePrices::default();
        Self { snapshot, cluster, moves, prices, now, begun: false, node_of }
    }

    fn node(&self, index: NodeIndex) -> Option<&'a fleet::Node> {
        self.node_of.get(index.get()).copied().flatten()
    }

    fn pool(&self, node: &fleet::Node) -> Option<&'a fleet::Pool> {
        let name = node.pool.as_ref()?;
        self.cluster.pools.iter().find(|pool| pool.name == *name)
    }

    /// The nodes that go, with what the cluster knows of them, and why.
    fn going(&self) -> impl Iterator<Item = (NodeIndex, &'a fleet::Node, fleet::Reason)> + '_ {
        let removed = |one: &'a Move| one.removed.iter().map(|node| (*node, one.reason));
        let all = self.moves.iter().flat_map(removed);
        all.filter_map(|(index, reason)| Some((index, self.node(index)?, reason)))
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
    let case = Case { prices, ..Case::new(snapshot, cluster, &moves, now) };
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
