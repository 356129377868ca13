//! Nodes that may go: what the disruption crate looks at, and what is done about its decision.
//!
//! In: the store, what was planned last. Out: deletions of claims, the condition `Consolidatable`, the
//! time of the last pod event, events for nodes that are kept by somebody's wish.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::disruption::{
    Budget, Cluster, Decision, Deletion, Kept, Node, Policy, Pool, Protection, Quiet, Waiting,
    decide, quiet,
};
use api::names;
use executor::{EXPIRED, Kind, ObjectRef, Request, Target};
use model::{NodeClaimName, NodeName, NodePoolName, Timestamp, well_known};
use serde_json::json;
use tokio::time::Instant;

use super::Driver;
use super::displaced;
use super::pods::{self, Budgets};
use crate::clock;
use crate::metrics::{Decided, Disrupted};
use crate::perform::GroupKey;
use crate::planning::Planned;
use crate::records::Ended;
use crate::report::{About, Event, Severity, UNCONSOLIDATABLE};
use crate::store::Tables;

/// Between two looks: nodes wait 15 s before they go, so that a look more or less does not matter.
const EVERY: Duration = Duration::from_secs(5);
/// Between two stamps of a claim's last pod event: as Karpenter.
const STAMP_EVERY: i64 = 10;

/// What is remembered between looks; losing it makes nodes wait again.
#[derive(Debug, Default)]
pub(super) struct Disrupting {
    waiting: Waiting,
    at: Option<Instant>,
    /// Pods of each Node that would have to move, by Node, and when the claim was last stamped.
    pods: BTreeMap<String, (BTreeSet<Box<str>>, Option<Timestamp>)>,
}

impl Driver {
    /// Decides which nodes go, and has them go.
    pub(super) fn disrupt(&mut self) {
        let instant = clock::instant();
        if self.disrupting.at.is_some_and(|at| at + EVERY > instant) {
            return;
        }
        self.disrupting.at = Some(instant);
        let (now, tables) = (clock::now(), self.store.tables());
        let looked = self.cluster(&tables, instant);
        let stamps = self.stamps(&tables, now);
        let conditions = conditions(&looked, &tables, now);
        let decision = decide(&looked, &self.disrupting.waiting, now);
        for (claim, request) in stamps.into_iter().chain(conditions) {
            let key = GroupKey::Claim(claim);
            if !self.work.is_held(&key, &tables, instant) {
                self.dispatch(key, vec![request]);
            }
        }
        self.tell_kept(&looked, &decision, &tables);
        self.tell_protected(&decision, &tables, now);
        for claim in &decision.expired {
            self.expire(claim, &tables, instant);
        }
        for deletion in &decision.delete {
            self.delete(deletion, &tables, instant);
        }
        let waiting = std::mem::replace(&mut self.disrupting.waiting, decision.waiting.clone());
        let ended = || Ended { now, cluster: looked, waiting, decision: decision.clone() };
        self.records.ended(ended, &decision);
    }

    /// Has a claim go whose time is over.
    fn expire(&mut self, claim: &NodeClaimName, tables: &Tables, now: Instant) {
        let key = GroupKey::Claim(claim.to_string());
        let known = tables.claim(claim.as_str());
        let (Some(claim), false) = (known, self.work.is_held(&key, tables, now)) else { return };
        let disrupted = disrupted(claim, EXPIRED, "");
        self.metrics.claims_disrupted.get_or_create(&disrupted).inc();
        self.dispatch(key, vec![executor::expire(claim)]);
    }

    fn delete(&mut self, deletion: &Deletion, tables: &Tables, now: Instant) {
        let name = deletion.claim.as_str();
        let key = GroupKey::Claim(name.to_owned());
        let claim = tables.claim(name);
        let (Some(claim), false) = (claim, self.work.is_held(&key, tables, now)) else { return };
        let word = word(deletion.reason);
        self.metrics
            .decisions
            .get_or_create(&Decided { decision: "delete", reason: word, consolidation_type: word })
            .inc();
        self.tell_terminating(name, deletion.reason, "delete", tables);
        let request = Request::Delete {
            target: ObjectRef::cluster(Kind::NodeClaim, name),
            uid: claim.metadata.uid.as_deref().unwrap_or_default().to_owned(),
            grace_seconds: None,
            reason: word,
        };
        self.dispatch(key, vec![request]);
    }

