//! What is scarce: limits of pools and capped supplies, in one list.
//!
//! A unit of a supply is to search what a unit of a limit is: something that a node takes and of
//! which there is only so much. Only that several pools may draw on one supply is different.

use model::{Listing, Offering, Snapshot, SupplyIndex, well_known};

use super::Draw;

/// Where each limit and supply is in the list.
pub(crate) struct Places {
    /// For each pool, where its limits begin.
    of_pool: Vec<usize>,
    /// For each supply, where it is.
    of_supply: Vec<usize>,
    /// What is left of each before the plan.
    left: Vec<i64>,
}

impl Places {
    /// Limits pool by pool, then supplies by what they are, so that their names decide nothing but
    /// ties between interchangeable ones.
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let mut left = Vec::new();
        let mut of_pool = Vec::with_capacity(snapshot.pools.len());
        for pool in &snapshot.pools {
            of_pool.push(left.len());
            let used = |name: &str| pool.used.get(name).get();
            let limits = pool.limits.iter();
            left.extend(limits.map(|(name, most)| most.get().saturating_sub(used(name.as_str()))));
        }
        let mut order: Vec<usize> = (0..snapshot.supplies.len()).collect();
        order.sort_by_cached_key(|supply| (content(snapshot, *supply), *supply));
        let mut of_supply = vec![0; order.len()];
        for supply in order {
            of_supply[supply] = left.len();
            left.push(snapshot.supplies[supply].cap);
        }
        Self { of_pool, of_supply, left }
    }

    /// What buying `offering` takes.
    pub(crate) fn draws(&self, snapshot: &Snapshot, offering: &Offering) -> Vec<Draw> {
        let capacity = &snapshot.machine_of(offering).capacity;
        let first = self.of_pool[offering.pool.get()];
        let limits = snapshot.pool(offering.pool).limits.iter().enumerate();
        let mut draws: Vec<Draw> = limits
            .map(|(position, (name, _))| Draw {
                of: first + position,
                amount: match name.as_str() {
                    well_known::NODES => 1,
                    name => capacity.get(name).get(),
                },
            })
            .collect();
        if let Some(supply) = snapshot.supply_of(offering) {
            draws.push(Draw { of: self.of_supply[supply.get()], amount: 1 });
        }
        draws
    }

    /// Where supplies begin.
    pub(crate) const fn first_supply(&self) -> usize {
        self.left.len() - self.of_supply.len()
    }

    /// What is left of each before the plan.
    pub(crate) fn into_left(self) -> Vec<i64> {
        self.left
    }
}

/// The cap of a supply and what draws on it, in words that do not name it.
fn content(snapshot: &Snapshot, supply: usize) -> (i64, Vec<String>) {
    let draws = |listing: &&Listing| listing.supply == Some(SupplyIndex::new(supply));
    let listings = snapshot.listings.iter().filter(draws);
    let unnamed = |listing: &Listing| format!("{:?}", Listing { supply: None, ..listing.clone() });
    (snapshot.supplies[supply].cap, listings.map(unnamed).collect())
}
