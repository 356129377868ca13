//! The executor's steps over what is known now, and which of them are under way.
//!
//! A group of requests is not asked for again while it is under way, until the store shows what it
//! wrote, or, after a failure, before its backoff is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use executor::{
    ClaimMemory, ClaimView, CloudRequest, Kind, MachineFacts, NodeView, ObjectRef, Request,
    StartLimits, Target,
};
use model::{InstanceTypeName, Timestamp};
use tokio::time::Instant;

use super::Driver;
use super::displaced::{self, Displaced};
use super::facts::Facts;
use super::seating::Seating;
use crate::backoff::Backoff;
use crate::clock;
use crate::leader::Role;
use crate::perform::{Done, GroupKey, run_group, run_in_order};
use crate::report;
use crate::store::{Store, Tables};
use crate::unavailable::Unavailable;

/// A write that no watch has shown after this long is not waited for any longer. An API server that has much to do
/// shows writes after seconds; asked for again before, they are more of what it has to do, and meet a newer version.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);
/// A claim that no watch has shown this long after it was created, or could not be, is not expected any longer.
/// While the request is under way it is: of hundreds that are asked for at once the last wait for longer than this.
const CLAIM_SHOWN_WITHIN: Duration = Duration::from_secs(10);
/// Steps that failed: as the rate limiter of Karpenter's controllers.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) };

/// What is remembered about what is under way.
#[derive(Debug)]
pub(super) struct Work {
    /// By claim name.
    pub(super) memory: BTreeMap<String, ClaimMemory>,
    /// Pods that the last plan puts on nodes that are there, by UID.
    pub(super) existing: BTreeMap<String, Target>,
    /// Which pods have a seat on which node that came since.
    pub(super) seats: Seating,
    /// What the cloud did not have.
    pub(super) unavailable: Unavailable,
    /// When the pods of a claim that is not launched yet came, by claim name.
    pub(super) since: BTreeMap<String, Vec<Instant>>,
    groups: BTreeMap<GroupKey, Group>,
    /// Claims that were asked for and that no watch has shown, until when.
    expected: BTreeMap<String, Instant>,
    /// Claims that were there when last looked, and not going.
    claims: BTreeSet<String>,
    /// Whether one of them is gone or going since: its pods may wait again.
    lost_claims: bool,
    pub(super) limits: StartLimits,
    /// Whether new Nodes are held until the seats on them are reserved.
    pub(super) hold: bool,
    /// What was planned for pods whose nodes are going.
    pub(super) displaced: Displaced,
    seed: u64,
}

/// What is on nodes, and which of those that are going wait for others to be launched.
#[derive(Debug, Default)]
struct Drains<'a> {
    pods: BTreeMap<&'a str, Vec<&'a api::Pod>>,
    unreplaced: BTreeSet<&'a str>,
}

/// A group of requests.
#[derive(Debug, Default)]
struct Group {
    under_way: bool,
    failures: u32,
    not_before: Option<Instant>,
    wrote: Vec<(ObjectRef, u64)>,
    wrote_at: Option<Instant>,
}

impl Work {
    pub(super) fn new(limits: StartLimits, seed: u64, hold: bool) -> Self {
        Self {
            memory: BTreeMap::new(),
            existing: BTreeMap::new(),
            seats: Seating::default(),
            unavailable: Unavailable::default(),
            since: BTreeMap::new(),
            groups: BTreeMap::new(),
            expected: BTreeMap::new(),
            claims: BTreeSet::new(),
            lost_claims: false,
            limits,
            hold,
            displaced: Displaced::default(),
            seed,
        }
    }

    /// Forgets what is over: claims that are shown or gone, groups at rest.
    pub(super) fn see(&mut self, store: &Store, now: Instant) {
        store.read(|tables| {
            let claims = &tables.node_claims.objects;
            let there = |name: &str| claims.contains_key(&(Box::default(), name.into()));
            for (name, until) in &mut self.expected {
                let group = self.groups.get(&GroupKey::Claim(name.clone()));
                if group.is_some_and(|group| group.under_way) {
                    *until = now + CLAIM_SHOWN_WITHIN;
                }
            }
            self.expected.retain(|name, until| *until > now && !there(name));
            let expected = &self.expected;
            self.memory.retain(|name, _| there(name) || expected.contains_key(name));
            self.since.retain(|name, _| there(name) || expected.contains_key(name));
            self.groups.retain(|_, group| {
                let waits = group.not_before.is_some_and(|moment| moment > now);
                group.under_way || waits || !is_shown(group, tables, now)
            });
            let staying = claims.values().filter(|claim| !claim.is_deleting());
            let staying: BTreeSet<String> =
                staying.map(|claim| claim.metadata.name.clone()).collect();
            self.lost_claims |= !self.claims.is_subset(&staying);
            self.seats.forget(|claim| staying.contains(claim));
            self.seats.adopt(tables);
            self.claims = staying;
        });
    }

