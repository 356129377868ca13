//! Offerings of pools that ask for several values of a label to be open to a node, narrowed.
//!
//! In: what offerings hold and admit. Out: for each offering of such a pool *variants* of room and
//! admission; whatever goes by one of them goes on offerings of as many values as the pool asks for
//! ([`model::NodePool::min_values`]), and every pod that may be alone on an offering goes by some
//! variant of it. An offering to which too few values are open has one that holds nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{NodePool, ResourceName, ShapeIndex, Snapshot};

use super::admission::Admission;
use super::sites::Sites;
use super::{Amounts, Problem, kinds};
use crate::bits::Bits;

/// What a node of an offering may hold: room, and the column of rule sets that it admits.
pub(super) type Variant = (Amounts, usize);

/// How well one room stands for another: parts of 1024 of the scarcest resource.
const WHOLE: i128 = 1024;

/// Variants of each offering of pools that ask for several values, by offering; others are missing.
/// Columns that are new are added to `admission`.
pub(super) fn variants(
    snapshot: &Snapshot,
    admission: &mut Admission,
    dimensions: &[ResourceName],
    sites: &Sites,
    used: &BTreeSet<ShapeIndex>,
) -> BTreeMap<usize, Vec<Variant>> {
    let mut variants = BTreeMap::new();
    if snapshot.pools.iter().all(|pool| pool.min_values.is_empty()) {
        return variants;
    }
    let alone = alone(snapshot, admission, dimensions, used);
    let mut columns = Columns::new(std::mem::take(&mut admission.columns));
    for (pool, site) in pools_and_sites(snapshot, sites) {
        let place = |position: &usize| {
            snapshot.offerings[*position].pool.get() == pool && sites.of_offering[*position] == site
        };
        let positions = (0..snapshot.offerings.len()).filter(place);
        let peers = Peers::new(snapshot, admission, dimensions, positions);
        peers.narrow(&mut columns, &alone, &mut variants);
    }
    admission.columns = columns.all;
    variants
}

/// Pools that ask for several values, with the sites of their offerings.
fn pools_and_sites(snapshot: &Snapshot, sites: &Sites) -> BTreeSet<(usize, usize)> {
    let offerings = snapshot.offerings.iter().zip(&sites.of_offering);
    let asks = |pool: usize| !snapshot.pools[pool].min_values.is_empty();
    let places = offerings.map(|(offering, site)| (offering.pool.get(), *site));
    places.filter(|(pool, _)| asks(*pool)).collect()
}

/// Distinct rule sets and requests of pods.
fn alone(
    snapshot: &Snapshot,
    admission: &Admission,
    dimensions: &[ResourceName],
    used: &BTreeSet<ShapeIndex>,
) -> BTreeSet<(usize, Amounts)> {
    let of_shape = |index: &ShapeIndex| {
        let requests = kinds::amounts(&snapshot.shape(*index).requests, dimensions);
        Some((admission.rule_of[index.get()]?, requests))
    };
    used.iter().filter_map(of_shape).collect()
}

/// Sets of rule sets, each once.
struct Columns {
    all: Vec<Bits>,
    places: BTreeMap<Bits, usize>,
}

impl Columns {
    fn new(all: Vec<Bits>) -> Self {
        let places = all.iter().cloned().enumerate().map(|(place, bits)| (bits, place)).collect();
        Self { all, places }
    }

    fn admits(&self, column: usize, rule: usize) -> bool {
        self.all[column].contains(rule)
    }

    /// The place of what all `columns` have in common.
    fn common(&mut self, columns: impl Iterator<Item = usize>) -> usize {
        let columns: BTreeSet<usize> = columns.collect();
        let sets = columns.iter().map(|column| self.all[*column].clone());
        let bits = sets.reduce(|one, other| one.and(&other)).unwrap_or_default();
        let next = self.all.len();
        *self.places.entry(bits).or_insert_with_key(|bits| {
            self.all.push(bits.clone());
            next
        })
    }
}

/// An offering among those that may stand for each other.
struct Peer<'a> {
    position: usize,
    room: Amounts,
    column: usize,
    /// Its value of each label that counts.
    values: Vec<Option<&'a str>>,
}

/// Offerings of one pool and site that have a price.
struct Peers<'a> {
    pool: &'a NodePool,
    all: Vec<Peer<'a>>,
    rules: usize,
}

impl<'a> Peers<'a> {
    fn new(
        snapshot: &'a Snapshot,
        admission: &Admission,
        dimensions: &[ResourceName],
        positions: impl Iterator<Item = usize>,
    ) -> Self {
        let mut pool = None;
        let mut all = Vec::new();
        for position in positions {
            let offering = &snapshot.offerings[position];
            let of_pool = snapshot.pool(offering.pool);
            pool = Some(of_pool);
            if snapshot.listing_of(offering).price.is_none() {
                continue;
            }
            let labels = snapshot.labels_of(offering);
            all.push(Peer {
                position,
                room: kinds::amounts(&offering.room, dimensions),
                column: admission.column_of[position],
                values: of_pool.min_values.iter().map(|(key, _)| labels.get(key)).collect(),
            });
        }
        let rules = admission.rule_of.iter().flatten().max().map_or(0, |most| most + 1);
        Self { pool: pool.expect("a site has offerings"), all, rules }
    }

