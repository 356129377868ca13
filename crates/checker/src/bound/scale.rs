//! By how much the certificate overrates pods: the node that is worth most for its price.
//!
//! In: sellers and what pods are worth. Out: the worst seller with an upper bound of what its node
//! can be worth. Sellers are looked at worst first, and each only as closely as to see that it is
//! no worse than those before it.

use std::cmp::Ordering;

use model::{NanoUsdPerHour, OfferingIndex};

use super::demand::Demand;
use super::sellers::Seller;
use super::upper::Upper;
use super::work::Work;

/// A node's worth against its price, both in nano-USD per hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// No filling of the node is worth more.
    pub(super) upper: i64,
    /// What the node costs.
    pub(super) price: i64,
    /// The offering.
    pub(super) offering: OfferingIndex,
}

impl Load {
    fn new(seller: &Seller, upper: &Upper) -> Self {
        Self { upper: upper.get(), price: seller.price, offering: seller.offering }
    }

    /// Compares the ratios of worth to price.
    fn cmp(&self, other: &Self) -> Ordering {
        let crossed = |a: &Self, b: &Self| i128::from(a.upper) * i128::from(b.price);
        crossed(self, other).cmp(&crossed(other, self))
    }

    /// Whether `worth`, scaled until this node is worth no more than it costs, is at most `floor`.
    pub(super) fn caps_at(&self, worth: i128, floor: NanoUsdPerHour) -> bool {
        let (upper, price) = (i128::from(self.upper), i128::from(self.price));
        let scaled = worth.saturating_mul(price);
        self.is_over() && scaled <= i128::from(floor.get()).saturating_mul(upper)
    }

    /// Whether the node may be worth more than it costs.
    pub(super) const fn is_over(&self) -> bool {
        self.upper > self.price
    }
}

/// Sellers' parts of the work for a first look by prices: half of all.
const FIRST_LOOK: usize = 2;
/// The part of what work is left that one seller may take: a quarter.
const ONE_SELLER: usize = 4;

/// One seller alone overrates pods so far that the bound is of no use.
pub(super) struct Hopeless;

/// The seller with the greatest proved ratio of worth to price; `None` where there is no seller.
///
/// # Errors
/// As soon as a seller is known at which the search `is_hopeless`.
pub(super) fn worst(
    sellers: &[Seller],
    demand: &Demand<'_>,
    is_hopeless: impl Fn(&Load) -> bool,
    work: &mut Work,
) -> Result<Option<Load>, Hopeless> {
    let mut uppers: Vec<Upper> = Vec::with_capacity(sellers.len());
    for (position, seller) in sellers.iter().enumerate() {
        let knapsack = demand.knapsack(&seller.bin, seller.term);
        let parts = FIRST_LOOK * (sellers.len() - position);
        uppers.push(work.share(parts, |work| Upper::new(knapsack, seller.price, work)));
    }
    let mut loads: Vec<Load> =
        sellers.iter().zip(&uppers).map(|(seller, upper)| Load::new(seller, upper)).collect();
    let mut settled = vec![false; sellers.len()];
    let mut worst: Option<Load> = None;
    loop {
        let open = (0..loads.len()).filter(|&one| {
            let load = &loads[one];
            !settled[one]
                && load.is_over()
                && worst.is_none_or(|worst| load.cmp(&worst) == Ordering::Greater)
        });
        // Of equals the first, for `max_by` takes the last.
        let Some(next) = open.rev().max_by(|&a, &b| loads[a].cmp(&loads[b])) else { break };
        let target = worst.map_or(loads[next].price, |worst| least_target(&loads[next], &worst));
        work.share(ONE_SELLER, |work| uppers[next].refine(target, work));
        loads[next] = Load::new(&sellers[next], &uppers[next]);
        settled[next] = true;
        if is_hopeless(&loads[next]) {
            return Err(Hopeless);
        }
        if loads[next].is_over() && worst.is_none_or(|worst| loads[next].cmp(&worst).is_gt()) {
            worst = Some(loads[next]);
        }
    }
    Ok(loads.into_iter().rev().max_by(Load::cmp))
}

/// The greatest worth at which `load` is no worse than `worst`.
fn least_target(load: &Load, worst: &Load) -> i64 {
    let target = i128::from(load.price) * i128::from(worst.upper) / i128::from(worst.price.max(1));
    i64::try_from(target).unwrap_or(i64::MAX)
}
