//! What goes with nothing in its place: claims whose time is over; then rules in order, over nodes that
//! nothing bars, within budgets.
//!
//! What a rule wants goes only after it was wanted for a while, without a break; Karpenter computes,
//! waits 15 s and validates. Here the wait is state that is handed in and out, and may be lost: then
//! it begins again.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::{NodeClaimName, NodeName, NodePoolName, Timestamp};

use crate::budget::Allowance;
use crate::eligibility::pool_of;
use crate::kept::Kept;
use crate::rules::{Rule, alone};
use model::fleet::{Cluster, Node, Pool, Reason};

/// Seconds for which a node must be wanted by the same rule before it goes, as in Karpenter.
pub const VALIDATION: i64 = 15;

/// Since when which claims are wanted by which rule.
pub type Waiting = BTreeMap<(NodeClaimName, Reason), Timestamp>;

/// A claim that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The claim.
    pub claim: NodeClaimName,
    /// Its Node.
    pub node: NodeName,
    /// Its pool.
    pub pool: NodePoolName,
    /// By this rule.
    pub rule: &'static str,
    /// What budgets and metrics know it as.
    pub reason: Reason,
}

/// What was decided.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Claims whose time is over: they go before all else, whatever would keep their nodes.
    pub expired: Vec<NodeClaimName>,
    /// What goes, in the order of choice.
    pub delete: Vec<Deletion>,
    /// Why each of the others stays or is going already, by its place in [`Cluster::nodes`].
    pub kept: BTreeMap<usize, Kept>,
    /// To be handed in next time.
    pub waiting: Waiting,
    /// When to decide again at the latest, if nothing changes; `None`: no node waits.
    pub again: Option<Timestamp>,
    /// Each pool's allowance for each rule's reason, before anything of this decision went.
    pub allowances: BTreeMap<(NodePoolName, Reason), Allowance>,
}

/// Decides at `now`; `before` is what the decision before left waiting.
pub fn decide(cluster: &Cluster, before: &Waiting, now: Timestamp) -> Decision {
    let mut decision = Decision::default();
    for pool in &cluster.pools {
        for rule in alone() {
            let allowance = Allowance::new(cluster, pool, rule.reason, now);
            decision.allowances.insert((pool.name.clone(), rule.reason), allowance);
        }
    }
    let mut open: Vec<(usize, &Node, &Pool)> = Vec::new();
    for (place, node) in cluster.nodes.iter().enumerate() {
        if let Some(claim) = expired(node, now) {
            decision.expired.push(claim.clone());
            continue;
        }
        match pool_of(cluster, node, now) {
            Ok(pool) => open.push((place, node, pool)),
            Err(kept) => drop(decision.kept.insert(place, kept)),
        }
    }
    for rule in alone() {
        open = ask(*rule, &open, before, now, &mut decision);
    }
    decision.again = decision.kept.values().filter_map(|kept| until(kept, now)).min();
    decision
}

/// The node's claim, where its time is over and it is not going yet. It is forceful: no budget is asked,
/// nothing is launched first, and nothing that protects pods holds it up (`lifecycle.md` section 2 of
/// Karpenter's model).
fn expired(node: &Node, now: Timestamp) -> Option<&NodeClaimName> {
    let is_over = !node.deleting && node.expires.is_some_and(|expires| expires <= now);
    node.claim.as_ref().filter(|_| is_over)
}

/// Asks one rule; gives back the nodes that it does not want.
fn ask<'a>(
    rule: Rule,
    open: &[(usize, &'a Node, &'a Pool)],
    before: &Waiting,
    now: Timestamp,
    decision: &mut Decision,
) -> Vec<(usize, &'a Node, &'a Pool)> {
    let mut rest = Vec::new();
    let mut wanted = Vec::new();
    for (place, node, pool) in open {
        match (rule.wants)(node, pool, now) {
            Ok(()) => wanted.push(Wanted::new(*place, node, pool, rule, before, now)),
            Err(kept) => {
                decision.kept.entry(*place).or_insert(kept);
                rest.push((*place, *node, *pool));
            }
        }
    }
    // Who waits longest goes first, then who saves most.
    wanted.sort_by_key(|it| (it.since, Reverse(it.node.price), it.claim.clone()));
    let mut taken: BTreeMap<&NodePoolName, usize> = BTreeMap::new();
    for it in wanted {
        let allowance = decision.allowances[&(it.pool.name.clone(), rule.reason)];
        let taken = taken.entry(&it.pool.name).or_default();
        if *taken >= allowance.left() {
            let kept = Kept::Budget {
                reason: rule.reason,
                allowed: allowance.allowed.unwrap_or(usize::MAX),
                total: allowance.total,
                consuming: allowance.consuming,
                taken: *taken,
            };
            decision.kept.insert(it.place, kept);
            continue;
        }
        *taken += 1;
        let until = Timestamp(it.since.0.saturating_add(VALIDATION));
        if until > now {
            decision.waiting.insert((it.claim, rule.reason), it.since);
            decision.kept.insert(it.place, Kept::Validating { reason: rule.reason, until });
        } else {
            decision.kept.remove(&it.place);
            decision.waiting.insert((it.claim.clone(), rule.reason), it.since);
            decision.delete.push(Deletion {
                claim: it.claim,
                node: it.node.name.clone().expect("nodes without a Node are barred"),
                pool: it.pool.name.clone(),
                rule: rule.name,
                reason: rule.reason,
            });
        }
    }
    rest
}

struct Wanted<'a> {
    place: usize,
    node: &'a Node,
    pool: &'a Pool,
    claim: NodeClaimName,
    since: Timestamp,
}

impl<'a> Wanted<'a> {
    fn new(
        place: usize,
        node: &'a Node,
        pool: &'a Pool,
        rule: Rule,
        before: &Waiting,
        now: Timestamp,
    ) -> Self {
        let claim = node.claim.clone().expect("nodes without a claim are barred");
        let since = before.get(&(claim.clone(), rule.reason)).copied().unwrap_or(now);
        Self { place, node, pool, claim, since }
    }
}

/// When time alone may change a reason.
pub(crate) fn until(kept: &Kept, now: Timestamp) -> Option<Timestamp> {
    let until = match kept {
        Kept::PodDoNotDisrupt { until, .. } | Kept::NotQuiet { until, .. } => *until,
        Kept::Validating { until, .. } => Some(*until),
        Kept::NotManaged
        | Kept::NoNode
        | Kept::Deleting
        | Kept::NotInitialized
        | Kept::Nominated
        | Kept::DoNotDisrupt
        | Kept::NoPool
        | Kept::PoolNotFound(_)
        | Kept::PodBudget { .. }
        | Kept::SeveralPodBudgets { .. }
        | Kept::StaticPool
        | Kept::ConsolidationDisabled
        | Kept::NotEmpty { .. }
        | Kept::Budget { .. }
        | Kept::Canary { .. }
        | Kept::Empty
        | Kept::Unknown
        | Kept::NoLabel(_)
        | Kept::TypeNotFound(_)
        | Kept::PodNotPlanned { .. }
        | Kept::NoSaving { .. }
        | Kept::SpotForSpot { .. }
        | Kept::Takes { .. }
        | Kept::PodBudgetSpent { .. }
        | Kept::Balanced { .. }
        | Kept::Later { .. } => None,
    };
    until.filter(|until| *until > now)
}
