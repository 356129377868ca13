//! The policy `Balanced`: whether what a move saves is worth what it disrupts, as Karpenter counts it.
//!
//! score = (saving ÷ the pool's cost) ÷ (the move's disruption ÷ the pool's disruption). A node's
//! disruption is 1 and, for each of its pods that would run elsewhere, the pod's eviction cost where
//! that is above 0.

use model::fleet::{Cluster, Node, Pod};
use model::{MicroUsdPerHour, NodePoolName};

/// The least score, thousandths, that is approved: half of the average.
pub(crate) const THRESHOLD: i64 = 500;

/// One, in the unit of eviction costs.
const ONE: i128 = 1 << 27;

/// The score, thousandths rounded down, for the nodes of `pool` among those at `places`; a saving that
/// spans pools is shared out by the prices of the nodes that go.
pub(crate) fn score(
    cluster: &Cluster,
    pool: &NodePoolName,
    places: &[usize],
    saving: MicroUsdPerHour,
) -> i64 {
    let price = |node: &Node| node.price.map_or(0, |price| i128::from(price.get()));
    let going = || places.iter().map(|place| &cluster.nodes[*place]);
    let of_pool = || going().filter(|node| node.pool.as_ref() == Some(pool));
    let (all, own): (i128, i128) = (going().map(price).sum(), of_pool().map(price).sum());
    let pool_cost: i128 = cluster.nodes_of(pool).map(price).sum();
    let pool_disruption: i128 = cluster.nodes_of(pool).map(disruption).sum();
    let disrupted: i128 = of_pool().map(disruption).sum();
    if saving <= MicroUsdPerHour::ZERO || all <= 0 || pool_cost <= 0 || disrupted <= 0 {
        return 0;
    }
    let above = i128::from(saving.get()) * own / all;
    let score = above.saturating_mul(pool_disruption).saturating_mul(1000);
    i64::try_from(score / pool_cost / disrupted).unwrap_or(i64::MAX)
}

fn disruption(node: &Node) -> i128 {
    let pods = node.pods.iter().filter(|pod| pod.reschedulable);
    ONE + pods.map(|pod| eviction_cost(pod).max(0)).sum::<i128>()
}

/// 1 + deletion cost ÷ 2^27 + priority ÷ 2^25, within ±10, in units of 2^-27.
fn eviction_cost(pod: &Pod) -> i128 {
    let cost = ONE + i128::from(pod.deletion_cost) + 4 * i128::from(pod.priority);
    cost.clamp(-10 * ONE, 10 * ONE)
}
