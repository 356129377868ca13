//! Limits of pools and capped supplies, what is used of them and what the plan adds.

use model::{Machine, NodeClass, Offering, Plan, ResourceName, Snapshot, SupplyIndex, well_known};

/// All pools' limits, and all supplies.
pub(crate) struct Ledger<'a> {
    /// Per pool, by resource, then limit.
    limits: Vec<Vec<Limit<'a>>>,
    /// Per pool and machine of its class: the first limit, as a position in `limits`, that buying
    /// one more would break.
    broken: Vec<Vec<Option<usize>>>,
    /// Per pool: whether the plan buys anything there.
    buys: Vec<bool>,
    /// Per supply: how many units there are, and how many the plan takes.
    supplies: Vec<(i128, i128)>,
}

/// One limit of one pool.
pub(crate) struct Limit<'a> {
    pub(crate) resource: &'a ResourceName,
    /// The most there may be.
    pub(crate) most: i128,
    /// By nodes that are there.
    pub(crate) used: i128,
    /// By the plan.
    pub(crate) planned: i128,
}

impl<'a> Ledger<'a> {
    /// Adds up what the plan buys.
    pub(crate) fn new(snapshot: &'a Snapshot, plan: &Plan) -> Self {
        let mut limits: Vec<Vec<Limit<'a>>> = (snapshot.pools.iter())
            .map(|pool| {
                let mut limits: Vec<Limit<'a>> = (pool.limits.iter())
                    .map(|(resource, limit)| Limit {
                        resource,
                        most: i128::from(limit.get()),
                        used: i128::from(pool.used.get(resource.as_str()).get()),
                        planned: 0,
                    })
                    .collect();
                limits.sort_by_key(|limit| (limit.resource, limit.most));
                limits
            })
            .collect();
        let mut buys = vec![false; snapshot.pools.len()];
        let caps = snapshot.supplies.iter().map(|supply| (i128::from(supply.cap), 0));
        let mut supplies: Vec<(i128, i128)> = caps.collect();
        for node in &plan.new_nodes {
            let offering = snapshot.offering(node.offering);
            let machine = snapshot.machine_of(offering);
            buys[offering.pool.get()] = true;
            if let Some(supply) = snapshot.supply_of(offering) {
                supplies[supply.get()].1 += 1;
            }
            for limit in &mut limits[offering.pool.get()] {
                limit.planned += added(machine, limit.resource);
            }
        }
        let first_broken = |limits: &[Limit<'_>], class: &NodeClass| {
            let breaks = |machine: &Machine| {
                limits.iter().position(|limit| {
                    limit.used + limit.planned + added(machine, limit.resource) > limit.most
                })
            };
            class.machines.iter().map(breaks).collect()
        };
        let broken = (limits.iter().zip(&snapshot.pools))
            .map(|(limits, pool)| first_broken(limits, snapshot.node_class(pool.node_class)))
            .collect();
        Self { limits, broken, buys, supplies }
    }

    /// The limits of `pool`, by resource.
    pub(crate) fn limits(&self, pool: usize) -> &[Limit<'a>] {
        &self.limits[pool]
    }

    /// Whether the plan buys anything in `pool`.
    pub(crate) fn buys(&self, pool: usize) -> bool {
        self.buys[pool]
    }

    /// The first limit that one more `machine` in `pool` would break after the plan.
    pub(crate) fn broken_by(&self, pool: usize, machine: usize) -> Option<usize> {
        self.broken[pool][machine]
    }

    /// How many units of `supply` there are, and how many the plan takes.
    pub(crate) fn supply(&self, supply: SupplyIndex) -> (i128, i128) {
        self.supplies[supply.get()]
    }

    /// Whether one more node of `offering` breaks no limit and draws on no used-up supply.
    pub(crate) fn may_buy(&self, snapshot: &Snapshot, offering: &Offering) -> bool {
        let supply = snapshot.supply_of(offering);
        self.broken_by(offering.pool.get(), offering.machine.get()).is_none()
            && !supply.is_some_and(|supply| self.is_used_up(supply))
    }

    /// Whether the plan leaves nothing of `supply`.
    pub(crate) fn is_used_up(&self, supply: SupplyIndex) -> bool {
        let (cap, planned) = self.supply(supply);
        planned >= cap
    }
}

/// What one more `machine` takes of a limit on `resource`.
pub(crate) fn added(machine: &Machine, resource: &ResourceName) -> i128 {
    match resource.as_str() {
        well_known::NODES => 1,
        name => i128::from(machine.capacity.get(name).get()),
    }
}
