//! One pass over what runs: which nodes go, what comes in their place, and why every other one stays.
//!
//! In: a snapshot of what runs, its cluster, what is asked. Out: moves in the order in which they may begin,
//! and one answer for each node. What is empty goes first; then one drifted node, whatever it costs; and only
//! where none can, consolidation, as Karpenter has it. The controller, its records and the command line all
//! ask this one function, so what is shown is what would be done.

use disruption::{Answer, Consolidation, Drift, Drifted, Emptied, Kept, Rotation, drift};
use model::fleet::{Cluster, Node, Reason};
use model::{Move, MovePrices, NanoUsdPerHour, NewNode, NodeFill, PodIndex, Snapshot, Timestamp};

use crate::moving::{Arguments, Moving, Replacement, replace_first};
use crate::{Seed, Settings};

/// What a pass is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What governs consolidation.
    pub consolidation: disruption::Settings,
    /// What plans of pods of drifted nodes are made with.
    pub settings: Settings,
    /// Since when claims are drifted.
    pub drifted: Drifted,
    /// What the pass before left.
    pub rotation: Rotation,
    /// The time.
    pub now: Timestamp,
    /// The seed.
    pub seed: Seed,
}

/// What a pass came to.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Moves in the order in which they may begin, an answer for every node, and how far the search went.
    pub found: Consolidation,
    /// Which drifted nodes may go, and why the others stay.
    pub drift: Drift,
}

/// Looks at what runs.
pub fn pass(snapshot: &Snapshot, cluster: &Cluster, question: &Question) -> Pass {
    let now = question.now;
    let emptied = Emptied::new(snapshot, cluster, now);
    let drift = drift(&emptied.cluster, &question.drifted, now);
    let is_drifted = |node: &Node| {
        node.deleting || node.claim.as_ref().is_some_and(|one| question.drifted.contains_key(one))
    };
    let with = Arguments { settings: &question.settings, now, seed: question.seed };
    let replaced = replace_first(&emptied.snapshot, &emptied.cluster, &drift.go, is_drifted, &with);
    let mut found = emptied.consolidate(&question.consolidation, &question.rotation, now);
    if let Some(replaced) = &replaced {
        let one = drifted_move(snapshot, replaced, question.consolidation.prices);
        first(&mut found, emptied.moves.len(), replaced.place, one);
    }
    for (place, kept) in &drift.kept {
        if matches!(found.answers[*place], Answer::Kept(_)) {
            found.answers[*place] = Answer::Kept(kept.clone());
        }
    }
    Pass { found, drift }
}

/// Puts the move of a drifted node after the first `before` and in the place of all others, whose nodes go
/// another time.
fn first(found: &mut Consolidation, before: usize, place: usize, one: Move) {
    found.moves.truncate(before);
    found.moves.push(one);
    let mut later = 0;
    for answer in &mut found.answers {
        if matches!(answer, Answer::Goes(position) if *position >= before) {
            later += 1;
            *answer = Answer::Kept(Kept::Later { place: later });
        }
    }
    found.answers[place] = Answer::Goes(before);
}

/// The replacement of a drifted node as a move of `snapshot`.
fn drifted_move(snapshot: &Snapshot, replaced: &Replacement, prices: MovePrices) -> Move {
    let Replacement { node, place: _, pods, moving: Moving { snapshot: moving, plan } } = replaced;
    let known = |own: &[PodIndex]| own.iter().map(|pod| pods[pod.get()]).collect::<Vec<_>>();
    let launched: Vec<NewNode> = (plan.new_nodes.iter())
        .map(|one| NewNode { offering: one.offering, pods: known(&one.pods) })
        .collect();
    let taken = plan.existing.iter().filter(|fill| !fill.pods.is_empty());
    let taken = taken.map(|fill| NodeFill { node: fill.node, pods: known(&fill.pods) }).collect();
    let rates = launched.iter().map(|one| {
        let price = moving.listing_of(moving.offering(one.offering)).price;
        price.map(|price| price.rate).unwrap_or_default()
    });
    let rates: Vec<_> = rates.collect();
    let launches = rates.iter().map(|rate| prices.launch(*rate).get());
    let evictions = prices.evictions(pods.len()).get();
    let price = launches.fold(evictions, i64::saturating_add);
    Move {
        reason: Reason::Drifted,
        removed: vec![*node],
        launched,
        taken,
        saving: snapshot.node(*node).price.unwrap_or_default() - rates.into_iter().sum(),
        price: NanoUsdPerHour::new(price),
    }
}