    /// Whether a claim is gone or going that was there before; asked for once.
    pub(super) fn take_lost_claims(&mut self) -> bool {
        std::mem::take(&mut self.lost_claims)
    }

    /// Whether claims were asked for that the store does not show yet: planning would not see them.
    pub(super) fn expects_claims(&self) -> bool {
        !self.expected.is_empty()
    }

    /// Whether the claim was asked for and is not shown yet.
    pub(super) fn is_expected(&self, claim: &str) -> bool {
        self.expected.contains_key(claim)
    }

    /// A claim is being asked for.
    pub(super) fn expect(&mut self, claim: &str, since: Vec<Instant>, now: Instant) {
        self.expected.insert(claim.to_owned(), now + CLAIM_SHOWN_WITHIN);
        self.since.insert(claim.to_owned(), since);
    }

    /// A claim will not come.
    pub(super) fn forget(&mut self, claim: &str) {
        self.expected.remove(claim);
        self.since.remove(claim);
    }

    /// Whether nothing of the group may be asked for now.
    pub(super) fn is_held(&self, key: &GroupKey, tables: &Tables, now: Instant) -> bool {
        self.groups.get(key).is_some_and(|group| {
            let waits = group.not_before.is_some_and(|moment| moment > now);
            group.under_way || waits || !is_shown(group, tables, now)
        })
    }

    pub(super) fn begin(&mut self, key: &GroupKey) {
        self.groups.entry(key.clone()).or_default().under_way = true;
    }

    /// Takes in how a group ended.
    pub(super) fn end(&mut self, done: Done, now: Instant) {
        let Done { key, failed, wrote } = done;
        let name = format!("{key:?}");
        let group = self.groups.entry(key).or_default();
        group.under_way = false;
        group.failures = if failed { group.failures.saturating_add(1) } else { 0 };
        group.not_before = failed.then(|| now + BACKOFF.wait(group.failures, &name, self.seed));
        group.wrote = wrote;
        group.wrote_at = Some(now);
    }

    /// Requests for all claims that something may be done about, by claim.
    fn claims(
        &mut self,
        tables: &Tables,
        facts: &Facts,
        every: bool,
        now: Timestamp,
    ) -> Vec<(GroupKey, Vec<Request>)> {
        let instant = clock::instant();
        let nodes = nodes_by_provider_id(tables);
        let deleting = tables.node_claims.objects.values().any(|claim| claim.is_deleting());
        let ending = |node: &&Arc<api::Node>| node.metadata.deletion_timestamp.is_some();
        let draining = deleting || tables.nodes.objects.values().any(|node| ending(&node));
        let drains = if draining { self.drains(tables, now) } else { Drains::default() };
        let mut groups = Vec::new();
        for claim in tables.node_claims.objects.values() {
            let key = GroupKey::Claim(claim.metadata.name.clone());
            let provider = claim.status.provider_id.as_deref().unwrap_or_default();
            let own: &[&api::Node] = nodes.get(provider).map_or(&[], Vec::as_slice);
            let at_rest = is_at_rest(claim) && !own.iter().any(|node| is_ending(node));
            if (at_rest && !every) || self.is_held(&key, tables, instant) {
                continue;
            }
            let class_name = claim.spec.node_class_ref.name.as_str();
            let class = tables.class(class_name);
            let machine = |name: &InstanceTypeName| facts.machine(class_name, name);
            let view = ClaimView {
                claim,
                node_class: class.map(Arc::as_ref),
                nodes: own,
                machine: &machine as &dyn Fn(&InstanceTypeName) -> Option<MachineFacts>,
                hold: self.hold,
            };
            let mut requests = self.claim(&view, &drains, tables, now);
            let waiting = tables.pending.keys().filter_map(|key| tables.pods.objects.get(key));
            let told = executor::capacity_notes(claim, &requests, waiting.map(Arc::as_ref));
            requests.extend(told);
            groups.push((key, requests));
        }
        groups
    }

    fn claim(
        &mut self,
        view: &ClaimView<'_>,
        drains: &Drains<'_>,
        tables: &Tables,
        now: Timestamp,
    ) -> Vec<Request> {
        let memory = self.memory.entry(view.claim.metadata.name.clone()).or_default();
        let mut requests = executor::launch(view, memory, now);
        requests.extend(executor::register(view, now));
        requests.extend(executor::initialize(view, now));
        requests.extend(executor::tag(view, memory));
        requests.extend(executor::liveness(view, self.limits, now));
        requests.extend(executor::terminate_claim(view, memory, now));
        for node in view.nodes {
            let name = node.metadata.name.as_str();
            let here = drains.pods.get(name).map_or(&[][..], Vec::as_slice);
            let volumes = awaited_volumes(node, here, tables, now);
            let unreplaced = drains.unreplaced.contains(name);
            let on_node = NodeView { node, pods: here, volumes: &volumes, unreplaced };
            requests.extend(executor::terminate_node(view.claim, &on_node, memory, now));
        }
        self.unavailable.remember(&std::mem::take(&mut memory.launch.refused), clock::instant());
        requests
    }

