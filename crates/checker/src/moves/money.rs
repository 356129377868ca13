//! Savings and prices, counted again.

use model::fleet::Reason;
use model::{MicroUsdPerHour, Move, NanoUsdPerHour, OfferingIndex};

use super::{Case, MoveTotals, MoveViolation};

/// Reports each move that states wrong figures, and each that does not pay.
pub(super) fn check(case: &Case<'_>) -> Vec<MoveViolation> {
    let moves = case.moves.iter().enumerate();
    moves.filter_map(|(position, one)| wrong(case, position, one)).collect()
}

fn wrong(case: &Case<'_>, position: usize, one: &Move) -> Option<MoveViolation> {
    let prices = || one.removed.iter().map(|node| case.snapshot.node(*node).price);
    let launched: Option<Vec<MicroUsdPerHour>> =
        one.launched.iter().map(|node| price_of(case, node.offering)).collect();
    let is_priced = prices().all(|price| price.is_some());
    // What is drifted or sick is replaced whatever it costs.
    let has_to_pay = matches!(one.reason, Reason::Empty | Reason::Underutilized);
    let is_counted = |launched: &Vec<_>| is_priced || launched.is_empty() || !has_to_pay;
    let Some(launched) = launched.filter(is_counted) else {
        return Some(MoveViolation::Unpriced { position });
    };
    let gone: MicroUsdPerHour = prices().flatten().sum();
    let saving = gone - launched.iter().copied().sum();
    let launches = launched.iter().map(|price| i128::from(case.prices.launch(*price).get()));
    let evictions = i128::from(case.prices.evictions(one.evictions()).get());
    let price: i128 = launches.sum::<i128>() + evictions;
    if one.saving != saving {
        return Some(MoveViolation::WrongSaving { position, stated: one.saving, counted: saving });
    }
    if i128::from(one.price.get()) != price {
        let counted = NanoUsdPerHour::new(i64::try_from(price).unwrap_or(i64::MAX));
        return Some(MoveViolation::WrongPrice { position, stated: one.price, counted });
    }
    // What costs something, though it is not known what, is worth giving up where that is free.
    let unpriced = i128::from(!is_priced);
    let worth = i128::from(saving.get()) * 1000 + unpriced;
    (has_to_pay && worth <= price).then_some(MoveViolation::NotWorth {
        position,
        saving,
        price: one.price,
    })
}

fn price_of(case: &Case<'_>, offering: OfferingIndex) -> Option<MicroUsdPerHour> {
    let listing = case.snapshot.listing_of(case.snapshot.offering(offering));
    listing.price.map(|price| price.rate)
}

/// What accepted moves come to.
pub(super) fn totals(case: &Case<'_>) -> MoveTotals {
    let cost_before: MicroUsdPerHour = case.snapshot.nodes.iter().filter_map(|n| n.price).sum();
    let saved = case.moves.iter().map(|one| one.saving).sum();
    MoveTotals {
        cost_before,
        cost_after: cost_before - saved,
        removed: case.moves.iter().map(|one| one.removed.len()).sum(),
        launched: case.moves.iter().map(|one| one.launched.len()).sum(),
        evictions: case.moves.iter().map(Move::evictions).sum(),
    }
}
