//! What was planned on what, for the first lines of an answer.

use ec2::{PriceCounts, PriceGrade};
use model::{NodePoolName, RegionName};

use crate::PodSelection;

/// What a snapshot was made of, beyond the snapshot itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Which pods of the cluster are planned.
    pub selection: PodSelection,
    /// How many pods are planned, recorded ones included.
    pub planned: u64,
    /// How many pods are bound to nodes, or have room there promised to them; those of DaemonSets
    /// included.
    pub bound: u64,
    /// How many of the bound ones belong to DaemonSets.
    pub daemon: u64,
    /// Where nodes are bought.
    pub region: RegionName,
    /// The date of the catalog's newest source, `YYYY-MM-DD`.
    pub catalog_date: String,
    /// Where on-demand prices come from, with date and quality, and how many types each priced.
    pub price_grades: Vec<(PriceGrade, u64)>,
    /// On-demand listings of the region by how their price is known.
    pub on_demand_prices: PriceCounts,
    /// Spot listings of the region by how their price is known.
    pub spot_prices: PriceCounts,
    /// How many offerings of each pool are not bought for want of a price; only pools that have
    /// some, in snapshot order.
    pub unpriced: Vec<(NodePoolName, u64)>,
    /// What was assumed where no NodePool was given.
    pub default_pools: Option<String>,
}