    /// What drains look at.
    fn drains<'a>(&self, tables: &'a Tables, now: Timestamp) -> Drains<'a> {
        let displaced = displaced::by_node(tables);
        let planned = self.planned_pods(tables, now);
        Drains {
            pods: pods_by_node(tables),
            unreplaced: self.unreplaced(&displaced, &planned, tables),
        }
    }

    /// Nominations of pending pods, each a group of its own.
    fn nominations(&mut self, tables: &Tables) -> Vec<(GroupKey, Vec<Request>)> {
        let planned = self.planned_pods(tables, clock::now());
        let node_of = |claim: &str| {
            let claim = tables.claim(claim)?;
            let node = claim.status.node_name.clone()?;
            tables
                .nodes
                .objects
                .get(&(Box::default(), node.as_str().into()))
                .is_some_and(|there| !executor::is_held(there))
                .then_some(node)
        };
        let pods = tables.pending.keys().filter_map(|key| tables.pods.objects.get(key));
        let requests = executor::place(pods.map(Arc::as_ref), &planned, &node_of);
        let instant = clock::instant();
        let keyed = requests.into_iter().filter_map(|request| match &request {
            Request::Nominate { uid, .. } => Some((GroupKey::Pod(uid.clone()), vec![request])),
            _ => None,
        });
        let keyed: Vec<_> = keyed.filter(|(key, _)| !self.is_held(key, tables, instant)).collect();
        let mut due = Vec::new();
        for (key, requests) in keyed {
            let may = requests.iter().all(|request| match request {
                Request::Nominate { uid, node: Some(node), .. } => {
                    self.may_nominate(uid, node, tables)
                }
                _ => true,
            });
            if may {
                due.push((key, requests));
            }
        }
        due
    }

    /// Where each pod is planned, by UID: where claims promise it a seat, as in lowering, but for seats that
    /// were seen to be taken; a later plan for nodes that are there counts more.
    pub(super) fn planned_pods(&self, tables: &Tables, now: Timestamp) -> BTreeMap<String, Target> {
        let displaced = displaced::by_node(tables);
        let claims = tables.node_claims.objects.values().map(Arc::as_ref);
        let mut planned = BTreeMap::new();
        for (claim, mut pods) in snapshot::promised(claims, &|uid| displaced.contains_key(uid), now)
        {
            let name = &claim.metadata.name;
            pods.retain(|uid| !self.seats.is_lost(name, uid));
            planned.extend(pods.into_iter().map(|uid| (uid, Target::Claim(name.clone()))));
        }
        planned.extend(self.existing.iter().map(|(uid, target)| (uid.clone(), target.clone())));
        planned.extend(self.seats.targets());
        planned
    }
}

impl Driver {
    /// Asks the executor what is next, and has it performed.
    pub(super) fn step(&mut self, every: bool) {
        let now = clock::now();
        let store = Arc::clone(&self.store);
        let (work, facts, nominate) = (&mut self.work, &self.facts, self.nominate);
        let (groups, wave) = store.read(|tables| {
            let mut groups = work.claims(tables, facts, every, now);
            if nominate {
                groups.extend(work.nominations(tables));
            }
            (groups, work.releases(tables, now))
        });
        for (key, requests) in groups {
            self.dispatch(key, requests);
        }
        self.dispatch_wave(wave);
    }

    /// Has Nodes let go about in their order.
    fn dispatch_wave(&mut self, groups: Vec<(GroupKey, Vec<Request>)>) {
        if groups.is_empty() {
            return;
        }
        if matches!(self.gate.role(), Role::Shadow) {
            groups.iter().flat_map(|(_, requests)| requests).for_each(report::log_shadow);
            return;
        }
        for (key, _) in &groups {
            self.work.begin(key);
        }
        let performer = Arc::clone(&self.performer);
        tokio::spawn(run_in_order(performer, groups, self.answers.clone()));
    }

