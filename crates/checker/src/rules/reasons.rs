//! The reasons for pods left out are true and complete, as defined at [`model::Reason`].

mod recompute;

use std::cmp::Ordering;

use model::{LabelKey, NodePoolName, PodName, Reason, SelectionName};

use crate::Violation;
use crate::facts::Facts;
use crate::found::Found;

/// Recomputes the reasons of each group, and reports what differs.
pub(super) fn check(facts: &Facts<'_>, found: &mut Found) {
    for group in &facts.plan.unschedulable {
        let pod = facts.snapshot.pod(group.pods[0]);
        match recompute::reasons(facts, pod.shape) {
            Ok(reasons) => compare(&pod.name, &group.reasons, &reasons, found),
            Err(position) => {
                let offering = &facts.snapshot.offerings[position];
                let listing = facts.snapshot.listing_of(offering);
                let instance_type = facts.snapshot.instance_type(listing.instance_type);
                found.push(Violation::CouldBeBought {
                    pod: pod.name.clone(),
                    pool: facts.snapshot.pool(offering.pool).name.clone(),
                    instance_type: instance_type.name.clone(),
                    zone: listing.zone.clone(),
                    capacity_type: listing.capacity_type,
                });
            }
        }
    }
}

fn compare(pod: &PodName, claimed: &[Reason], recomputed: &[Reason], found: &mut Found) {
    if claimed == recomputed {
        return;
    }
    let sorted = |reasons: &[Reason]| {
        let mut reasons = reasons.to_vec();
        reasons.sort();
        reasons
    };
    let (ours, theirs) = (sorted(recomputed), sorted(claimed));
    let extra: Vec<Reason> = less(&theirs, &ours);
    let mut lacking: Vec<Reason> = less(&ours, &theirs);
    if extra.is_empty() && lacking.is_empty() {
        found.push(Violation::ReasonsOutOfOrder { pod: pod.clone() });
    }
    for claimed in extra {
        let pod = pod.clone();
        let counterpart = lacking.iter().position(|one| same_rule(one, &claimed));
        found.push(match counterpart {
            Some(position) => {
                Violation::ReasonWrong { pod, claimed, recomputed: lacking.remove(position) }
            }
            None => Violation::ReasonFalse { pod, reason: claimed },
        });
    }
    for reason in lacking {
        let pod = pod.clone();
        found.push(Violation::ReasonMissing { pod, reason });
    }
}

/// What `these` have beyond `those`, both sorted, repeats counted.
fn less(these: &[Reason], those: &[Reason]) -> Vec<Reason> {
    let mut those = those.iter().peekable();
    let mut rest = Vec::new();
    for reason in these {
        while those.next_if(|one| one.cmp(&reason) == Ordering::Less).is_some() {}
        if those.next_if(|one| *one == reason).is_none() {
            rest.push(reason.clone());
        }
    }
    rest
}

/// Whether both are about the same pool and rule, and the same key or resource where a rule gives
/// one reason for each.
fn same_rule(one: &Reason, other: &Reason) -> bool {
    match (one, other) {
        (Reason::EmptyPool { pool: a }, Reason::EmptyPool { pool: b })
        | (Reason::Taint { pool: a, .. }, Reason::Taint { pool: b, .. })
        | (Reason::Unpriced { pool: a, .. }, Reason::Unpriced { pool: b, .. })
        | (Reason::Combination { pool: a, .. }, Reason::Combination { pool: b, .. }) => a == b,
        (
            Reason::Requirement { pool: a, key: k, .. },
            Reason::Requirement { pool: b, key: l, .. },
        )
        | (Reason::MinValues { pool: a, key: k, .. }, Reason::MinValues { pool: b, key: l, .. }) => {
            (a, k) == (b, l)
        }
        (
            Reason::Resource { pool: a, resource: k, .. },
            Reason::Resource { pool: b, resource: l, .. },
        )
        | (
            Reason::Limit { pool: a, resource: k, .. },
            Reason::Limit { pool: b, resource: l, .. },
        ) => (a, k) == (b, l),
        (Reason::Supply { pool: a, supply: k, .. }, Reason::Supply { pool: b, supply: l, .. }) => {
            (a, k) == (b, l)
        }
        (Reason::Spread { .. }, Reason::Spread { .. }) => spread(one) == spread(other),
        (Reason::Affinity { .. }, Reason::Affinity { .. })
        | (Reason::AntiAffinity { .. }, Reason::AntiAffinity { .. }) => term(one) == term(other),
        _ => false,
    }
}

/// The pool and spread that a reason for spread is about.
const fn spread(reason: &Reason) -> Option<(&NodePoolName, &LabelKey, &SelectionName, i64)> {
    match reason {
        Reason::Spread { pool, key, selection, max_skew, .. } => {
            Some((pool, key, selection, *max_skew))
        }
        _ => None,
    }
}

/// The pool and term that a reason for affinity or anti-affinity is about.
const fn term(reason: &Reason) -> Option<(&NodePoolName, &LabelKey, &SelectionName)> {
    match reason {
        Reason::Affinity { pool, key, selection, .. }
        | Reason::AntiAffinity { pool, key, selection, .. } => Some((pool, key, selection)),
        _ => None,
    }
}