    /// Counts and says that a claim's end is asked for.
    pub(super) fn tell_terminating(
        &mut self,
        node_claim: &str,
        reason: ::disruption::Reason,
        decision: &'static str,
        tables: &Tables,
    ) {
        let claim = tables.claim(node_claim);
        let Some(claim) = claim else { return };
        let pool = claim.metadata.labels.get(well_known::NODE_POOL).map(String::as_str);
        let pool = tables.pool(pool.unwrap_or_default());
        let policy = pool.map_or(Policy::default(), |pool| settings(pool).policy);
        let policy = match reason {
            ::disruption::Reason::Drifted => "",
            _ => policy_word(policy),
        };
        let disrupted = disrupted(claim, word(reason), policy);
        self.metrics.claims_disrupted.get_or_create(&disrupted).inc();
        let decision = if decision == "delete" { "Delete" } else { "Replace" };
        let message = format!("Disrupting NodeClaim: {}/{decision}", reason.as_str());
        self.tell_claim(node_claim, "DisruptionTerminating", &message, tables);
        let (node, reason) = (claim.status.node_name.as_deref().unwrap_or_default(), word(reason));
        tracing::info!(controller = "disruption", node_claim, node, reason, "disrupting node");
    }

    /// Publishes an event on a claim and its Node.
    pub(super) fn tell_claim(
        &mut self,
        claim: &str,
        reason: &'static str,
        message: &str,
        tables: &Tables,
    ) {
        let claim = tables.claim(claim);
        let Some(claim) = claim else { return };
        let quiet = (reason == UNCONSOLIDATABLE).then_some(Duration::from_mins(15));
        let node = claim.status.node_name.as_deref().unwrap_or_default();
        for about in abouts(claim, node, tables) {
            let (severity, message) = (Severity::Normal, message.to_owned());
            self.recorder.record(Event { about, severity, reason, message, quiet });
        }
    }

    /// Claims and Nodes that pods which wait will run on.
    pub(super) fn wanted(&self, tables: &Tables) -> BTreeSet<String> {
        wanted(&self.work.planned_pods(tables, clock::now()), tables)
    }

    /// Says what pods' own annotations come to: of those on Nodes, what is wrong or over; of those that
    /// keep a node, that they do.
    fn tell_protected(&mut self, decision: &Decision, tables: &Tables, now: Timestamp) {
        let bars = decision.kept.values().filter_map(|kept| match kept {
            Kept::PodDoNotDisrupt { pod, until: _ } => Some(pod.as_str()),
            _ => None,
        });
        let bars: BTreeSet<&str> = bars.collect();
        let pods = tables.pods.objects.values().filter(|pod| {
            pod.metadata.annotations.contains_key(names::DO_NOT_DISRUPT_ANNOTATION)
                && pod.spec.node_name.as_deref().is_some_and(|node| !node.is_empty())
        });
        for pod in pods {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or("default");
            let bars = bars.contains(format!("{namespace}/{}", pod.metadata.name).as_str());
            if let Some(note) = executor::protection_note(pod, bars, now) {
                self.recorder.note(&note);
            }
        }
    }

    fn tell_kept(&mut self, cluster: &Cluster, decision: &Decision, tables: &Tables) {
        for (place, kept) in decision.kept.iter().filter(|(_, kept)| kept.is_event()) {
            let node = &cluster.nodes[*place];
            let Some(claim) = &node.claim else { continue };
            self.tell_claim(claim.as_str(), "DisruptionBlocked", &kept.to_string(), tables);
        }
    }

    fn cluster(&self, tables: &Tables, now: Instant) -> Cluster {
        let wanted = wanted(&self.work.planned_pods(tables, clock::now()), tables);
        let budgets = Budgets::new(tables);
        let mut by_node: BTreeMap<&str, Vec<::disruption::Pod>> = BTreeMap::new();
        for pod in tables.pods.objects.values() {
            if let Some(node) = pod.spec.node_name.as_deref().filter(|node| !node.is_empty()) {
                by_node.entry(node).or_default().push(pods::pod(pod, &budgets));
            }
        }
        let claims = tables.node_claims.objects.values();
        let nodes = claims.map(|claim| {
            let name = claim.metadata.name.as_str();
            let held = self.work.is_held(&GroupKey::Claim(name.to_owned()), tables, now);
            let node_name = claim.status.node_name.as_deref();
            let node = node_name.and_then(|name| tables.node(name));
            let nominated =
                wanted.contains(name) || node_name.is_some_and(|node| wanted.contains(node));
            let pods = node_name.and_then(|node| by_node.remove(node)).unwrap_or_default();
            Node {
                nominated,
                pods,
                ..facts(claim, node.map(AsRef::as_ref), held, self.last.as_deref())
            }
        });
        let pools = tables.node_pools.objects.values().map(|pool| settings(pool)).collect();
        let mut cluster = Cluster { nodes: nodes.collect(), pools };
        self.moving.under_way("").mark(&mut cluster);
        cluster
    }

