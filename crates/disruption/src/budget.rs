//! How many nodes of a pool may go now.
//!
//! In: a pool's budgets, its nodes, the reason, `now`. Out: the allowance, with the figures that it
//! is made of. A budget that cannot be read allows none.

use model::Timestamp;
use model::fleet::{Cluster, Node, Pool, Reason};

/// How many nodes of a pool may go for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Nodes of the pool that count: initialized, and their machine not ending.
    pub total: usize,
    /// What the budgets allow; `None`: no budget limits the reason now.
    pub allowed: Option<usize>,
    /// Nodes that take up the budget already: being deleted, or, unless it is about repair, not
    /// ready.
    pub consuming: usize,
}

impl Allowance {
    /// The allowance of `pool` for `reason`.
    pub fn new(cluster: &Cluster, pool: &Pool, reason: Reason, now: Timestamp) -> Self {
        let counted = || {
            cluster
                .nodes_of(&pool.name)
                .filter(|node| node.claim.is_some() && node.initialized && !node.terminating)
        };
        let total = counted().count();
        let takes = |node: &&Node| node.deleting || (reason != Reason::Unhealthy && !node.ready);
        let limits = pool.budgets.iter().filter_map(|budget| match budget {
            Err(_) => Some(0),
            Ok(budget) if budget.limits(reason) && budget.is_active(now) => {
                Some(budget.limit.of(total))
            }
            Ok(_) => None,
        });
        Self { total, allowed: limits.min(), consuming: counted().filter(takes).count() }
    }

    /// How many more may go.
    pub fn left(self) -> usize {
        self.allowed.map_or(usize::MAX, |allowed| allowed.saturating_sub(self.consuming))
    }

    /// Whether the budgets allow none at all, although there are nodes; worth an event.
    pub fn blocks(self) -> bool {
        self.allowed == Some(0) && self.total > 0
    }
}
