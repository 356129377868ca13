//! Pods are where those are that they go with, and where nobody is that they keep away from, as
//! [`model::Term`] says.

use std::collections::BTreeSet;

use model::ShapeIndex;

use crate::Violation;
use crate::facts::{Facts, TieRefusal};
use crate::found::Found;

/// Reports each shape on the first node where a term forbids it; where there is none, shapes whose pods wait
/// for each other.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    if facts.ties.is_empty() {
        return;
    }
    let mut seen: BTreeSet<(ShapeIndex, Option<TieRefusal>)> = BTreeSet::new();
    for (position, seat) in facts.seats.iter().enumerate() {
        for (shape, _) in &seat.load {
            let Some(refusal) = facts.ties.broken(*shape, seat, position) else { continue };
            if !seen.insert((*shape, Some(refusal.clone()))) {
                continue;
            }
            let pod = facts.first_of(*shape, seat.pods(facts.plan));
            let place = seat.place(facts.snapshot);
            found.push(match refusal {
                TieRefusal::Away { key, selection, there_in: _ } => {
                    Violation::Alone { pod, place, key, selection }
                }
                TieRefusal::Apart { key, selection, own, pods } => {
                    Violation::NotApart { pod, place, key, selection, own, pods }
                }
            });
        }
    }
    if !seen.is_empty() {
        return;
    }
    let stuck = facts.ties.stuck(&facts.seats);
    for seat in facts.seats.iter() {
        for (shape, _) in seat.load.iter().filter(|(shape, _)| stuck.contains(shape)) {
            if seen.insert((*shape, None)) {
                let pod = facts.first_of(*shape, seat.pods(facts.plan));
                found.push(Violation::Stuck { pod, place: seat.place(facts.snapshot) });
            }
        }
    }
}