    /// Stamps on claims whose Nodes' pods came or went since the last look.
    fn stamps(&mut self, tables: &Tables, now: Timestamp) -> Vec<(String, Request)> {
        let mut there: BTreeMap<String, BTreeSet<Box<str>>> = BTreeMap::new();
        for pod in tables.pods.objects.values().filter(|pod| pods::is_reschedulable(pod)) {
            if let Some(node) = pod.spec.node_name.as_deref().filter(|node| !node.is_empty()) {
                let uid = pod.metadata.uid.clone().unwrap_or_default();
                there.entry(node.to_owned()).or_default().insert(uid);
            }
        }
        let before = std::mem::take(&mut self.disrupting.pods);
        let mut stamps = Vec::new();
        for claim in tables.node_claims.objects.values() {
            let Some(node) = claim.status.node_name.clone() else { continue };
            let pods = there.remove(&node).unwrap_or_default();
            let known = before.get(&node);
            let mut stamped = known.and_then(|(_, stamped)| *stamped);
            let changed = known.is_some_and(|(before, _)| *before != pods);
            let pods = match (changed, stamped) {
                (true, Some(at)) if now.0 < at.0 + STAMP_EVERY => {
                    // Too early; what was known stays, so that the next look sees the change.
                    known.map(|(before, _)| before.clone()).unwrap_or_default()
                }
                (true, _) => {
                    stamped = Some(now);
                    let body = json!({"status": {"lastPodEventTime": executor::time::format(now)}});
                    let target = ObjectRef::cluster(Kind::NodeClaim, claim.metadata.name.clone());
                    let request = Request::Patch { target, status: true, body };
                    stamps.push((claim.metadata.name.clone(), request));
                    pods
                }
                (false, _) => pods,
            };
            self.disrupting.pods.insert(node, (pods, stamped));
        }
        stamps
    }
}

/// Claims and Nodes that pods which wait are planned on, or nominated to by anybody.
fn wanted(planned: &BTreeMap<String, Target>, tables: &Tables) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    let displaced = displaced::by_node(tables);
    wanted.extend(displaced.keys().filter_map(|uid| planned.get(*uid)).map(
        |target| match target {
            Target::Claim(name) | Target::Node(name) => name.clone(),
        },
    ));
    for (key, pending) in &tables.pending {
        wanted.extend(planned.get(&*pending.uid).map(|target| match target {
            Target::Claim(name) | Target::Node(name) => name.clone(),
        }));
        let pod = tables.pods.objects.get(key);
        let nominated = pod.and_then(|pod| pod.status.nominated_node_name.clone());
        wanted.extend(nominated);
    }
    wanted
}

/// A claim and its Node, without what is on them.
fn facts(
    claim: &api::NodeClaim,
    node: Option<&api::Node>,
    held: bool,
    planned: Option<&Planned>,
) -> Node {
    let labels = node.map_or(&claim.metadata.labels, |node| &node.metadata.labels);
    let is_true = |key: &str| labels.get(key).is_some_and(|value| value == "true");
    let name = node.map(|node| NodeName::from(node.metadata.name.as_str()));
    let ready = node.is_some_and(|node| {
        let conditions = node.status.conditions.iter();
        conditions.filter(|one| one.kind == names::READY).any(|one| one.status == "True")
    });
    let going = |metadata: &api::ObjectMeta| metadata.deletion_timestamp.is_some();
    let initialized = claim.condition(names::INITIALIZED);
    let since = claim.status.last_pod_event_time.as_deref();
    let since = since.or_else(|| initialized.and_then(|one| one.last_transition_time.as_deref()));
    let annotation = |node: &api::Node| {
        let value = node.metadata.annotations.get(names::DO_NOT_DISRUPT_ANNOTATION);
        value.is_some_and(|value| value == "true")
    };
    Node {
        claim: Some(NodeClaimName::from(claim.metadata.name.as_str())),
        pool: labels.get(well_known::NODE_POOL).map(|pool| NodePoolName::from(pool.as_str())),
        initialized: is_true(names::INITIALIZED_LABEL),
        ready,
        deleting: held || claim.is_deleting() || node.is_some_and(|node| going(&node.metadata)),
        terminating: claim.is_true(names::INSTANCE_TERMINATING),
        nominated: false,
        do_not_disrupt: node.is_some_and(annotation),
        quiet_since: since.and_then(executor::time::parse),
        expires: executor::expires(claim),
        price: planned.zip(name.as_ref()).and_then(|(planned, name)| planned.price_of(name)),
        pods: Vec::new(),
        name,
    }
}

