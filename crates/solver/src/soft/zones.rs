//! The same node elsewhere: another offering of a pool with the same room, for the sake of soft rules.

use std::collections::{BTreeMap, BTreeSet};

use model::OfferingIndex;

use super::seats::{Bin, Seats};
use crate::packing::count;
use crate::problem::Problem;

/// What a node of a kind may be bought as instead.
pub(super) struct Zones {
    /// By kind that is bought: offerings with their kind, one for each look.
    others: BTreeMap<usize, Vec<(OfferingIndex, usize)>>,
}

impl Zones {
    /// For the kinds that `seats` buy.
    pub(super) fn new(seats: &Seats<'_, '_>) -> Self {
        let bought: BTreeSet<usize> = seats.all.iter().filter_map(kind_of).collect();
        let of_kind = |kind: usize| (kind, others(seats, kind));
        Self { others: bought.into_iter().map(of_kind).collect() }
    }

    /// Buys the node of a seat as what it comes to least as; whether that is anything else.
    pub(super) fn settle(&self, seats: &mut Seats<'_, '_>, seat: usize) -> bool {
        let Bin::New(_, kind) = seats.all[seat].bin else { return false };
        let known = (seats.all[seat].bin, seats.all[seat].at.look);
        let mut best = (fixed(seats, seat, kind).saturating_add(seats.tally.total), known);
        let now = best.0;
        for &(offering, other) in self.others.get(&kind).into_iter().flatten() {
            let admits = |place: &usize| seats.books.parent(*place).kinds.contains(other);
            let look = seats.books.looks.of_offering[offering.get()];
            if look == known.1 && other == kind || !seats.all[seat].pods.keys().all(admits) {
                continue;
            }
            // Rules cannot give more than all that they come to.
            let cost = fixed(seats, seat, other);
            if cost >= best.0 {
                continue;
            }
            move_to(seats, seat, (Bin::New(offering, other), look));
            let cost = cost.saturating_add(seats.tally.total);
            if cost < best.0 {
                best = (cost, (Bin::New(offering, other), look));
            }
        }
        move_to(seats, seat, best.1);
        best.0 < now
    }
}

fn kind_of(seat: &super::seats::Seat) -> Option<usize> {
    match seat.bin {
        Bin::New(_, kind) => Some(kind),
        Bin::There(_) => None,
    }
}

/// What the node of a seat and its pods come to as one of `kind`, beside soft rules.
fn fixed(seats: &Seats<'_, '_>, seat: usize, kind: usize) -> i64 {
    let of_kind = seats.books.built.rest.kinds[kind].objective(seats.pods_on(seat));
    let pods = seats.all[seat].pods.iter();
    let charges = pods.map(|(place, pods)| {
        let each = seats.books.parent(*place).forgone.on_kind(kind);
        each.saturating_mul(count(pods.len()))
    });
    charges.fold(of_kind, i64::saturating_add)
}

fn move_to(seats: &mut Seats<'_, '_>, seat: usize, (bin, look): (Bin, usize)) {
    let at = seats.all[seat].at;
    seats.all[seat].bin = bin;
    if at.look == look {
        return;
    }
    seats.all[seat].at.look = look;
    let pods: Vec<(usize, i64)> =
        seats.all[seat].pods.iter().map(|(place, pods)| (*place, count(pods.len()))).collect();
    for (place, pods) in &pods {
        seats.tally.put(*place, at, -pods);
    }
    seats.tally.open(at.look, -1);
    let at = seats.all[seat].at;
    seats.tally.open(look, 1);
    for (place, pods) in &pods {
        seats.tally.put(*place, at, *pods);
    }
}

/// Offerings of the same pool, site and room that take as much of what is scarce; of those that look alike the
/// cheapest.
fn others(seats: &Seats<'_, '_>, kind: usize) -> Vec<(OfferingIndex, usize)> {
    let Problem { kinds, .. } = &seats.books.built.rest;
    let of = &kinds[kind];
    let is_open = seats.all.iter().any(|seat| kind_of(seat) == Some(kind) && seat.is_open);
    let mut found: BTreeMap<(usize, i64), (OfferingIndex, usize)> = BTreeMap::new();
    for (place, other) in kinds.iter().enumerate() {
        let alike = (other.pool, other.site, &other.room) == (of.pool, of.site, &of.room)
            && other.draws == of.draws;
        if place != kind && !(alike && is_open) {
            continue;
        }
        for offering in &other.offerings {
            let look = seats.books.looks.of_offering[offering.get()];
            // Kinds that differ in their charges for preferences stay apart.
            let id = if place == kind { 0 } else { count(place) + 1 };
            found.entry((look, id)).or_insert((*offering, place));
        }
    }
    found.into_values().collect()
}
