//! Groups offerings into kinds.

use std::collections::BTreeMap;

use model::{MicroUsdPerHour, Objective, OfferingIndex, ResourceName, Snapshot};

use super::admission::Admission;
use super::sites::Sites;
use super::{Amounts, Draw, Kind, scarce};

/// A kind, and the column of rule sets that admit it.
pub(crate) struct KindWithColumn {
    pub(crate) kind: Kind,
    pub(crate) column: usize,
}

/// Kinds of all priced offerings, by pool, price, term, room, draws, column, site.
pub(crate) fn group(
    snapshot: &Snapshot,
    objective: Objective,
    admission: &Admission,
    dimensions: &[ResourceName],
    places: &scarce::Places,
    sites: &Sites,
) -> Vec<KindWithColumn> {
    type Key = (usize, MicroUsdPerHour, i64, Amounts, Vec<Draw>, usize, usize);
    let mut groups: BTreeMap<Key, Vec<OfferingIndex>> = BTreeMap::new();
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        let listing = snapshot.listing_of(offering);
        let Some(price) = listing.price else { continue };
        let term = objective.term(listing).get();
        let room = amounts(&offering.room, dimensions);
        let draws = places.draws(snapshot, offering);
        let column = admission.column_of[position];
        let site = sites.of_offering[position];
        let key = (offering.pool.get(), price.rate, term, room, draws, column, site);
        groups.entry(key).or_default().push(OfferingIndex::new(position));
    }
    groups
        .into_iter()
        .map(|((pool, price, term, room, draws, column, site), offerings)| {
            let capped = snapshot.supply_of(snapshot.offering(offerings[0])).is_some();
            let (launch, searched) = (0, true);
            let kind =
                Kind { pool, site, room, price, term, launch, draws, capped, offerings, searched };
            KindWithColumn { kind, column }
        })
        .collect()
}

/// `resources` in the order of `dimensions`.
pub(crate) fn amounts(resources: &model::Resources, dimensions: &[ResourceName]) -> Amounts {
    dimensions.iter().map(|name| resources.get(name.as_str()).get()).collect()
}
