//! What the eviction of a pod costs.
//!
//! In: what was said of it, a cluster. Out: millionths of a dollar. Where nothing was said, it is what one of the
//! cluster's pods costs in an hour on average. So a pod moves only
//! where that saves, within the day that moves have to pay, an hour of what it costs: as little in a fleet of small
//! pods as in one of large ones, and never for a part of a cent for which half of the fleet would move.

use model::fleet::Cluster;

/// What the eviction of a pod of `cluster` costs, millionths of a dollar: what was `said`, else what an hour of a pod
/// costs on average, rounded down; 0 where no pod would be evicted.
///
/// Nodes without such pods, and those whose price is not known, count for nothing.
pub fn eviction_price(said: Option<i64>, cluster: &Cluster) -> i64 {
    said.unwrap_or_else(|| hour_of_a_pod(cluster))
}

fn hour_of_a_pod(cluster: &Cluster) -> i64 {
    let mut pods = 0;
    let mut cost = 0_i64;
    for node in &cluster.nodes {
        let here = node.pods.iter().filter(|pod| pod.reschedulable).count();
        if let (Some(price), true) = (node.price, here > 0) {
            pods += i64::try_from(here).unwrap_or(i64::MAX);
            cost = cost.saturating_add(price.get());
        }
    }
    cost.checked_div(pods).unwrap_or(0)
}
