//! An offering: what a pool can buy, with what is left for pods on it.

use crate::{
    LabelKey, LabelValue, Labels, ListingIndex, MachineIndex, PoolIndex, Resources, Snapshot,
    well_known,
};

/// One (pool, type, zone, capacity type), and of one supply where that is capped, that the pool's
/// requirements admit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offering {
    /// The pool that opens it.
    pub pool: PoolIndex,
    /// What EC2 sells.
    pub listing: ListingIndex,
    /// What it holds under the pool's node class.
    pub machine: MachineIndex,
    /// Values chosen for labels that the pool's requirements leave open, such as a custom key with
    /// `In [a, b]`; a pool has an offering for each choice that some pod can tell apart.
    pub chosen_labels: Labels,
    /// Folded: capacity less overhead, less the DaemonSet pods that will run there: those that
    /// tolerate the pool's taints and of which an alternative admits the node's labels, with
    /// `karpenter.sh/registered=true` and `karpenter.sh/initialized=true` added, whether or not they
    /// fit. Nothing is cut at zero: what is overdrawn stays below zero. The checker recomputes it.
    pub room: Resources,
}

/// The labels a node of an offering will carry, looked up without building a map.
#[derive(Clone, Copy, Debug)]
pub struct OfferingLabels<'a> {
    snapshot: &'a Snapshot,
    offering: &'a Offering,
}

impl<'a> OfferingLabels<'a> {
    /// The labels of `offering`.
    pub const fn new(snapshot: &'a Snapshot, offering: &'a Offering) -> Self {
        Self { snapshot, offering }
    }

    /// The value of `key`; `None` where the node will not have that label. The hostname exists on
    /// every node and is unknown before launch: it is `Some("")`, which no requirement can name.
    pub fn get(&self, key: &LabelKey) -> Option<&'a str> {
        let listing = self.snapshot.listing(self.offering.listing);
        let pool = self.snapshot.pool(self.offering.pool);
        match key.as_str() {
            well_known::ZONE => Some(listing.zone.as_str()),
            well_known::ZONE_ID => Some(listing.zone_id.as_str()).filter(|id| !id.is_empty()),
            well_known::REGION => Some(self.snapshot.region.as_str()),
            well_known::CAPACITY_TYPE => Some(listing.capacity_type.as_str()),
            well_known::NODE_POOL => Some(pool.name.as_str()),
            well_known::NODE_CLASS => Some(self.snapshot.node_class(pool.node_class).name.as_str()),
            well_known::HOSTNAME => Some(""),
            _ => self
                .offering
                .chosen_labels
                .get(key)
                .or_else(|| pool.labels.get(key))
                .or_else(|| self.snapshot.instance_type(listing.instance_type).labels.get(key))
                .map(LabelValue::as_str),
        }
    }
}