fn settings(pool: &api::NodePool) -> Pool {
    let disruption = pool.spec.disruption.clone().unwrap_or_default();
    let after = disruption.consolidate_after.as_deref().unwrap_or("0s");
    let policy = match disruption.consolidation_policy.as_deref() {
        Some("WhenEmpty") => Policy::WhenEmpty,
        Some("Balanced") => Policy::Balanced,
        _ => Policy::WhenEmptyOrUnderutilized,
    };
    let budgets = match &disruption.budgets {
        None => vec![Budget::read(None, None, None, None)],
        Some(budgets) => (budgets.iter())
            .map(|one| {
                // A duration that cannot be read leaves a schedule without one, which allows nothing.
                let duration = one.duration.as_deref().and_then(executor::time::seconds);
                let (nodes, schedule) = (one.nodes.as_deref(), one.schedule.as_deref());
                Budget::read(nodes, schedule, duration, one.reasons.as_deref())
            })
            .collect(),
    };
    Pool {
        name: NodePoolName::from(pool.metadata.name.as_str()),
        is_static: pool.spec.replicas.is_some(),
        consolidate_after: executor::time::seconds(after),
        policy,
        budgets,
    }
}

/// The condition `Consolidatable` of claims, where it changes.
fn conditions(cluster: &Cluster, tables: &Tables, now: Timestamp) -> Vec<(String, Request)> {
    let mut changes = Vec::new();
    for node in &cluster.nodes {
        let Some(name) = node.claim.as_ref() else { continue };
        let Some(pool) = node.pool.as_ref().and_then(|pool| cluster.pool(pool)) else { continue };
        let claim = tables.claim(name.as_str());
        let Some(claim) = claim.filter(|claim| !claim.is_deleting()) else { continue };
        let holds = matches!(quiet(node, pool, now), Quiet::Yes);
        if holds == claim.condition(names::CONSOLIDATABLE).is_some() {
            continue;
        }
        let others = claim.status.conditions.iter().filter(|one| one.kind != names::CONSOLIDATABLE);
        let mut conditions: Vec<api::Condition> = others.cloned().collect();
        if holds {
            conditions.push(api::Condition {
                kind: names::CONSOLIDATABLE.to_owned(),
                status: "True".to_owned(),
                reason: names::CONSOLIDATABLE.to_owned(),
                message: String::new(),
                last_transition_time: Some(executor::time::format(now).into()),
                observed_generation: claim.metadata.generation,
            });
        }
        let body = json!({
            "metadata": {"resourceVersion": claim.metadata.resource_version},
            "status": {"conditions": conditions},
        });
        let target = ObjectRef::cluster(Kind::NodeClaim, name.as_str());
        changes.push((name.to_string(), Request::Patch { target, status: true, body }));
    }
    changes
}

fn abouts(claim: &api::NodeClaim, node: &str, tables: &Tables) -> Vec<About> {
    let uid = |metadata: &api::ObjectMeta| metadata.uid.as_deref().unwrap_or_default().to_owned();
    let about = |api_version, kind, metadata: &api::ObjectMeta| About {
        api_version,
        kind,
        namespace: String::new(),
        name: metadata.name.clone(),
        uid: uid(metadata),
    };
    let node = tables.node(node);
    let node = node.map(|node| about("v1", "Node", &node.metadata));
    node.into_iter().chain([about("karpenter.sh/v1", "NodeClaim", &claim.metadata)]).collect()
}

/// The reason as metrics and deletions have it.
pub(super) const fn word(reason: ::disruption::Reason) -> &'static str {
    match reason {
        ::disruption::Reason::Empty => "empty",
        ::disruption::Reason::Drifted => "drifted",
        ::disruption::Reason::Underutilized => "underutilized",
        ::disruption::Reason::Unhealthy => "unhealthy",
    }
}

const fn policy_word(policy: Policy) -> &'static str {
    match policy {
        Policy::WhenEmpty => "WhenEmpty",
        Policy::WhenEmptyOrUnderutilized => "WhenEmptyOrUnderutilized",
        Policy::Balanced => "Balanced",
    }
}

/// What is counted of a claim that is ended; `policy` is empty where none had a say.
pub(super) fn disrupted(
    claim: &api::NodeClaim,
    reason: &'static str,
    policy: &'static str,
) -> Disrupted {
    let label = |key: &str| claim.metadata.labels.get(key).cloned().unwrap_or_default();
    Disrupted {
        reason,
        nodepool: label(well_known::NODE_POOL),
        capacity_type: label(well_known::CAPACITY_TYPE),
        consolidation_policy: policy,
        termination_mode: mode(claim),
    }
}

/// `eventual` where a grace period ends the wait for pods, else `graceful`.
const fn mode(claim: &api::NodeClaim) -> &'static str {
    if claim.spec.termination_grace_period.is_some() { "eventual" } else { "graceful" }
}

/// How long the annotation protects a pod.
pub(super) fn protection(pod: &api::Pod) -> Protection {
    match executor::protection(pod) {
        executor::Protection::None | executor::Protection::Invalid => Protection::None,
        executor::Protection::Always => Protection::Always,
        executor::Protection::Until(until) => Protection::Until(until),
    }
}