    fn narrow(
        &self,
        columns: &mut Columns,
        alone: &BTreeSet<(usize, Amounts)>,
        variants: &mut BTreeMap<usize, Vec<Variant>>,
    ) {
        for (place, peer) in self.all.iter().enumerate() {
            let of_peer = variants.entry(peer.position).or_default();
            let all =
                |other: &Peer<'_>| columns.all[other.column].covers(&columns.all[peer.column]);
            if let Some(chosen) = self.choose(place, all) {
                let variant = self.variant(place, &chosen, columns);
                let is_whole = variant.0 == peer.room;
                of_peer.push(variant);
                if is_whole {
                    continue;
                }
            }
            for rule in 0..self.rules {
                if !columns.admits(peer.column, rule) {
                    continue;
                }
                let chosen = self.choose(place, |other| columns.admits(other.column, rule));
                let variant = chosen.map(|chosen| self.variant(place, &chosen, columns));
                of_peer.extend(variant.filter(|variant| !of_peer.contains(variant)));
            }
        }
        for (rule, requests) in alone {
            self.seat(columns, (*rule, requests), variants);
        }
        for peer in &self.all {
            let of_peer = variants.entry(peer.position).or_default();
            if of_peer.is_empty() {
                of_peer.push((vec![0; peer.room.len()], peer.column));
            }
        }
    }

    /// Adds variants for a pod that may be alone where the others do not take it.
    fn seat(
        &self,
        columns: &mut Columns,
        (rule, requests): (usize, &Amounts),
        variants: &mut BTreeMap<usize, Vec<Variant>>,
    ) {
        let takes = |columns: &Columns, (room, column): (&Amounts, usize)| {
            columns.admits(column, rule) && Problem::fits(requests, room)
        };
        for (place, peer) in self.all.iter().enumerate() {
            let known = variants.entry(peer.position).or_default();
            if !takes(columns, (&peer.room, peer.column))
                || known.iter().any(|(room, column)| takes(columns, (room, *column)))
            {
                continue;
            }
            // What is open to one offering that takes the pod is open to all of them.
            let chosen = self.choose(place, |other| takes(columns, (&other.room, other.column)));
            let Some(chosen) = chosen else { return };
            let variant = self.variant(place, &chosen, columns);
            known.push(variant);
        }
    }

    /// Offerings with enough values of each label, those of the one at `place` counted, among those that
    /// `may` stand for it; such as narrow it least. `None` where there are not enough.
    fn choose(&self, place: usize, may: impl Fn(&Peer<'a>) -> bool) -> Option<Vec<usize>> {
        let own = &self.all[place];
        let mut chosen = vec![place];
        for (key, (_, least)) in self.pool.min_values.iter().enumerate() {
            let known: BTreeSet<&str> =
                chosen.iter().filter_map(|one| self.all[*one].values[key]).collect();
            let lacking = usize::try_from(*least).unwrap_or(usize::MAX);
            let lacking = lacking.saturating_sub(known.len());
            if lacking == 0 {
                continue;
            }
            let mut best: BTreeMap<&str, (i128, usize)> = BTreeMap::new();
            for (other, peer) in self.all.iter().enumerate() {
                let Some(value) = peer.values[key].filter(|value| !known.contains(value)) else {
                    continue;
                };
                if best.get(value).is_some_and(|(share, _)| *share == WHOLE) || !may(peer) {
                    continue;
                }
                let share = share(&own.room, &peer.room);
                let entry = best.entry(value).or_insert((share, other));
                if share > entry.0 {
                    *entry = (share, other);
                }
            }
            let mut others: Vec<(i128, usize)> = best.into_values().collect();
            others.sort_by_key(|(share, other)| (std::cmp::Reverse(*share), *other));
            if others.len() < lacking {
                return None;
            }
            others.truncate(lacking);
            chosen.extend(others.iter().map(|(_, other)| *other));
        }
        Some(chosen)
    }

    /// What all of `chosen` hold and admit.
    fn variant(&self, place: usize, chosen: &[usize], columns: &mut Columns) -> Variant {
        let mut room = self.all[place].room.clone();
        for other in chosen {
            for (mine, theirs) in room.iter_mut().zip(&self.all[*other].room) {
                *mine = (*mine).min(*theirs);
            }
        }
        (room, columns.common(chosen.iter().map(|other| self.all[*other].column)))
    }
}

/// How much of `own` the room of `other` covers, in parts of [`WHOLE`] of the scarcest resource.
fn share(own: &[i64], other: &[i64]) -> i128 {
    let parts = own.iter().zip(other).filter(|(own, _)| **own > 0);
    let part = |(own, other): (&i64, &i64)| {
        (i128::from(*other) * WHOLE / i128::from(*own)).clamp(0, WHOLE)
    };
    parts.map(part).min().unwrap_or(WHOLE)
}
