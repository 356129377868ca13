//! Which of the moves found are made now: as many as all budgets allow.
//!
//! In: moves, those with the fewest evictions for a dollar first; the cluster; allowances. Out: those
//! that are made, and why each node of the others stays. A pool's budgets count nodes. A
//! `PodDisruptionBudget` may be overdrawn by one move, whose drain then waits for its own pods to be
//! ready elsewhere, but not by several.

use std::collections::BTreeMap;

use model::fleet::{Cluster, PodBudget, Policy, Reason};
use model::{Move, NodeIndex, NodePoolName};

use crate::balanced;
use crate::budget::Allowance;
use crate::kept::Kept;

/// What was chosen.
pub(crate) struct Chosen {
    pub(crate) moves: Vec<Move>,
    /// Why nodes of the other moves stay, by place in the cluster.
    pub(crate) passed: Vec<(usize, Kept)>,
}

/// Chooses among `found`, in their order.
pub(crate) fn choose(
    cluster: &Cluster,
    allowances: &BTreeMap<NodePoolName, Allowance>,
    place_of: &BTreeMap<NodeIndex, usize>,
    found: Vec<Move>,
) -> Chosen {
    let mut chosen = Chosen { moves: Vec::new(), passed: Vec::new() };
    let mut taken = Taken::default();
    for one in found {
        let places: Vec<usize> = one.removed.iter().map(|node| place_of[node]).collect();
        let passed = over_budget(cluster, allowances, &places, &taken)
            .or_else(|| over_pod_budgets(cluster, &places, &taken))
            .or_else(|| unbalanced(cluster, &places, &one));
        if let Some(kept) = passed {
            chosen.passed.extend(places.into_iter().map(|place| (place, kept.clone())));
            continue;
        }
        taken.add(cluster, &places);
        chosen.moves.push(one);
    }
    chosen
}

/// What the moves chosen so far take.
#[derive(Default)]
struct Taken {
    of_pool: BTreeMap<NodePoolName, usize>,
    of_pod_budget: BTreeMap<String, usize>,
}

impl Taken {
    fn add(&mut self, cluster: &Cluster, places: &[usize]) {
        for (pool, nodes) in by_pool(cluster, places) {
            *self.of_pool.entry(pool).or_default() += nodes;
        }
        for (budget, (pods, _)) in by_pod_budget(cluster, places) {
            *self.of_pod_budget.entry(budget).or_default() += pods;
        }
    }
}

fn by_pool(cluster: &Cluster, places: &[usize]) -> BTreeMap<NodePoolName, usize> {
    let mut by_pool = BTreeMap::new();
    for pool in places.iter().filter_map(|place| cluster.nodes[*place].pool.clone()) {
        *by_pool.entry(pool).or_default() += 1;
    }
    by_pool
}

/// Pods that are evicted, by the budget that covers them, and what it allows.
fn by_pod_budget(cluster: &Cluster, places: &[usize]) -> BTreeMap<String, (usize, usize)> {
    let mut by_budget: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for pod in places.iter().flat_map(|place| &cluster.nodes[*place].pods) {
        if let (true, PodBudget::Covers { budget, allowed }) = (pod.reschedulable, &pod.budget) {
            let allowed = usize::try_from(*allowed).unwrap_or(usize::MAX);
            let entry = by_budget.entry(budget.clone()).or_insert((0, allowed));
            entry.0 += 1;
            entry.1 = entry.1.min(allowed);
        }
    }
    by_budget
}

fn over_budget(
    cluster: &Cluster,
    allowances: &BTreeMap<NodePoolName, Allowance>,
    places: &[usize],
    taken: &Taken,
) -> Option<Kept> {
    by_pool(cluster, places).into_iter().find_map(|(pool, nodes)| {
        let allowance = allowances[&pool];
        let before = taken.of_pool.get(&pool).copied().unwrap_or(0);
        (before + nodes > allowance.left()).then(|| Kept::Budget {
            reason: Reason::Underutilized,
            allowed: allowance.allowed.unwrap_or(usize::MAX),
            total: allowance.total,
            consuming: allowance.consuming,
            taken: before,
        })
    })
}

fn over_pod_budgets(cluster: &Cluster, places: &[usize], taken: &Taken) -> Option<Kept> {
    by_pod_budget(cluster, places).into_iter().find_map(|(budget, (pods, allowed))| {
        let before = taken.of_pod_budget.get(&budget).copied().unwrap_or(0);
        (before > 0 && before + pods > allowed).then_some(Kept::PodBudgetSpent {
            budget,
            allowed,
            taken: before,
        })
    })
}

/// The first pool of policy `Balanced` that does not approve.
fn unbalanced(cluster: &Cluster, places: &[usize], one: &Move) -> Option<Kept> {
    let pools = by_pool(cluster, places).into_keys();
    let balanced =
        pools.filter(|name| cluster.pool(name).is_some_and(|pool| pool.policy == Policy::Balanced));
    balanced.into_iter().find_map(|pool| {
        let score = balanced::score(cluster, &pool, places, one.saving);
        (score < balanced::THRESHOLD).then_some(Kept::Balanced { pool, score })
    })
}
