//! Spot for spot: when trades that take out spot nodes alone may launch spot nodes.
//!
//! What is cheapest now is often what is taken back first, so a spot node gives way to a cheaper one only where
//! somebody asks for that, as by Karpenter's gate `SpotToSpotConsolidation`. A node that gives way alone also
//! needs so many other types that are cheaper that what is launched among them is not outbid at once.

use std::collections::BTreeSet;

use model::{CapacityType, Snapshot, TypeIndex};

use super::Yard;
use crate::packing::Mix;
use crate::problem::{Kind, Problem};

/// Types, cheaper than a spot node, among which its replacement is launched at least: Karpenter's
/// `MinInstanceTypesForSpotToSpotConsolidation`.
pub const SPOT_TYPES_MIN: usize = 15;

/// Why a trade that would pay is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It takes out spot nodes alone and launches one, which nobody asked for.
    Spot,
    /// As the first, of one node, for which there are so few cheaper types.
    FewTypes(usize),
}

/// Types of which a node of `kind` may be a spot node, ascending.
pub(super) fn types(snapshot: &Snapshot, kind: &Kind) -> Vec<TypeIndex> {
    let listings = kind.offerings.iter().map(|one| snapshot.listing_of(snapshot.offering(*one)));
    let spot = listings.filter(|listing| listing.capacity_type == CapacityType::Spot);
    let types: BTreeSet<TypeIndex> = spot.map(|listing| listing.instance_type).collect();
    types.into_iter().collect()
}

impl Yard {
    /// Why a trade that takes out `removed` and launches `launched` is not made; `None`: it may be.
    pub(super) fn withheld(
        &self,
        removed: &[usize],
        launched: &[(usize, Mix)],
    ) -> Option<Withheld> {
        let mut spot = launched.iter().filter(|(kind, _)| self.is_spot_kind(*kind));
        let (_, mix) = spot.next()?;
        if removed.is_empty() || !removed.iter().all(|bin| self.is_spot[*bin]) {
            return None;
        }
        if !self.settings.spot_for_spot {
            return Some(Withheld::Spot);
        }
        let [bin] = removed else { return None };
        let types = self.cheaper_spot_types(mix, *bin);
        (types < SPOT_TYPES_MIN).then_some(Withheld::FewTypes(types))
    }

    /// Whether nodes of the kind may be spot nodes.
    pub(super) fn is_spot_kind(&self, kind: usize) -> bool {
        !self.spot_types[kind].is_empty()
    }

    /// Types whose spot nodes hold `mix` and cost less than the bin.
    fn cheaper_spot_types(&self, mix: &Mix, bin: usize) -> usize {
        let needs = self.needs(mix);
        let kinds = self.problem.kinds.iter().enumerate().filter(|(position, kind)| {
            kind.price < self.bins[bin].price
                && Problem::fits(&needs, &kind.room)
                && mix
                    .iter()
                    .all(|(class, _)| self.problem.classes[*class].kinds.contains(*position))
        });
        let types: BTreeSet<TypeIndex> =
            kinds.flat_map(|(kind, _)| &self.spot_types[kind]).copied().collect();
        types.len()
    }

    /// Bins apart, where those that are spot nodes may not be traded as others may: what is launched ties nodes
    /// together, and is withheld where it ties spot nodes alone.
    pub(super) fn apart(&self, bins: Vec<usize>) -> Vec<Vec<usize>> {
        if self.settings.spot_for_spot {
            return vec![bins];
        }
        let (spot, others): (Vec<usize>, Vec<usize>) =
            bins.into_iter().partition(|bin| self.is_spot[*bin]);
        [others, spot].into_iter().filter(|bins| !bins.is_empty()).collect()
    }
}
