//! All that would be done now, were nothing waited for: empty nodes first, then consolidation of the
//! rest, each node answered once.
//!
//! In: as for [`crate::consolidate()`]. Out: moves, those for emptiness first, and an answer for each node. What
//! goes because it is empty takes up budgets before anything is consolidated, and takes no pods. For
//! whoever asks what disruption would do with a cluster; nobody carries it out as one.

use model::fleet::Cluster;
use model::{MicroUsdPerHour, Move, NanoUsdPerHour, NodeState, Snapshot, Timestamp};

use crate::consolidate::{Answer, Consolidation, Rotation, Settings, found, index_of};
use crate::decide::{Decision, VALIDATION, Waiting, decide};
use crate::kept::Kept;
use crate::search::AT_ONCE;
use model::fleet::Reason;

/// Surveys `cluster` at `now`.
pub fn survey(
    snapshot: &Snapshot,
    cluster: &Cluster,
    settings: &Settings,
    now: Timestamp,
) -> Consolidation {
    let decision = decide(cluster, &as_if_waited(cluster, now), now);
    let (mut rest, mut left) = (snapshot.clone(), cluster.clone());
    let mut empty: Vec<Move> = Vec::new();
    let mut goes: Vec<Option<usize>> = vec![None; cluster.nodes.len()];
    for deletion in &decision.delete {
        let is_it = |node: &model::fleet::Node| node.claim.as_ref() == Some(&deletion.claim);
        let Some(place) = cluster.nodes.iter().position(is_it) else { continue };
        let Some(index) = index_of(snapshot, &cluster.nodes[place]) else { continue };
        left.nodes[place].deleting = true;
        rest.nodes[index.get()].state = NodeState::Unschedulable;
        goes[place] = Some(empty.len());
        empty.push(Move {
            reason: deletion.reason,
            removed: vec![index],
            launched: Vec::new(),
            taken: Vec::new(),
            saving: snapshot.node(index).price.unwrap_or(MicroUsdPerHour::ZERO),
            price: NanoUsdPerHour::ZERO,
        });
    }
    let turns = (&Rotation::default(), AT_ONCE);
    let found = found(&rest, &left, settings, turns, now);
    let before = empty.len();
    let answers = found.answers.into_iter().enumerate().map(|(place, answer)| match answer {
        _ if goes[place].is_some() => Answer::Goes(goes[place].unwrap_or_default()),
        Answer::Goes(position) => Answer::Goes(before + position),
        Answer::Kept(Kept::Empty) => Answer::Kept(kept_by(&decision, place)),
        Answer::Kept(kept) => Answer::Kept(kept),
    });
    Consolidation {
        answers: answers.collect(),
        moves: empty.into_iter().chain(found.moves).collect(),
        ..found
    }
}

/// As if every claim had been wanted for as long as anything is waited for.
fn as_if_waited(cluster: &Cluster, now: Timestamp) -> Waiting {
    let since = Timestamp(now.0.saturating_sub(VALIDATION));
    let claims = cluster.nodes.iter().filter_map(|node| node.claim.clone());
    claims.map(|claim| ((claim, Reason::Empty), since)).collect()
}

/// Why an empty node stays: the budgets, where nothing else is known.
fn kept_by(decision: &Decision, place: usize) -> Kept {
    decision.kept.get(&place).cloned().unwrap_or(Kept::Empty)
}
