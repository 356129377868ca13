//! Budgets: of pools, counted in nodes, and of pods.

use std::collections::BTreeMap;

use model::fleet::{Node, PodBudget, Pool, Reason};
use model::{Move, NodePoolName};

use super::{Case, MoveViolation};

/// Reports each pool and each pod budget of which too many go.
pub(super) fn check(case: &Case<'_>) -> Vec<MoveViolation> {
    // What goes before, for whatever reason, takes up every budget of its pool.
    let mut so_far: BTreeMap<&NodePoolName, usize> = BTreeMap::new();
    let mut going: BTreeMap<(&NodePoolName, Reason), usize> = BTreeMap::new();
    for (_, node, reason) in case.going() {
        if let Some(pool) = &node.pool {
            let count = so_far.entry(pool).or_default();
            *count += 1;
            going.insert((pool, reason), *count);
        }
    }
    let over = going.into_iter().filter_map(|((name, reason), going)| {
        let pool = case.cluster.pools.iter().find(|pool| pool.name == *name)?;
        let left = left(case, pool, reason);
        let pool = name.clone();
        (going > left).then_some(MoveViolation::OverBudget { pool, going, left })
    });
    over.chain(pod_budgets(case)).collect()
}

/// How many nodes of `pool` may still go: the least of its budgets that hold now, of initialized nodes
/// whose machine is not ending, less those that are going or, unless it is about repair, not ready.
fn left(case: &Case<'_>, pool: &Pool, reason: Reason) -> usize {
    let counted = |node: &&Node| {
        node.pool.as_ref() == Some(&pool.name)
            && node.claim.is_some()
            && node.initialized
            && !node.terminating
    };
    let nodes: Vec<&Node> = case.cluster.nodes.iter().filter(counted).collect();
    let mut allowed = usize::MAX;
    for budget in &pool.budgets {
        match budget {
            Err(_) => allowed = 0,
            Ok(budget) if budget.limits(reason) && budget.is_active(case.now) => {
                allowed = allowed.min(budget.limit.of(nodes.len()));
            }
            Ok(_) => {}
        }
    }
    if allowed == usize::MAX {
        return allowed;
    }
    // What a move that has begun takes out is marked by it, and counts once.
    let own = |node: &Node| case.begun && case.going().any(|(_, one, _)| std::ptr::eq(one, node));
    let is_going = |node: &&&Node| {
        !own(node) && (node.deleting || (reason != Reason::Unhealthy && !node.ready))
    };
    allowed.saturating_sub(nodes.iter().filter(is_going).count())
}

/// A budget may be overdrawn by one move, whose drain waits for its own pods, not by several.
fn pod_budgets(case: &Case<'_>) -> Vec<MoveViolation> {
    let mut of_budget: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for one in case.moves {
        for (budget, (pods, allowed)) in evicted(case, one) {
            let entry = of_budget.entry(budget).or_insert((0, 0, usize::MAX));
            *entry = (entry.0 + 1, entry.1 + pods, entry.2.min(allowed));
        }
    }
    let over = of_budget
        .into_iter()
        .filter(|(_, (moves, pods, allowed))| *moves > 1 && pods > allowed)
        .map(|(budget, (moves, pods, allowed))| MoveViolation::OverPodBudget {
            budget: budget.to_owned(),
            moves,
            pods,
            allowed,
        });
    over.collect()
}

fn evicted<'a>(case: &Case<'a>, one: &Move) -> BTreeMap<&'a str, (usize, usize)> {
    let mut of_budget: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let nodes = one.removed.iter().filter_map(|node| case.node(*node));
    for pod in nodes.flat_map(|node| &node.pods).filter(|pod| pod.reschedulable) {
        if let PodBudget::Covers { budget, allowed } = &pod.budget {
            let allowed = usize::try_from(*allowed).unwrap_or(usize::MAX);
            let entry = of_budget.entry(budget).or_insert((0, allowed));
            *entry = (entry.0 + 1, entry.1.min(allowed));
        }
    }
    of_budget
}
