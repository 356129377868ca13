//! What the nodes that draw on capped supplies can be worth beyond their price at most.
//!
//! In: sellers that draw on supplies, and what pods are worth, already scaled. Out: the sum over all
//! supplies of units × the most by which a node that takes one may be worth more than it costs.

use std::collections::BTreeMap;

use model::{Snapshot, SupplyIndex};

use super::demand::Demand;
use super::sellers::Seller;
use super::upper::Upper;
use super::work::Work;

/// The sum over all supplies, nano-USD per hour. A supply counts for no more units than the plan
/// places pods, as a node without pods is worth nothing. Counting ends once the sum reaches the
/// worth of all pods, as nothing is left to prove then.
pub(super) fn worth(
    snapshot: &Snapshot,
    sellers: &[Seller],
    demand: &Demand<'_>,
    work: &mut Work,
) -> i128 {
    let enough = demand.worth();
    let mut sellers_of: BTreeMap<SupplyIndex, Vec<&Seller>> = BTreeMap::new();
    for seller in sellers {
        if let Some(supply) = seller.supply {
            sellers_of.entry(supply).or_default().push(seller);
        }
    }
    let mut left = sellers.len();
    let mut sum = 0;
    for (supply, sellers) in sellers_of {
        if sum >= enough {
            break;
        }
        let mut unit = 0;
        for seller in sellers {
            let least = seller.price.saturating_add(unit);
            let upper = work.share(left, |work| upper(seller, demand, least, work));
            unit = unit.max(upper - seller.price);
            left -= 1;
        }
        let units = snapshot.supply(supply).cap.clamp(0, demand.pods());
        sum += i128::from(unit) * i128::from(units);
    }
    sum
}

/// An upper bound of what a node of `seller` can be worth, no better than to see that it is at most
/// `target`.
fn upper(seller: &Seller, demand: &Demand<'_>, target: i64, work: &mut Work) -> i64 {
    let mut upper = Upper::unpriced(demand.knapsack(&seller.bin, seller.term), work);
    upper.refine(target, work);
    upper.get()
}
