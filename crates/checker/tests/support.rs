//! Plans as text, and what the checker says to them.

use checker::{Violation, check};
use model::{
    LabelValue, NewNode, NodeFill, NodeIndex, NodePoolName, OfferingIndex, Plan, PodIndex, Reason,
    Snapshot, Unschedulable,
};

/// A plan from lines such as `buy POOL TYPE ZONE CAPACITY [KEY=VALUE]: POD…`, `on NODE: POD…` and
/// `out: POD…`; pods without their namespace. Reasons are those that the checker recomputes.
pub(crate) fn plan(snapshot: &Snapshot, text: &str) -> Plan {
    let mut plan = Plan::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (place, pods) = line.rsplit_once(':').expect("PLACE: PODS");
        let pods = pods.split_whitespace().map(|pod| pod_at(snapshot, pod));
        let pods: Vec<PodIndex> = pods.collect();
        match place.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["buy", offering @ ..] => {
                let offering = offering_at(snapshot, offering);
                plan.new_nodes.push(NewNode { offering, pods });
            }
            ["on", name] => plan.existing.push(NodeFill { node: node_at(snapshot, name), pods }),
            _ => plan.unschedulable.push(Unschedulable { pods, reasons: Vec::new() }),
        }
    }
    explained(snapshot, plan)
}

/// `plan`, which gives no reasons, with those that the checker misses.
pub(crate) fn explained(snapshot: &Snapshot, mut plan: Plan) -> Plan {
    let violations = check(snapshot, plan.clone()).err().unwrap_or_default();
    for group in &mut plan.unschedulable {
        let first = &snapshot.pod(group.pods[0]).name;
        let missing = violations.iter().filter_map(|violation| match violation {
            Violation::ReasonMissing { pod, reason } if pod == first => Some(reason.clone()),
            _ => None,
        });
        group.reasons = missing.collect();
        // They come sorted by rule; the list wants pool after pool.
        group.reasons.sort_by_key(|reason| {
            let pools = snapshot.pools.iter();
            pools.map(|pool| &pool.name).position(|name| Some(name) == pool_of(reason))
        });
    }
    plan
}

fn pool_of(reason: &Reason) -> Option<&NodePoolName> {
    match reason {
        Reason::NoNodePool => None,
        Reason::EmptyPool { pool }
        | Reason::Taint { pool, .. }
        | Reason::Requirement { pool, .. }
        | Reason::Unpriced { pool, .. }
        | Reason::Resource { pool, .. }
        | Reason::Combination { pool, .. }
        | Reason::MinValues { pool, .. }
        | Reason::Limit { pool, .. }
        | Reason::Supply { pool, .. }
        | Reason::Spread { pool, .. }
        | Reason::Affinity { pool, .. }
        | Reason::AntiAffinity { pool, .. } => Some(pool),
    }
}

fn pod_at(snapshot: &Snapshot, name: &str) -> PodIndex {
    let full = format!("default/{name}");
    let mut pods = snapshot.pods.iter();
    let position = pods.position(|pod| pod.name.as_str() == full);
    PodIndex::new(position.expect("a pod of the world"))
}

fn node_at(snapshot: &Snapshot, name: &str) -> NodeIndex {
    let mut nodes = snapshot.nodes.iter();
    let position = nodes.position(|node| node.name.as_str() == name);
    NodeIndex::new(position.expect("a node of the world"))
}

fn offering_at(snapshot: &Snapshot, words: &[&str]) -> OfferingIndex {
    let four = words.split_first_chunk().expect("POOL TYPE ZONE CAPACITY");
    let ([pool, instance_type, zone, capacity_type], chosen) = four;
    let position = snapshot.offerings.iter().position(|offering| {
        let listing = snapshot.listing_of(offering);
        let has = |word: &&str| {
            let (key, value) = word.split_once('=').expect("KEY=VALUE");
            offering.chosen_labels.get(key) == Some(&LabelValue::from(value))
        };
        snapshot.pool(offering.pool).name.as_str() == *pool
            && snapshot.instance_type(listing.instance_type).name.as_str() == *instance_type
            && listing.zone.as_str() == *zone
            && listing.capacity_type.as_str() == *capacity_type
            && chosen.iter().all(has)
    });
    OfferingIndex::new(position.expect("an offering of the world"))
}

/// What the checker says, a line each; empty where the plan is accepted.
pub(crate) fn verdict(snapshot: &Snapshot, plan: Plan) -> Vec<String> {
    let violations = check(snapshot, plan).err().unwrap_or_default();
    let brief = violations.iter().map(|violation| match violation {
        Violation::ReasonMissing { reason, .. } => format!("missing: {}", shown(reason)),
        Violation::ReasonFalse { reason, .. } => format!("false: {}", shown(reason)),
        Violation::ReasonWrong { claimed, recomputed, .. } => {
            format!("wrong: {}; true: {}", shown(claimed), shown(recomputed))
        }
        other => other.to_string(),
    });
    brief.collect()
}

/// A reason in a line.
pub(crate) fn shown(reason: &Reason) -> String {
    let code = reason.code();
    match reason {
        Reason::NoNodePool => code.to_owned(),
        Reason::EmptyPool { pool } => format!("{pool} {code}"),
        Reason::Taint { pool, taint, excluded } => {
            format!("{pool} {code} {taint} excludes {excluded}")
        }
        Reason::Requirement { pool, key, excluded } => {
            format!("{pool} {code} {key} excludes {excluded}")
        }
        Reason::Unpriced { pool, excluded } | Reason::Combination { pool, excluded } => {
            format!("{pool} {code} excludes {excluded}")
        }
        Reason::MinValues { pool, key, least, open, excluded } => {
            format!("{pool} {code} {key} has {open} of {least} excludes {excluded}")
        }
        Reason::Resource { pool, resource, needs, largest, largest_type, excluded } => format!(
            "{pool} {code} {resource} needs {} of {} on {largest_type} excludes {excluded}",
            needs.get(),
            largest.get()
        ),
        Reason::Limit { pool, resource, limit, used, least, excluded } => format!(
            "{pool} {code} {resource} {} used {} least {} excludes {excluded}",
            limit.get(),
            used.get(),
            least.get()
        ),
        Reason::Supply { pool, supply, cap, excluded } => {
            format!("{pool} {code} {supply} has {cap} excludes {excluded}")
        }
        Reason::Affinity { pool, key, selection, there_in, excluded } => {
            let there = there_in.as_ref().map_or("nowhere", LabelValue::as_str);
            format!("{pool} affinity over {key} to {selection} in {there} excludes {excluded}")
        }
        Reason::AntiAffinity { pool, key, selection, own, pods, excluded } => {
            format!(
                "{pool} anti-affinity over {key} to {selection} own {own} pods {pods} excludes \
                 {excluded}"
            )
        }
        Reason::Spread { pool, key, selection, max_skew, least, least_in, load, excluded } => {
            let least_in = least_in.as_ref().map_or("-", LabelValue::as_str);
            format!(
                "{pool} {code} {key} {selection} skew {max_skew} load {load} least {least} in \
                 {least_in} excludes {excluded}"
            )
        }
    }
}
