//! What pools and supplies have left after a plan.

use model::{Offering, Plan, Resources, Snapshot, well_known};

/// What is used of limits, and what is left of supplies.
pub(crate) struct Remains {
    /// What each pool uses after the plan.
    pub(crate) used: Vec<Resources>,
    /// What is left of each supply after the plan.
    pub(crate) supplies: Vec<i64>,
}

impl Remains {
    /// After `plan`, for `snapshot`.
    pub(crate) fn after(snapshot: &Snapshot, plan: &Plan) -> Self {
        let mut used: Vec<Resources> =
            snapshot.pools.iter().map(|pool| pool.used.clone()).collect();
        let mut supplies: Vec<i64> = snapshot.supplies.iter().map(|supply| supply.cap).collect();
        for node in &plan.new_nodes {
            let offering = snapshot.offering(node.offering);
            used[offering.pool.get()].add(&draw(snapshot, offering));
            if let Some(supply) = snapshot.supply_of(offering) {
                supplies[supply.get()] -= 1;
            }
        }
        Self { used, supplies }
    }

    /// Whether there is one more node of `offering` in them.
    pub(crate) fn have(&self, snapshot: &Snapshot, offering: &Offering) -> bool {
        let (draw, used) = (draw(snapshot, offering), &self.used[offering.pool.get()]);
        let mut limits = snapshot.pool(offering.pool).limits.iter();
        snapshot.supply_of(offering).is_none_or(|supply| self.supplies[supply.get()] > 0)
            && limits.all(|(name, limit)| {
                let taken = used.get(name.as_str()).get();
                taken.saturating_add(draw.get(name.as_str()).get()) <= limit.get()
            })
    }
}

/// What a node of `offering` takes of limits: its capacity, and one of `nodes`.
pub(crate) fn draw(snapshot: &Snapshot, offering: &Offering) -> Resources {
    snapshot.machine_of(offering).capacity.clone().with(well_known::NODES, 1)
}
