//! Distinct places of a market: zone and capacity type together, a few dozen in a region.

use std::collections::BTreeMap;

use model::{CapacityType, LabelKey, Listing, ZoneId, ZoneName, well_known};

/// Where and how an instance is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    /// The zone by name.
    pub(super) zone: &'a ZoneName,
    /// The zone by id; empty where unknown.
    pub(super) zone_id: &'a ZoneId,
    /// On-demand or spot.
    pub(super) capacity_type: CapacityType,
}

impl<'a> Place<'a> {
    /// The label `key` of a node bought here; `None` for keys that are not about the place.
    pub(super) fn label(&self, key: &LabelKey) -> Option<&'a str> {
        match key.as_str() {
            well_known::ZONE => Some(self.zone.as_str()),
            well_known::ZONE_ID => Some(self.zone_id.as_str()).filter(|id| !id.is_empty()),
            well_known::CAPACITY_TYPE => Some(self.capacity_type.as_str()),
            _ => None,
        }
    }
}

/// The places of a market, in the order first met, and which listing is where.
#[derive(Debug)]
pub(super) struct Places<'a> {
    distinct: Vec<Place<'a>>,
    by_listing: Vec<usize>,
}

impl<'a> Places<'a> {
    /// The places of `listings`.
    pub(super) fn new(listings: &'a [Listing]) -> Self {
        let mut distinct = Vec::new();
        let mut known = BTreeMap::new();
        let by_listing = listings
            .iter()
            .map(|listing| {
                let place = Place {
                    zone: &listing.zone,
                    zone_id: &listing.zone_id,
                    capacity_type: listing.capacity_type,
                };
                *known.entry(place).or_insert_with(|| {
                    distinct.push(place);
                    distinct.len() - 1
                })
            })
            .collect();
        Self { distinct, by_listing }
    }

    /// The place of the listing at this position.
    pub(super) fn of(&self, listing: usize) -> usize {
        self.by_listing[listing]
    }

    /// All places in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Place<'a>> {
        self.distinct.iter()
    }
}
