//! Clusters in short.

use disruption::{
    Budget, Cluster, Decision, Node, Place, Pod, PodBudget, Policy, Pool, Protection,
};
use model::{MicroUsdPerHour, Timestamp};

/// 2026-11-26T00:00:00Z, a Thursday.
pub(crate) const START: Timestamp = Timestamp(1_795_651_200);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(START.0 + seconds)
}

/// A pool that consolidates after 30 s and has one budget of so many nodes.
pub(crate) fn pool(nodes: &str) -> Pool {
    Pool {
        name: "default".into(),
        is_static: false,
        consolidate_after: Some(30),
        policy: Policy::default(),
        budgets: vec![Budget::read(Some(nodes), None, None, None)],
    }
}

/// An empty, initialized, ready node that has been quiet for an hour.
pub(crate) fn node(name: &str) -> Node {
    Node {
        claim: Some(name.into()),
        name: Some(name.into()),
        pool: Some("default".into()),
        initialized: true,
        ready: true,
        deleting: false,
        terminating: false,
        nominated: false,
        do_not_disrupt: false,
        quiet_since: Some(at(-3600)),
        expires: None,
        price: Some(MicroUsdPerHour::new(100_000)),
        pods: Vec::new(),
    }
}

pub(crate) fn pod(name: &str) -> Pod {
    Pod {
        name: name.into(),
        active: true,
        reschedulable: true,
        evictable: true,
        protection: Protection::None,
        budget: PodBudget::Allows,
        deletion_cost: 0,
        priority: 0,
        place: Place::Unknown,
    }
}

pub(crate) fn daemon(name: &str) -> Pod {
    Pod { reschedulable: false, ..pod(name) }
}

pub(crate) fn cluster(pool: Pool, nodes: Vec<Node>) -> Cluster {
    Cluster { nodes, pools: vec![pool] }
}

/// Decides once, waits for what is to be validated, and decides again.
pub(crate) fn settle(cluster: &Cluster) -> Decision {
    let first = disruption::decide(cluster, &disruption::Waiting::new(), at(0));
    assert!(first.delete.is_empty(), "nothing goes at once: {:?}", first.delete);
    disruption::decide(cluster, &first.waiting, at(disruption::VALIDATION))
}

/// The claims that go.
pub(crate) fn gone(decision: &Decision) -> Vec<&str> {
    decision.delete.iter().map(|it| it.claim.as_str()).collect()
}
