//! What a plan amounts to, and what it left out, as data.

use model::{
    Amount, Candidate, MicroUsdPerHour, NodePoolName, OfferingIndex, Plan, PoolIndex, ResourceName,
    Snapshot, Supply, Timestamp, well_known,
};

use solver::{Small, Solution};

use crate::Seed;

/// The figures of one plan.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The planning time given.
    pub now: Timestamp,
    /// The seed given.
    pub seed: Seed,
    /// List prices of the new nodes together.
    pub cost: MicroUsdPerHour,
    /// What honouring pool weights adds to `cost`, where that was asked for and weights differ: the
    /// cost less that of a plan with all weights equal. `None` too where that plan leaves out other
    /// pods, as the two costs are for different work then. May be negative, as neither plan is
    /// proved optimal.
    pub weights_cost: Option<MicroUsdPerHour>,
    /// What pods may be worth, for the checker to derive its lower bound from the best of them; see
    /// [`solver::Solution`].
    pub candidates: Vec<Candidate>,
    /// Units of work done; the same number as the limit gives the same plan.
    pub work_used: u64,
    /// Whether the search ended by itself, and neither by the limit nor by the watcher.
    pub complete: bool,
    /// What is known of a plan that buys few nodes; see [`solver::Solution`].
    pub small: Option<Small>,
    /// Classes of pods (those no rule can tell apart), and how many of them the improvement worked
    /// on; see [`solver::Solution`].
    pub classes: usize,
    /// See `classes`.
    pub classes_improved: usize,
    /// One entry for each pool, in snapshot order.
    pub pools: Vec<PoolReport>,
    /// One entry for each supply, in snapshot order.
    pub supplies: Vec<SupplyUse>,
}

/// One supply under a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupplyUse {
    /// The supply.
    pub supply: Supply,
    /// How many of its units the plan takes.
    pub used: i64,
}

/// One pool's part in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolReport {
    /// The pool.
    pub name: NodePoolName,
    /// Offerings that its requirements admit.
    pub offerings: u64,
    /// Those of them that were not considered, as their price is unknown.
    pub unpriced: u64,
    /// Nodes bought.
    pub new_nodes: u64,
    /// Their list prices together.
    pub cost: MicroUsdPerHour,
    /// Its limits and what is used of them, by resource name.
    pub limits: Vec<LimitUse>,
}

/// One limit after a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUse {
    /// The limited resource, `nodes` included.
    pub resource: ResourceName,
    /// The limit.
    pub limit: Amount,
    /// What existing nodes take.
    pub used_before: Amount,
    /// What existing and new nodes take.
    pub used_after: Amount,
}

pub(crate) fn report(
    snapshot: &Snapshot,
    solution: &Solution,
    unweighted: Option<&Plan>,
    now: Timestamp,
    seed: Seed,
) -> Report {
    let plan = &solution.plan;
    let cost = cost(snapshot, plan);
    let weights_cost = unweighted
        .filter(|other| left_out(other) == left_out(plan))
        .map(|other| cost - self::cost(snapshot, other));
    let pools =
        (0..snapshot.pools.len()).map(|pool| pool_report(snapshot, plan, PoolIndex::new(pool)));
    Report {
        now,
        seed,
        cost,
        weights_cost,
        candidates: solution.candidates.clone(),
        work_used: solution.work_used,
        complete: solution.complete,
        small: solution.small,
        classes: solution.classes,
        classes_improved: solution.classes_improved,
        pools: pools.collect(),
        supplies: supplies(snapshot, plan),
    }
}

fn supplies(snapshot: &Snapshot, plan: &Plan) -> Vec<SupplyUse> {
    let unused = |supply: &Supply| SupplyUse { supply: supply.clone(), used: 0 };
    let mut uses: Vec<SupplyUse> = snapshot.supplies.iter().map(unused).collect();
    for node in &plan.new_nodes {
        if let Some(supply) = snapshot.supply_of(snapshot.offering(node.offering)) {
            uses[supply.get()].used += 1;
        }
    }
    uses
}

fn cost(snapshot: &Snapshot, plan: &Plan) -> MicroUsdPerHour {
    plan.new_nodes.iter().map(|node| price(snapshot, node.offering)).sum()
}

fn price(snapshot: &Snapshot, offering: OfferingIndex) -> MicroUsdPerHour {
    let listing = snapshot.listing_of(snapshot.offering(offering));
    listing.price.map_or(MicroUsdPerHour::ZERO, |price| price.rate)
}

fn left_out(plan: &Plan) -> usize {
    plan.unschedulable.iter().map(|group| group.pods.len()).sum()
}

fn pool_report(snapshot: &Snapshot, plan: &Plan, index: PoolIndex) -> PoolReport {
    let pool = snapshot.pool(index);
    let offerings = || snapshot.offerings.iter().filter(|offering| offering.pool == index);
    let unpriced = offerings().filter(|o| snapshot.listing_of(o).price.is_none()).count();
    let bought: Vec<OfferingIndex> = plan
        .new_nodes
        .iter()
        .map(|node| node.offering)
        .filter(|offering| snapshot.offering(*offering).pool == index)
        .collect();
    let mut limits: Vec<LimitUse> = pool
        .limits
        .iter()
        .map(|(resource, limit)| {
            let used_before = pool.used.get(resource.as_str());
            let added = bought.iter().map(|offering| draw(snapshot, *offering, resource));
            let used_after = added.fold(used_before.get(), i64::saturating_add);
            LimitUse {
                resource: resource.clone(),
                limit: *limit,
                used_before,
                used_after: Amount::new(used_after),
            }
        })
        .collect();
    limits.sort_by(|a, b| a.resource.cmp(&b.resource));
    PoolReport {
        name: pool.name.clone(),
        offerings: count(offerings().count()),
        unpriced: count(unpriced),
        new_nodes: count(bought.len()),
        cost: bought.iter().map(|offering| price(snapshot, *offering)).sum(),
        limits,
    }
}

fn draw(snapshot: &Snapshot, offering: OfferingIndex, resource: &ResourceName) -> i64 {
    match resource.as_str() {
        well_known::NODES => 1,
        name => snapshot.machine_of(snapshot.offering(offering)).capacity.get(name).get(),
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
