//! Soft rules between pods: the last hand that is laid on a packing, for their sake.
//!
//! In: where pods are. Out: the same pods on as many nodes, arranged so that what nodes and preferences come to
//! together is less, and never more: nodes are bought in other zones, pods of one class change places, pods go
//! where there is room. Soft rules tell no pods apart before that, so that they cost no search; what they are
//! worth is known by [`Objective::preference`]. No move is made that a required rule could mind.
//!
//! The search is a descent of first gains, bounded by counted work.

mod books;
mod looks;
mod seats;
mod swaps;
mod tally;
mod zones;

use model::{Objective, Snapshot};

use crate::materialise::Placed;
use crate::problem::Built;
use books::Books;
use seats::Seats;
use swaps::Swaps;
use zones::Zones;

/// Seats tried for one pod at most, beside those that it would rather be on.
const SEATS_MAX: usize = 48;

/// Domains looked at for one rule of a pod, and seats in each.
const WANTED_MAX: usize = 12;

/// Smaller pods that one changes places with at most.
const BACK_MAX: usize = 8;

/// Changes made at most, tried ones included; a rule that a change touches is another. Half a million take some
/// tens of milliseconds.
const WORK_MAX: u64 = 500_000;

/// Whether soft rules are worth anything.
pub(crate) const fn are_priced(snapshot: &Snapshot, objective: Objective) -> bool {
    !snapshot.soft_rules.is_empty() && !objective.preference_price.is_nothing()
}

/// `placed` arranged for soft rules, and what is given up of them, nano-USD per hour.
pub(crate) fn arranged(
    snapshot: &Snapshot,
    built: &Built,
    objective: Objective,
    placed: Placed,
) -> (Placed, i64) {
    let Some(books) = Books::new(snapshot, built, objective) else { return (placed, 0) };
    let mut seats = Seats::new(snapshot, &books, placed);
    let mut found = true;
    while found && seats.tally.total > 0 && seats.tally.work < WORK_MAX {
        found = round(&mut seats);
    }
    let given_up = seats.tally.total;
    (seats.finish(), given_up)
}

/// Each node and each pod once; whether anything was found.
fn round(seats: &mut Seats<'_, '_>) -> bool {
    let mut found = false;
    let zones = Zones::new(seats);
    for seat in 0..seats.all.len() {
        if seats.tally.work >= WORK_MAX {
            return found;
        }
        found |= zones.settle(seats, seat);
    }
    let swaps = Swaps::new(seats);
    for seat in 0..seats.all.len() {
        let places: Vec<usize> = seats.all[seat].pods.keys().copied().collect();
        for place in places {
            if seats.books.roles[place].iter().all(|role| role.carried.is_none()) {
                continue;
            }
            while seats.tally.work < WORK_MAX
                && seats.all[seat].pods.contains_key(&place)
                && swaps.move_one(seats, seat, place)
            {
                found = true;
            }
        }
    }
    found
}
