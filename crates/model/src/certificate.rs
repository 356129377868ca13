//! What proves a lower bound, and what the objective is.

use crate::{InterruptionBand, Listing, PreferencePrice};

/// A rate in thousand-millionths of a US dollar per hour; the unit of bounds and worths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NanoUsdPerHour(i64);

impl NanoUsdPerHour {
    /// No money at all.
    pub const ZERO: Self = Self(0);

    /// A rate of `nano_usd` thousand-millionths of a dollar per hour.
    pub const fn new(nano_usd: i64) -> Self {
        Self(nano_usd)
    }

    /// Thousand-millionths of a dollar per hour.
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// What a plan minimises beside list prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Objective {
    /// What the restart of one pod costs, millionths of a dollar; 0 leaves interruptions out.
    pub restart_cost: i64,
    /// What preferences are worth. See [`Objective::preference`].
    pub preference_price: PreferencePrice,
}

/// Hours in a month, as in AWS's own estimates.
const HOURS_PER_MONTH: i128 = 730;

impl Objective {
    /// List prices and nothing beside them.
    pub const LIST_PRICES: Self =
        Self { restart_cost: 0, preference_price: PreferencePrice::NOTHING };

    /// What it costs that `weight` of what a pod prefers is not as it prefers: weight ÷ 100 × the price of
    /// preferences × the pod's standalone price, rounded down.
    ///
    /// The standalone price is the least, over what can be bought and admits and holds the pod, of the list
    /// price × the pod's largest share of what a node has for pods, rounded up. What draws on a supply counts
    /// only where nothing else holds the pod. Pods that nothing holds have none, and their preferences are
    /// worth nothing.
    pub fn preference(self, standalone: NanoUsdPerHour, weight: i64) -> NanoUsdPerHour {
        /// Millionths, and weights of 100.
        const SCALE: i128 = 100_000_000;
        let price = i128::from(standalone.0) * i128::from(self.preference_price.millionths());
        let price = price.saturating_mul(i128::from(weight)) / SCALE;
        NanoUsdPerHour(i64::try_from(price).unwrap_or(i64::MAX))
    }

    /// The interruption term of one pod on `listing`: restart cost × monthly probability ÷ 730 h,
    /// rounded down. On-demand and reserved have none. A band means its midpoint, the open one 25 %; spot of
    /// which the Spot Advisor says nothing counts as the open band.
    pub fn term(self, listing: &Listing) -> NanoUsdPerHour {
        let per_mille = match (listing.capacity_type, listing.interruption) {
            (crate::CapacityType::OnDemand | crate::CapacityType::Reserved, _) => 0,
            (crate::CapacityType::Spot, Some(InterruptionBand::Below5)) => 25,
            (crate::CapacityType::Spot, Some(InterruptionBand::From5To10)) => 75,
            (crate::CapacityType::Spot, Some(InterruptionBand::From10To15)) => 125,
            (crate::CapacityType::Spot, Some(InterruptionBand::From15To20)) => 175,
            (crate::CapacityType::Spot, Some(InterruptionBand::Above20) | None) => 250,
        };
        // micro-USD × 1000 nano × (per mille ÷ 1000) ÷ hours.
        let term = i128::from(self.restart_cost) * per_mille / HOURS_PER_MONTH;
        NanoUsdPerHour(i64::try_from(term).unwrap_or(i64::MAX))
    }
}

/// What a pod of each shape is worth: the dual prices of covering it. Never taken on trust: the
/// checker scales them down until no node is worth more than it costs, and the sum over the pods
/// placed is then a lower bound of any plan's objective.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// One for each shape of the snapshot, by shape index; none is negative.
    pub worths: Vec<NanoUsdPerHour>,
}

/// A certificate with how far it is known to overrate pods, so that of many the promising ones are
/// proved first. What is known is a hint that no proof rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What pods are claimed to be worth.
    pub certificate: Certificate,
    /// Pods of at least this worth, interruption terms off, fit on some node that costs `price`.
    pub filled: NanoUsdPerHour,
    /// The list price of that node, above zero.
    pub price: NanoUsdPerHour,
}

impl Candidate {
    /// A certificate of which nothing else is known.
    pub const fn new(certificate: Certificate) -> Self {
        Self { certificate, filled: NanoUsdPerHour(0), price: NanoUsdPerHour(1) }
    }

    /// What is left of `worth` when it is scaled down until that node is worth no more than it
    /// costs: no proof from this certificate exceeds it.
    pub fn hope(&self, worth: i128) -> i128 {
        if self.filled <= self.price {
            return worth;
        }
        // Rounded up: it must not be below what is proved.
        let (filled, price) = (i128::from(self.filled.0), i128::from(self.price.0));
        (worth.saturating_mul(price) + filled - 1) / filled
    }
}
