//! Groups offerings into kinds; an offering with several variants is of several.

use std::collections::BTreeMap;

use model::{MicroUsdPerHour, Objective, OfferingIndex, ResourceName, Snapshot};

use super::admission::Admission;
use super::min_values::Variant;
use super::sites::Sites;
use super::{Amounts, Draw, Kind, scarce};

/// A kind, and columns of rule sets.
pub(crate) struct KindWithColumn {
    pub(crate) kind: Kind,
    /// Those whose pods it may hold.
    pub(crate) column: usize,
    /// Those that admit its offerings.
    pub(crate) own: usize,
}

/// Kinds of all priced offerings, by pool, price, term, room, draws, column, site.
pub(crate) fn group(
    snapshot: &Snapshot,
    objective: Objective,
    (admission, variants): (&Admission, &BTreeMap<usize, Vec<Variant>>),
    dimensions: &[ResourceName],
    places: &scarce::Places,
    sites: &Sites,
) -> Vec<KindWithColumn> {
    type Key = (usize, MicroUsdPerHour, i64, Amounts, Vec<Draw>, [usize; 2], usize);
    let mut groups: BTreeMap<Key, Vec<OfferingIndex>> = BTreeMap::new();
    for (position, offering) in snapshot.offerings.iter().enumerate() {
        let listing = snapshot.listing_of(offering);
        let Some(price) = listing.price else { continue };
        let term = objective.term(listing).get();
        let draws = places.draws(snapshot, offering);
        let site = sites.of_offering[position];
        let own = admission.column_of[position];
        let mut add = |room: Amounts, column: usize| {
            let (draws, columns) = (draws.clone(), [column, own]);
            let key = (offering.pool.get(), price.rate, term, room, draws, columns, site);
            groups.entry(key).or_default().push(OfferingIndex::new(position));
        };
        if snapshot.pool(offering.pool).min_values.is_empty() {
            add(amounts(&offering.room, dimensions), own);
        }
        for (room, column) in variants.get(&position).into_iter().flatten() {
            add(room.clone(), *column);
        }
    }
    groups
        .into_iter()
        .map(|((pool, price, term, room, draws, [column, own], site), offerings)| {
            let capped = snapshot.supply_of(snapshot.offering(offerings[0])).is_some();
            let (launch, searched) = (0, true);
            let kind =
                Kind { pool, site, room, price, term, launch, draws, capped, offerings, searched };
            KindWithColumn { kind, column, own }
        })
        .collect()
}

/// `resources` in the order of `dimensions`.
pub(crate) fn amounts(resources: &model::Resources, dimensions: &[ResourceName]) -> Amounts {
    dimensions.iter().map(|name| resources.get(name.as_str()).get()).collect()
}
