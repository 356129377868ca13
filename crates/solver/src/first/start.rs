//! Where search begins: which pods go to which place, and a packing of them.
//!
//! Pods are given to places, and packed; what a place had no room for, as limits or nodes there end, is
//! given to others, and packed again. A packing that leaves out pods of a place may break spreads, as
//! fewer pods there mean fewer elsewhere.

use std::collections::BTreeSet;

use model::Snapshot;

use super::answer;
use super::assign::{Order, assign};
use crate::improve::Work;
use crate::packing::Packing;
use crate::problem::{Built, Problem};
use crate::{materialise, settle};

/// Rounds in which pods that had no room are given to other places. Each is a whole answer; found by
/// trial on limits that bind in one zone of three.
const ROUNDS: usize = 6;

/// Most pods that are also given to places in other orders than the even one: with more of them every place
/// has enough to fill its nodes, and the answer would come twice as late.
const GATHERED_MAX: usize = 300;

/// A first packing.
pub(crate) struct Start {
    /// What was packed.
    pub(crate) problem: Problem,
    pub(crate) packing: Packing,
    /// What bounds every packing of the same pods, whatever site they go to; `None` where that is
    /// `problem` itself.
    pub(crate) bound: Option<(Problem, Packing)>,
    /// What was packed before pods were seated anew: what pods are worth there bounds what this comes to as
    /// well, and less work would say so; and soft rules may make it the better packing.
    pub(crate) before: Option<(Problem, Packing)>,
}

/// The first packing of `built`. Where there is work to be done pods are seated anew, and what bounds the
/// packing is packed, which search alone asks for.
pub(crate) fn start(snapshot: &Snapshot, built: &Built, work: &mut Work<'_>) -> Start {
    let is_searched = !work.is_none();
    if built.rules.is_empty() {
        let problem = built.plain(|_| usize::MAX);
        let packing = answer(&problem);
        let (problem, packing, before) = reseated(snapshot, built, (problem, packing), work);
        // Worths of pods that keep apart say too little of what a node is worth that may have both.
        let bound =
            (!problem.feuds.is_empty()).then(|| bound(built, &problem, &packing, is_searched));
        return Start { problem, packing, bound, before };
    }
    let mut best = None;
    try_order(snapshot, built, Order::Even, &mut best);
    if snapshot.pods.len() <= GATHERED_MAX {
        try_order(snapshot, built, Order::Gathered, &mut best);
        let leaves_out =
            |(rank, ..): &(settle::Rank, _, _)| rank.0.iter().any(|(_, left)| *left > 0);
        if best.as_ref().is_some_and(leaves_out) {
            try_order(snapshot, built, Order::Narrowest, &mut best);
        }
    }
    let (_, problem, packing) = best.expect("there is at least one round");
    let (mut problem, packing, before) = reseated(snapshot, built, (problem, packing), work);
    // Search is not to buy where a spread does not reckon with a node.
    let bought: BTreeSet<usize> = packing.groups.iter().map(|group| group.kind).collect();
    let eligible = built.eligible(&packing.scarce_left(&problem), &bought);
    for (position, kind) in problem.kinds.iter_mut().enumerate() {
        kind.searched &= !built.intrudes(position, &eligible);
    }
    let bound = bound(built, &problem, &packing, is_searched);
    Start { problem, packing, bound: Some(bound), before }
}

/// `packing` and what was packed, or better ones and what was packed before: where pods are few, they are
/// seated anew again and again. What search does by itself is left to it.
fn reseated(
    snapshot: &Snapshot,
    built: &Built,
    (problem, packing): (Problem, Packing),
    work: &mut Work<'_>,
) -> (Problem, Packing, Option<(Problem, Packing)>) {
    let weights = || built.rest.pools.iter().map(|pool| pool.weight);
    let is_plain = built.rules.is_empty()
        && built.rest.scarce.is_empty()
        && weights().min() == weights().max();
    if work.is_none() || is_plain || snapshot.pods.len() > settle::PODS_MAX {
        return (problem, packing, None);
    }
    let placed = materialise::place(&problem, packing.clone());
    let before = settle::rank(built, &placed);
    let placed = settle::reseat(snapshot, built, placed, work);
    if settle::rank(built, &placed) >= before {
        return (problem, packing, None);
    }
    let (better, seated) = built.split_placed(&placed);
    (better, seated, Some((problem, packing)))
}

/// A packing with its rank, and what was packed.
type Best = Option<(settle::Rank, Problem, Packing)>;

/// Packs what places are given in that order, as often as it takes, and keeps the best in `best`.
fn try_order(snapshot: &Snapshot, built: &Built, order: Order, best: &mut Best) {
    let mut eligible = built.eligible(&built.rest.scarce, &BTreeSet::new());
    let mut caps: Option<Vec<Vec<i64>>> = None;
    for _ in 0..ROUNDS {
        let assignment = assign(built, eligible.clone(), caps.as_deref(), order);
        let problem = built.split(&assignment);
        let packing = answer(&problem);
        let lost = built.lost(&problem, &packing);
        let bought: BTreeSet<usize> = packing.groups.iter().map(|group| group.kind).collect();
        let now = built.eligible(&packing.scarce_left(&problem), &bought);
        let is_sure = lost.is_none() && now == eligible;
        let placed = materialise::place(&problem, packing.clone());
        let is_whole = placed.left.is_empty();
        let (placed, _) = settle::settle(snapshot, built, placed);
        let rank = settle::rank(built, &placed);
        if best.as_ref().is_none_or(|(known, ..)| rank < *known) {
            let (problem, packing) =
                if is_sure && is_whole { (problem, packing) } else { built.split_placed(&placed) };
            *best = Some((rank, problem, packing));
        }
        if is_sure {
            break;
        }
        eligible = now;
        let Some(lost) = lost else { continue };
        let unbounded = |lost: &Vec<i64>| vec![i64::MAX; lost.len()];
        let mut next = caps.unwrap_or_else(|| lost.iter().map(unbounded).collect());
        for ((caps, lost), given) in next.iter_mut().zip(&lost).zip(&assignment.0) {
            for ((cap, lost), given) in caps.iter_mut().zip(lost).zip(given) {
                if *lost > 0 {
                    *cap = given - lost;
                }
            }
        }
        caps = Some(next);
    }
}

/// The pods that `packing` places, free to go to any site; nowhere yet where nothing `is_searched`.
fn bound(
    built: &Built,
    problem: &Problem,
    packing: &Packing,
    is_searched: bool,
) -> (Problem, Packing) {
    let mut placed: Vec<usize> = vec![0; built.parents.len()];
    for (class, left) in problem.classes.iter().zip(&packing.left) {
        let left = usize::try_from(*left).unwrap_or(usize::MAX);
        let all = class.pods.len();
        for pod in &class.pods[..all - left.min(all)] {
            for pod in problem.bundle(*pod) {
                placed[built.parent_of[pod.get()]] += 1;
            }
        }
    }
    let plain = built.plain(|parent| placed[parent]).without_ties();
    let plain = plain.unrestricted().unwrap_or(plain);
    let packing = if is_searched { answer(&plain) } else { Packing::new(&plain) };
    (plain, packing)
}
