//! Whether what runs is looked at, and what moves cost.

use std::time::Duration;

use clap::Args;
use disruption::eviction_price;
use model::fleet::Cluster;
use model::{MovePrices, Timestamp};

use super::search::{duration, restart_cost};

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "fields are named as the flags")]
pub(crate) struct Disrupt {
    /// Say which nodes to take out or replace so that what runs costs less, instead of planning pods
    /// that wait; FILEs also hold NodeClaims and PodDisruptionBudgets
    #[arg(
        long,
        conflicts_with_all = ["pods", "time_limit", "restart_cost", "all", "at", "density"]
    )]
    pub(crate) disrupt: bool,

    /// What the eviction of one pod costs, in USD; the higher, the fewer pods move, and by 0 any saving is
    /// worth any number of them [default: what one of the pods that run costs in an hour on average]
    #[arg(long, value_name = "USD", requires = "disrupt", value_parser = usd)]
    eviction_price: Option<i64>,

    /// The time over which a move has to pay for its evictions and launches, such as 24h
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "24h",
        requires = "disrupt",
        value_parser = duration
    )]
    horizon: Duration,

    /// Most nodes that one move takes out
    #[arg(long, value_name = "N", default_value_t = 16, requires = "disrupt")]
    pub(crate) nodes_per_move: usize,

    /// Replace spot nodes by cheaper spot nodes too, as the controller does with the feature gate
    /// SpotToSpotConsolidation; one that goes alone where 15 types are cheaper
    #[arg(long, requires = "disrupt")]
    pub(crate) spot_to_spot: bool,

    /// The time at which budgets and times of quiet are looked at, such as 2026-11-26T09:00:00Z
    /// [default: the latest that the objects speak of]
    #[arg(long, value_name = "TIME", requires = "disrupt", value_parser = moment)]
    pub(crate) now: Option<Timestamp>,
}

impl Disrupt {
    /// What moves in `cluster` cost.
    pub(crate) fn prices(&self, cluster: &Cluster) -> MovePrices {
        MovePrices {
            eviction: eviction_price(self.eviction_price, cluster),
            horizon_seconds: i64::try_from(self.horizon.as_secs()).unwrap_or(i64::MAX).max(1),
            ..MovePrices::default()
        }
    }
}

/// Millionths of a dollar.
fn usd(text: &str) -> Result<i64, String> {
    restart_cost(text).map(|cost| cost.restart_cost)
}

fn moment(text: &str) -> Result<Timestamp, String> {
    snapshot::moment(text)
        .ok_or_else(|| "give a time with its zone, such as 2026-11-26T09:00:00Z".to_owned())
}
