//! Whether nodes that were chosen before may still go.
//!
//! In: the cluster as it is now, with nodes that go by the move not counted as going; their names, the
//! reason, `now`. Out: nothing, or what bars one of them. How long they were quiet is not asked again: a
//! move that has begun would never end where pods come and go.

use std::collections::BTreeMap;

use model::fleet::{Cluster, Node, Policy, Pool, Reason};
use model::{NodeName, NodePoolName, Timestamp};

use crate::budget::Allowance;
use crate::eligibility::pool_of;
use crate::kept::Kept;

/// Whether all of `names` may go together at `now`.
///
/// # Errors
/// The first node that may not, and why.
pub fn still_go(
    cluster: &Cluster,
    names: &[NodeName],
    reason: Reason,
    now: Timestamp,
) -> Result<(), (NodeName, Kept)> {
    let mut going: BTreeMap<&NodePoolName, (usize, &NodeName)> = BTreeMap::new();
    for name in names {
        let node = cluster.nodes.iter().find(|node| node.name.as_ref() == Some(name));
        let barred = |kept| (name.clone(), kept);
        let node = node.ok_or_else(|| barred(Kept::NoNode))?;
        let pool = pool_of(cluster, node, now).map_err(barred)?;
        if reason == Reason::Underutilized {
            underused(node, pool).map_err(barred)?;
        }
        going.entry(&pool.name).or_insert((0, name)).0 += 1;
    }
    for (pool, (nodes, name)) in going {
        let pool = cluster.pool(pool).expect("the pool of a node that may go is there");
        let allowance = Allowance::new(cluster, pool, reason, now);
        if nodes > allowance.left() {
            let kept = Kept::Budget {
                reason,
                allowed: allowance.allowed.unwrap_or(usize::MAX),
                total: allowance.total,
                consuming: allowance.consuming,
                taken: nodes - 1,
            };
            return Err((name.clone(), kept));
        }
    }
    Ok(())
}

/// What only consolidation asks.
fn underused(node: &Node, pool: &Pool) -> Result<(), Kept> {
    if pool.is_static {
        return Err(Kept::StaticPool);
    }
    if pool.consolidate_after.is_none() {
        return Err(Kept::ConsolidationDisabled);
    }
    let pods = node.pods.iter().filter(|pod| pod.counts()).count();
    match pool.policy {
        Policy::WhenEmpty if pods > 0 => Err(Kept::NotEmpty { pods }),
        Policy::WhenEmpty | Policy::WhenEmptyOrUnderutilized | Policy::Balanced => Ok(()),
    }
}
