//! Pods that change places, or go where there is room, for the sake of soft rules.

use std::collections::{BTreeMap, BTreeSet};

use super::seats::{Bin, Seats};
use super::{BACK_MAX, SEATS_MAX, WANTED_MAX};
use crate::packing::count;
use crate::problem::Problem;

/// Seats by domain of each label, for those that pods would rather be in.
pub(super) struct Swaps {
    /// By label and domain.
    of_domain: BTreeMap<(usize, usize), Vec<usize>>,
}

impl Swaps {
    /// For `seats` as they are now.
    pub(super) fn new(seats: &Seats<'_, '_>) -> Self {
        let keys: BTreeSet<usize> = seats.books.rules.iter().filter_map(|rule| rule.key).collect();
        let mut of_domain: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (position, seat) in seats.all.iter().enumerate() {
            for key in &keys {
                if let Some(domain) = seats.books.looks.domain(seat.at.look, *key) {
                    of_domain.entry((*key, domain)).or_default().push(position);
                }
            }
        }
        Self { of_domain }
    }

    /// Moves one pod of the shape at `place` from a seat to where all comes to less; whether there is such.
    pub(super) fn move_one(&self, seats: &mut Seats<'_, '_>, from: usize, place: usize) -> bool {
        let before = seats.tally.total;
        let pod = seats.take(from, place);
        let gain = before - seats.tally.total;
        // Nothing to gain but from the node that it is on: what prefers another is for the packing to see to.
        let mut found = false;
        if gain > 0 {
            for to in self.candidates(seats, from, place) {
                found = to != from && try_seat(seats, (from, to), (place, pod), before);
                if found {
                    break;
                }
            }
        }
        if !found {
            seats.add(from, place, pod);
        }
        found
    }

    /// Seats in domains that the pod would rather be in, then others in turn.
    fn candidates(&self, seats: &Seats<'_, '_>, from: usize, place: usize) -> Vec<usize> {
        let mut candidates = Vec::new();
        for (key, domain) in seats.tally.wanted(place) {
            let Some(key) = key else {
                candidates.push(domain);
                continue;
            };
            let there = self.of_domain.get(&(key, domain)).into_iter().flatten();
            let after = there.clone().filter(|seat| **seat > from);
            candidates.extend(after.chain(there).take(WANTED_MAX));
        }
        let all = seats.all.len();
        candidates.extend((1..all.min(SEATS_MAX + 1)).map(|step| (from + step) % all));
        candidates
    }
}

/// Puts the pod there where that comes to less, in exchange for another or not; it has been taken.
fn try_seat(
    seats: &mut Seats<'_, '_>,
    (from, to): (usize, usize),
    (place, pod): (usize, model::PodIndex),
    before: i64,
) -> bool {
    if !seats.admits(to, place) {
        return false;
    }
    let kin = seats.books.kin_of[place];
    let may_move = seats.books.is_free[place] && seats.all[from].is_open && seats.all[to].is_open;
    let requests = &seats.books.parent(place).requests;
    let fits = Problem::fits(requests, &seats.all[to].rest);
    let others: Vec<usize> = seats.all[to].pods.keys().copied().collect();
    let leaves_none =
        seats.all[from].pods.is_empty() && matches!(seats.all[from].bin, Bin::New(..));
    seats.add(to, place, pod);
    if seats.tally.total < before {
        let more = seats.charge(to, place) - seats.charge(from, place);
        if may_move && fits && !leaves_none && seats.tally.total + more < before {
            return true;
        }
        for other in others {
            let is_kin = seats.books.kin_of[other] == kin;
            if other == place || !(is_kin || may_move && seats.books.is_free[other]) {
                continue;
            }
            if try_other(seats, (from, to), (place, other), before) {
                return true;
            }
        }
    }
    seats.take(to, place);
    false
}

/// Takes pods of the shape at `other` back in exchange, as many as it takes, where that fits and comes to less.
fn try_other(
    seats: &mut Seats<'_, '_>,
    (from, to): (usize, usize),
    (place, other): (usize, usize),
    before: i64,
) -> bool {
    if !seats.admits(from, other) {
        return false;
    }
    let holds =
        |seats: &Seats<'_, '_>, seat: usize| seats.all[seat].rest.iter().all(|rest| *rest >= 0);
    let of_kin = seats.books.kin_of[place] == seats.books.kin_of[other];
    let mut back = Vec::new();
    loop {
        let pod = seats.take(to, other);
        seats.add(from, other, pod);
        back.push(pod);
        let is_last = back.len() == BACK_MAX || !seats.all[to].pods.contains_key(&other);
        if of_kin || is_last || holds(seats, to) {
            break;
        }
    }
    let each = seats.charge(from, other) - seats.charge(to, other);
    let own = seats.charge(to, place) - seats.charge(from, place);
    let more = own.saturating_add(each.saturating_mul(count(back.len())));
    let fits = of_kin || holds(seats, from) && holds(seats, to);
    if fits && seats.tally.total.saturating_add(more) < before {
        return true;
    }
    for pod in back.into_iter().rev() {
        seats.take(from, other);
        seats.add(to, other, pod);
    }
    false
}
