//! What the cloud itself says that it sells, and at what price.
//!
//! Laid over the dated catalog: what is here wins, what is missing stays as the catalog has it.
//! Missing data never takes an offering away: each part is `None` until it was read whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::{InstanceTypeName, MicroUsdPerHour, Timestamp, ZoneId, ZoneName};

/// One reading of the cloud's market in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveMarket {
    /// Types as the cloud describes them. A type that the catalog does not have is not bought.
    pub types: Option<BTreeMap<InstanceTypeName, LiveType>>,
    /// What is sold where.
    pub offered: Option<BTreeSet<(InstanceTypeName, ZoneName)>>,
    /// Zones of this account, by name.
    pub zones: Option<BTreeMap<ZoneName, ZoneId>>,
    /// List prices, Linux, shared tenancy.
    pub on_demand: Option<BTreeMap<InstanceTypeName, MicroUsdPerHour>>,
    /// When `on_demand` was read.
    pub on_demand_at: Option<Timestamp>,
    /// Newest spot price of each type and zone, Linux.
    pub spot: Option<BTreeMap<(InstanceTypeName, ZoneName), MicroUsdPerHour>>,
    /// When `spot` was read.
    pub spot_at: Option<Timestamp>,
}

impl LiveMarket {
    /// This reading, with the parts that could not be read as `before` has them.
    #[must_use]
    pub fn or(self, before: &Self) -> Self {
        let Self { types, offered, zones, on_demand, on_demand_at, spot, spot_at } = self;
        // A part and its date belong together.
        let (on_demand, on_demand_at) = match on_demand {
            None => (before.on_demand.clone(), before.on_demand_at),
            read => (read, on_demand_at),
        };
        let (spot, spot_at) = match spot {
            None => (before.spot.clone(), before.spot_at),
            read => (read, spot_at),
        };
        Self {
            types: types.or_else(|| before.types.clone()),
            offered: offered.or_else(|| before.offered.clone()),
            zones: zones.or_else(|| before.zones.clone()),
            on_demand,
            on_demand_at,
            spot,
            spot_at,
        }
    }

    /// Whether every part was read.
    pub const fn is_whole(&self) -> bool {
        let Self { types, offered, zones, on_demand, on_demand_at: _, spot, spot_at: _ } = self;
        let described = types.is_some() && offered.is_some() && zones.is_some();
        described && on_demand.is_some() && spot.is_some()
    }
}

/// The figures of a type that the catalog's are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveType {
    /// Default number of vCPUs.
    pub vcpus: u32,
    /// Memory in MiB, not reduced by any overhead.
    pub memory_mib: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_could_not_be_read_stays_as_it_was() {
        let price = |micro| MicroUsdPerHour::new(micro);
        let market = |on_demand: Option<i64>, spot: Option<i64>, at: i64| LiveMarket {
            types: Some(BTreeMap::new()),
            offered: (at == 1).then(BTreeSet::new),
            zones: Some(BTreeMap::new()),
            on_demand: on_demand.map(|one| BTreeMap::from([("a".into(), price(one))])),
            on_demand_at: on_demand.map(|_| Timestamp(at)),
            spot: spot.map(|one| BTreeMap::from([(("a".into(), "z".into()), price(one))])),
            spot_at: spot.map(|_| Timestamp(at)),
        };
        let before = market(Some(5), Some(3), 1);
        assert!(before.is_whole());
        let now = market(Some(6), None, 2);
        assert!(!now.is_whole());
        let both = now.or(&before);
        assert!(both.is_whole());
        let expected = LiveMarket {
            offered: before.offered.clone(),
            spot: before.spot.clone(),
            spot_at: Some(Timestamp(1)),
            ..market(Some(6), None, 2)
        };
        assert_eq!(both, expected);
        assert_eq!(LiveMarket::default().or(&before), before);
    }
}
