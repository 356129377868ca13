//! The fleet without what goes with nothing in its place: where everything else begins.
//!
//! In: a snapshot of what runs, its cluster, the time. Out: moves for what is empty, as if it had been
//! waited for, and the fleet in which those nodes and expired ones are going: they take up budgets and take
//! no pods. [`Emptied::consolidate`] finds moves among the rest.

use model::fleet::{Cluster, Reason};
use model::{MicroUsdPerHour, Move, NanoUsdPerHour, NodeState, Snapshot, Timestamp};

use crate::consolidate::{Answer, Consolidation, Rotation, Settings, consolidate, index_of};
use crate::decide::{Decision, VALIDATION, Waiting, decide};
use crate::kept::Kept;

/// A fleet whose empty nodes are going.
#[derive(Clone, Debug)]
pub struct Emptied {
    /// What runs; nodes that are going take nothing.
    pub snapshot: Snapshot,
    /// The cluster; nodes that are going say so.
    pub cluster: Cluster,
    /// One for each node that goes because it is empty, in the order of choice.
    pub moves: Vec<Move>,
    decision: Decision,
    /// Which of the moves takes a node, by its place in the cluster.
    goes: Vec<Option<usize>>,
}

impl Emptied {
    /// Marks as going what is expired, and what is empty and within its budgets.
    pub fn new(snapshot: &Snapshot, cluster: &Cluster, now: Timestamp) -> Self {
        let mut emptied = Self {
            snapshot: snapshot.clone(),
            cluster: cluster.clone(),
            moves: Vec::new(),
            decision: decide(cluster, &as_if_waited(cluster, now), now),
            goes: vec![None; cluster.nodes.len()],
        };
        for claim in emptied.decision.expired.clone() {
            emptied.mark(snapshot, cluster, |one| *one == claim);
        }
        for deletion in emptied.decision.delete.clone() {
            let marked = emptied.mark(snapshot, cluster, |one| *one == deletion.claim);
            let Some((place, node)) = marked else { continue };
            emptied.goes[place] = Some(emptied.moves.len());
            emptied.moves.push(Move {
                reason: deletion.reason,
                removed: vec![node],
                launched: Vec::new(),
                taken: Vec::new(),
                saving: snapshot.node(node).price.unwrap_or(MicroUsdPerHour::ZERO),
                price: NanoUsdPerHour::ZERO,
            });
        }
        emptied
    }

    /// Marks the node of a claim as going; gives its places.
    fn mark(
        &mut self,
        snapshot: &Snapshot,
        cluster: &Cluster,
        is_it: impl Fn(&model::NodeClaimName) -> bool,
    ) -> Option<(usize, model::NodeIndex)> {
        let is_it = |node: &model::fleet::Node| node.claim.as_ref().is_some_and(&is_it);
        let place = cluster.nodes.iter().position(is_it)?;
        self.cluster.nodes[place].deleting = true;
        let node = index_of(snapshot, &cluster.nodes[place])?;
        self.snapshot.nodes[node.get()].state = NodeState::Unschedulable;
        Some((place, node))
    }

    /// Consolidates the rest; the answers are for every node, and those moves come first that take what is
    /// empty.
    pub fn consolidate(
        &self,
        settings: &Settings,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Consolidation {
        let found = consolidate(&self.snapshot, &self.cluster, settings, rotation, now);
        let before = self.moves.len();
        let answers = found.answers.into_iter().zip(&self.goes).enumerate();
        let answers = answers.map(|(place, (answer, goes))| match (goes, answer) {
            (Some(position), _) => Answer::Goes(*position),
            (None, Answer::Goes(position)) => Answer::Goes(before + position),
            (None, Answer::Kept(Kept::Empty)) => Answer::Kept(self.kept(place)),
            (None, Answer::Kept(kept)) => Answer::Kept(kept),
        });
        Consolidation {
            answers: answers.collect(),
            moves: self.moves.iter().cloned().chain(found.moves).collect(),
            ..found
        }
    }

    /// Why an empty node stays: the budgets, where nothing else is known.
    fn kept(&self, place: usize) -> Kept {
        self.decision.kept.get(&place).cloned().unwrap_or(Kept::Empty)
    }
}

/// As if every claim had been wanted for as long as anything is waited for.
fn as_if_waited(cluster: &Cluster, now: Timestamp) -> Waiting {
    let since = Timestamp(now.0.saturating_sub(VALIDATION));
    let claims = cluster.nodes.iter().filter_map(|node| node.claim.clone());
    claims.map(|claim| ((claim, Reason::Empty), since)).collect()
}
