//! What bars a node from every rule, in Karpenter 1.15's order.

use model::Timestamp;

use crate::kept::Kept;
use model::fleet::{Cluster, Node, PodBudget, Pool, Protection};

/// The node's pool, or why no rule may take the node.
pub(crate) fn pool_of<'a>(
    cluster: &'a Cluster,
    node: &Node,
    now: Timestamp,
) -> Result<&'a Pool, Kept> {
    let bars = [
        (node.claim.is_none(), Kept::NotManaged),
        (node.name.is_none(), Kept::NoNode),
        (node.deleting || node.terminating, Kept::Deleting),
        (!node.initialized, Kept::NotInitialized),
        (node.nominated, Kept::Nominated),
        (node.do_not_disrupt, Kept::DoNotDisrupt),
    ];
    if let Some((_, kept)) = bars.into_iter().find(|(bars, _)| *bars) {
        return Err(kept);
    }
    let name = node.pool.as_ref().ok_or(Kept::NoPool)?;
    let pool = cluster.pool(name).ok_or_else(|| Kept::PoolNotFound(name.clone()))?;
    match barred_by_pods(node, now) {
        Some(kept) => Err(kept),
        None => Ok(pool),
    }
}

/// The first pod that may not be moved; all pods are looked at, DaemonSets' too.
fn barred_by_pods(node: &Node, now: Timestamp) -> Option<Kept> {
    let active = || node.pods.iter().filter(|pod| pod.active);
    if let Some(pod) = active().find(|pod| pod.protection.holds(now)) {
        let until = match pod.protection {
            Protection::Until(until) => Some(until),
            Protection::None | Protection::Always => None,
        };
        return Some(Kept::PodDoNotDisrupt { pod: pod.name.clone(), until });
    }
    active().filter(|pod| pod.evictable).find_map(|pod| match &pod.budget {
        PodBudget::Allows | PodBudget::Covers { .. } => None,
        PodBudget::Forbids(budget) => {
            Some(Kept::PodBudget { pod: pod.name.clone(), budget: budget.clone() })
        }
        PodBudget::Several(budgets) => {
            Some(Kept::SeveralPodBudgets { pod: pod.name.clone(), budgets: *budgets })
        }
    })
}
