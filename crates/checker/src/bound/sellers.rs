//! What can be bought, reduced to what a proof must look at.
//!
//! In: the snapshot's priced offerings. Out: sellers, none of which another makes superfluous: one
//! that is dropped is worth more than its price at most where a seller that stays is, and by no
//! greater ratio.

use std::collections::BTreeMap;

use model::{Objective, OfferingIndex, Snapshot, SupplyIndex};

use super::BoundError;
use super::bins::{Bin, Bins};
use super::knapsack::TOTAL_MAX;

/// A kind of node that can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seller {
    /// Its price, nano-USD per hour; at most [`TOTAL_MAX`], which nothing can be worth more than.
    pub(super) price: i64,
    /// The interruption term of each pod on it, nano-USD per hour.
    pub(super) term: i64,
    /// What it holds, and whom it admits.
    pub(super) bin: Bin,
    /// The supply that it draws on.
    pub(super) supply: Option<SupplyIndex>,
    /// The first offering that is like it.
    pub(super) offering: OfferingIndex,
}

/// The sellers that a proof must look at.
pub(super) fn of_snapshot(
    snapshot: &Snapshot,
    bins: &Bins<'_>,
    objective: Objective,
) -> Result<Vec<Seller>, BoundError> {
    // A pool's offerings of one listing differ in chosen labels alone. The bound is to hold whatever
    // labels are chosen, so they count as one, with the most room and the widest admission.
    let mut by_listing: BTreeMap<(usize, usize), (OfferingIndex, Bin)> = BTreeMap::new();
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        if snapshot.listing_of(offering).price.is_none() {
            continue;
        }
        let bin = bins.of_offering(position);
        by_listing
            .entry((offering.pool.get(), offering.listing.get()))
            .and_modify(|(_, widest)| widest.widen(&bin))
            .or_insert_with(|| (OfferingIndex::new(position), bin));
    }
    let mut sellers = Vec::with_capacity(by_listing.len());
    for (offering, bin) in by_listing.into_values() {
        let listing = snapshot.listing_of(snapshot.offering(offering));
        let Some(price) = listing.price else { continue };
        let term = objective.term(listing);
        if price.rate.get() < 0 || term.get() < 0 {
            return Err(BoundError::NegativePrice { offering, price: price.rate, term });
        }
        let price = price.rate.get().saturating_mul(1000).min(TOTAL_MAX);
        let supply = listing.supply;
        sellers.push(Seller { price, term: term.get(), bin, supply, offering });
    }
    Ok(reduced(sellers))
}

/// Without the sellers that another replaces.
fn reduced(mut sellers: Vec<Seller>) -> Vec<Seller> {
    // A seller that replaces another comes before it in this order.
    sellers.sort_by(|a, b| {
        (a.price.cmp(&b.price))
            .then_with(|| b.bin.room.cmp(&a.bin.room))
            .then_with(|| a.term.cmp(&b.term))
            .then_with(|| b.bin.admits.len().cmp(&a.bin.admits.len()))
            .then_with(|| a.supply.cmp(&b.supply))
            .then_with(|| a.offering.cmp(&b.offering))
    });
    let mut kept: Vec<Seller> = Vec::new();
    for seller in sellers {
        if !kept.iter().any(|one| replaces(one, &seller)) {
            kept.push(seller);
        }
    }
    kept
}

/// Whether `one` holds whatever `other` holds, at no higher price and no higher term, and is there
/// whenever `other` is.
fn replaces(one: &Seller, other: &Seller) -> bool {
    let is_there = one.supply.is_none() || one.supply == other.supply;
    is_there && one.price <= other.price && one.term <= other.term && one.bin.includes(&other.bin)
}