    /// Has requests performed, one after the other, and says what is to be said.
    pub(super) fn dispatch(&mut self, key: GroupKey, requests: Vec<Request>) {
        let (notes, requests): (Vec<_>, Vec<_>) =
            requests.into_iter().partition(|request| matches!(request, Request::Note(_)));
        for note in notes {
            if let Request::Note(note) = note {
                self.recorder.note(&note);
            }
        }
        if requests.is_empty() {
            return;
        }
        if matches!(self.gate.role(), Role::Shadow) {
            requests.iter().for_each(report::log_shadow);
            return;
        }
        for request in &requests {
            if let Request::Cloud(CloudRequest::Launch(launch)) = request
                && let Some(since) = self.work.since.remove(launch.claim.name.as_str())
            {
                let now = clock::instant();
                for came in since {
                    self.metrics.event_to_launch.observe((now - came).as_secs_f64());
                }
            }
        }
        self.work.begin(&key);
        let performer = Arc::clone(&self.performer);
        tokio::spawn(run_group(performer, key, requests, self.answers.clone()));
    }
}

/// Whether there is nothing to do about the claim, whatever the time: steps that wait look again soon.
fn is_at_rest(claim: &api::NodeClaim) -> bool {
    let tagged = claim.metadata.annotations.get(api::names::TAGGED_ANNOTATION);
    claim.is_true(api::names::INITIALIZED)
        && !claim.is_deleting()
        && tagged.is_some_and(|value| value == "true")
}

fn is_ending(node: &api::Node) -> bool {
    node.metadata.deletion_timestamp.is_some()
}

/// Whether the store shows what the group wrote, or that is not waited for any longer.
fn is_shown(group: &Group, tables: &Tables, now: Instant) -> bool {
    let late = group.wrote_at.is_none_or(|at| at + SHOWN_WITHIN <= now);
    late || group.wrote.iter().all(|(target, version)| {
        // What is gone was deleted since.
        version_of(tables, target).is_none_or(|shown| shown >= *version)
    })
}

fn version_of(tables: &Tables, target: &ObjectRef) -> Option<u64> {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let key = (namespace.into(), target.name.as_str().into());
    let metadata = match target.kind {
        Kind::Pod => &tables.pods.objects.get(&key)?.metadata,
        Kind::Node => &tables.nodes.objects.get(&key)?.metadata,
        Kind::NodeClaim => &tables.node_claims.objects.get(&key)?.metadata,
        Kind::NodePool => &tables.node_pools.objects.get(&key)?.metadata,
        Kind::Ec2NodeClass => &tables.node_classes.objects.get(&key)?.metadata,
    };
    metadata.resource_version.as_deref()?.parse().ok()
}

/// Volumes that the end of a Node waits for; none of one that is not ending.
fn awaited_volumes(
    node: &api::Node,
    pods: &[&api::Pod],
    tables: &Tables,
    now: Timestamp,
) -> Vec<String> {
    if !is_ending(node) {
        return Vec::new();
    }
    let attachments = tables.volume_attachments.objects.values().map(Arc::as_ref);
    let here = attachments.filter(|one| one.spec.node_name == node.metadata.name);
    let volume_of = |namespace: &str, claim: &str| {
        let claim = tables.volume_claims.objects.get(&(namespace.into(), claim.into()))?;
        Some(claim.spec.volume_name.clone())
    };
    executor::awaited_volumes(here, pods, &volume_of, now)
}

fn nodes_by_provider_id(tables: &Tables) -> BTreeMap<&str, Vec<&api::Node>> {
    let mut nodes: BTreeMap<&str, Vec<&api::Node>> = BTreeMap::new();
    for node in tables.nodes.objects.values() {
        if let Some(id) = node.spec.provider_id.as_deref().filter(|id| !id.is_empty()) {
            nodes.entry(id).or_default().push(node);
        }
    }
    nodes
}

fn pods_by_node(tables: &Tables) -> BTreeMap<&str, Vec<&api::Pod>> {
    let mut pods: BTreeMap<&str, Vec<&api::Pod>> = BTreeMap::new();
    for pod in tables.pods.objects.values() {
        if let Some(node) = pod.spec.node_name.as_deref().filter(|node| !node.is_empty()) {
            pods.entry(node).or_default().push(pod);
        }
    }
    pods
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_expected_until_its_creation_is_answered_and_a_while_beyond() {
        let store = Store::new();
        let mut work = Work::new(StartLimits::default(), 0, true);
        let start = Instant::now();
        let key = GroupKey::Claim("a".to_owned());
        work.expect("a", Vec::new(), start);
        work.begin(&key);
        let answered = start + Duration::from_mins(1);
        work.see(&store, answered);
        assert!(work.expects_claims(), "nobody has answered yet");
        work.end(Done { key, failed: false, wrote: Vec::new() }, answered);
        for (after, expected) in [(Duration::ZERO, true), (CLAIM_SHOWN_WITHIN, false)] {
            work.see(&store, answered + after);
            assert_eq!(work.expects_claims(), expected, "{after:?} after the answer");
        }
    }
}
