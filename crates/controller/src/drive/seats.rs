//! Seats on Nodes that have come: which waiting pod gets which, and when the Node is let go.
//!
//! A Node that pods are promised is held from its registration on (`executor::hold`). When it is
//! initialized, its seats are given out by a plan for the held Nodes alone: the promised pods first,
//! then pods whose own Nodes are not there yet, until no waiting pod fits. So what the scheduler
//! finds when the Node is let go is what was planned: no room is left that it could give to another pod,
//! and pods run on the Nodes that come first. What is remembered may be lost: seats are given out
//! anew for Nodes that are still held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use executor::{Request, Seats, Target};
use model::Timestamp;
use record::Why;
use tokio::time::Instant;

use super::Driver;
use super::displaced;
use super::provision::on_existing_nodes;
use super::steps::Work;
use crate::clock;
use crate::perform::GroupKey;
use crate::planning::{PlanError, Planned};
use crate::records::Made;
use crate::store::Tables;

/// From the moment at which all seats of a Node are seen to be nominated until it is let go: the scheduler
/// watches pods and Nodes apart, and must not see the Node free before it sees the seats taken.
const SEEN_WITHIN: Duration = Duration::from_millis(500);

/// After the scheduler was last seen to try a pod it is taken to be idle: while it works its queue off, a
/// pod comes within some tens of milliseconds, each with a write. Each trial of a pod whose Node is held
/// fails and takes its nomination away, so nominations and releases wait for this.
const QUIET: Duration = Duration::from_millis(400);
/// From the moment at which seats are given out until nothing waits for an idle scheduler any more.
const PATIENCE: Duration = Duration::from_secs(30);
/// A Node whose seats are reserved waits so long for others, so that they are let go together: each that
/// is let go has the scheduler try all pods that wait.
const TOGETHER: Duration = Duration::from_secs(2);
/// Nominations for one seat after its Node was let go. The first may be taken away by a trial that
/// began before; when a later one is, the room is gone.
const AFTER_RELEASE_MAX: u32 = 2;

/// The scheduler is not idle for so long after a Node was let go, seen or not: it has pods to try. Nor is
/// another let go meanwhile, idle or not: what both hold would be tried between the two.
const BUSY_AFTER: Duration = Duration::from_secs(1);

/// Seats given out.
#[derive(Debug, Default)]
pub(super) struct Seating {
    /// When a Node was last let go.
    let_go: Option<Instant>,
    /// By claim.
    seated: BTreeMap<String, Seated>,
    /// Pods whose seats were taken by others, by claim, as UIDs.
    lost: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug)]
struct Seated {
    node: String,
    /// UIDs.
    pods: BTreeSet<String>,
    /// DaemonSets whose pods the Node waits for, as `namespace/name`: they are nominated to nothing, so
    /// that their room is safe only once they are there.
    daemons: BTreeSet<String>,
    given: Instant,
    /// Since when all of this is so.
    reserved: Option<Instant>,
    /// How often pods were nominated after the Node was let go, by UID.
    after: BTreeMap<String, u32>,
}

/// A held Node that pods may have as soon as it is let go.
struct Arrived {
    /// With the pods that are planned on it now in place of those that it was bought for.
    claim: Arc<api::NodeClaim>,
    node: Arc<api::Node>,
}

impl Seating {
    /// Forgets claims that are not `kept`.
    pub(super) fn forget(&mut self, kept: impl Fn(&str) -> bool) {
        self.seated.retain(|claim, _| kept(claim));
        self.lost.retain(|claim, _| kept(claim));
    }

    /// Whether the pod's seat on the claim's Node was taken by others.
    pub(super) fn is_lost(&self, claim: &str, uid: &str) -> bool {
        self.lost.get(claim).is_some_and(|lost| lost.contains(uid))
    }

    /// Claims as they are without promises that others made void.
    pub(super) fn without_lost(&self, tables: &mut Tables) {
        for (claim, lost) in &self.lost {
            let key = (Box::default(), claim.as_str().into());
            if let Some(claim) = tables.node_claims.objects.get_mut(&key) {
                let mut pods = claim.planned_pods();
                pods.retain(|uid| !lost.contains(uid));
                *claim = Arc::new(executor::with_planned_pods(claim, &pods));
            }
        }
    }

    /// From when on the scheduler is taken to have nothing to do, as far as is known.
    fn idle_from(&self, tables: &Tables) -> Option<Instant> {
        let tried = tables.tried.map(|tried| tried + QUIET);
        tried.max(self.let_go.map(|at| at + BUSY_AFTER))
    }

    /// Whether the scheduler has had time to see the Nodes that were let go last.
    fn is_settled(&self, now: Instant) -> bool {
        self.let_go.is_none_or(|at| at + BUSY_AFTER <= now)
    }

    fn is_idle(&self, tables: &Tables, now: Instant) -> bool {
        self.idle_from(tables).is_none_or(|from| from <= now)
    }

    /// A nomination for a Node that is not held is about to be written; whether it is of use.
    pub(super) fn is_worth(&mut self, uid: &str, node: &str) -> bool {
        let mut seated = self.seated.iter_mut();
        let Some((claim, seated)) = seated.find(|(_, one)| one.node == node) else { return true };
        if !seated.pods.contains(uid) {
            return true;
        }
        let count = seated.after.entry(uid.to_owned()).or_default();
        *count += 1;
        if *count <= AFTER_RELEASE_MAX {
            return true;
        }
        tracing::info!(controller = "placement", node, uid, "a seat was taken by another pod");
        seated.pods.remove(uid);
        self.lost.entry(claim.clone()).or_default().insert(uid.to_owned());
        false
    }

    /// Where pods have a seat, by UID.
    pub(super) fn targets(&self) -> impl Iterator<Item = (String, Target)> + '_ {
        self.seated.values().flat_map(|seated| {
            let target = Target::Node(seated.node.clone());
            seated.pods.iter().map(move |uid| (uid.clone(), target.clone()))
        })
    }

    /// Ceases to wait for pods of DaemonSets that are on the held Nodes.
    fn meet_daemons(&mut self, tables: &Tables, held: &BTreeMap<&str, &Arc<api::Node>>) {
        let mut missing: BTreeMap<String, &mut BTreeSet<String>> = (self.seated.values_mut())
            .filter(|seated| !seated.daemons.is_empty() && held.contains_key(&*seated.node))
            .map(|seated| (seated.node.clone(), &mut seated.daemons))
            .collect();
        if missing.is_empty() {
            return;
        }
        for ((namespace, _), pod) in &tables.pods.objects {
            let node = pod.spec.node_name.as_deref().unwrap_or_default();
            let owner = pod.metadata.controller().filter(|owner| &*owner.kind == "DaemonSet");
            if let (Some(missing), Some(owner)) = (missing.get_mut(node), owner) {
                missing.remove(&format!("{namespace}/{}", owner.name));
            }
        }
    }

    /// Whether the seats of all held Nodes are reserved that were given out.
    fn are_all_reserved(&self, held: &BTreeMap<&str, &Arc<api::Node>>) -> bool {
        let mut seated = self.seated.values().filter(|one| held.contains_key(&*one.node));
        seated.all(|one| one.reserved.is_some())
    }

    /// A pod has one seat, the last that it was given.
    fn give(&mut self, claim: &str, seated: Seated) {
        for other in self.seated.values_mut() {
            other.pods.retain(|uid| !seated.pods.contains(uid));
        }
        self.seated.insert(claim.to_owned(), seated);
    }
}

impl Driver {
    /// Gives out the seats of Nodes that have come.
    pub(super) async fn seat(&mut self, now: Instant) {
        if !self.nominate || !self.gate.may_write() {
            return;
        }
        let arrived = self.store.read(|tables| self.work.arrived(tables));
        if arrived.is_empty() {
            return;
        }
        let all = self.store.tables();
        let tables = self.work.of_arrived(&all, &arrived);
        let circumstances = self.circumstances(now);
        let planner = self.planner.clone();
        let for_plan = tables.clone();
        let planned = tokio::task::spawn_blocking(move || planner.seat(&for_plan, &circumstances));
        let planned = match planned
            .await
            .expect("planning does not panic; if it does, so does the process")
        {
            Ok(planned) => Arc::new(planned),
            Err(error) => {
                // The Nodes are let go when their time is up.
                {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(controller = "placement", error, "no seats are given out");
                }
                if let PlanError::Refused(refused) = error {
                    self.records.keep(Why::Seats, Made::Refused(refused));
                }
                return;
            }
        };
        self.records.keep(Why::Seats, Made::Planned(Arc::clone(&planned)));
        self.work.take_seats(&arrived, &tables, &planned);
    }
}

impl Work {
    /// Held Nodes, initialized, whose seats are not given out.
    fn arrived(&self, tables: &Tables) -> Vec<Arrived> {
        let claims = tables.node_claims.objects.values();
        let mut arrived: Vec<Arrived> = claims
            .filter(|claim| !claim.is_deleting() && claim.is_true(api::names::INITIALIZED))
            .filter(|claim| !self.seats.seated.contains_key(&claim.metadata.name))
            .filter_map(|claim| {
                let name = claim.status.node_name.as_deref()?;
                let node = tables.nodes.objects.get(&(Box::default(), name.into()))?;
                let arrived = Arrived { claim: Arc::clone(claim), node: Arc::clone(node) };
                executor::is_held(node).then_some(arrived)
            })
            .collect();
        if !arrived.is_empty() {
            let mut planned: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (uid, target) in self.planned_pods(tables, clock::now()) {
                if let Target::Claim(claim) = target {
                    planned.entry(claim).or_default().push(uid);
                }
            }
            for one in &mut arrived {
                let pods = planned.remove(&one.claim.metadata.name).unwrap_or_default();
                one.claim = Arc::new(executor::with_planned_pods(&one.claim, &pods));
            }
        }
        arrived
    }

    /// What counts for the seats of Nodes that have come: these, what is on them, and the pods that
    /// wait and neither have a seat yet nor are planned on a Node that is there.
    fn of_arrived(&self, all: &Tables, arrived: &[Arrived]) -> Tables {
        let mut tables = all.clone();
        let nodes: BTreeSet<&str> =
            arrived.iter().map(|one| one.node.metadata.name.as_str()).collect();
        let planned = self.planned_pods(all, clock::now());
        let has_seat = |uid: &str| matches!(planned.get(uid), Some(Target::Node(_)));
        tables.nodes.objects.retain(|(_, name), _| nodes.contains(&**name));
        tables.node_claims.objects = arrived
            .iter()
            .map(|one| {
                let name = one.claim.metadata.name.as_str();
                ((Box::default(), name.into()), Arc::clone(&one.claim))
            })
            .collect();
        tables.pods.objects.retain(|key, pod| {
            let bound = pod.spec.node_name.as_deref().filter(|node| !node.is_empty());
            let nominated = pod.status.nominated_node_name.as_deref();
            match (bound, nominated.filter(|node| !node.is_empty())) {
                (Some(node), _) | (None, Some(node)) => nodes.contains(node),
                (None, None) => all.pending.get(key).is_some_and(|pending| !has_seat(&pending.uid)),
            }
        });
        // Seats of pods that still run on nodes which are going are as good as taken.
        for (key, pod) in displaced::seated(all, &planned) {
            if pod.spec.node_name.as_deref().is_some_and(|node| nodes.contains(node)) {
                tables.pods.objects.insert(key, Arc::new(pod));
            }
        }
        tables
    }

    /// Takes in what a plan for Nodes that have come says.
    fn take_seats(&mut self, arrived: &[Arrived], tables: &Tables, planned: &Planned) {
        let mut by_node: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (uid, target) in on_existing_nodes(planned, tables) {
            if let Target::Node(node) = target {
                by_node.entry(node).or_default().insert(uid);
            }
        }
        let waiting: BTreeSet<&str> = tables
            .pods
            .objects
            .iter()
            .filter(|(key, _)| tables.pending.contains_key(*key))
            .filter_map(|(_, pod)| pod.metadata.uid.as_deref())
            .collect();
        for Arrived { claim, node } in arrived {
            let (claim_name, node) = (&claim.metadata.name, &node.metadata.name);
            let mut pods = by_node.remove(node).unwrap_or_default();
            let others = pods.len();
            let own = claim.planned_pods().into_iter();
            pods.extend(own.filter(|uid| waiting.contains(uid.as_str())));
            let own = pods.len() - others;
            tracing::info!(
                controller = "placement",
                node,
                own,
                others,
                "gives out the seats of a node"
            );
            let daemons = expected_daemons(planned, node);
            let (node, given, after) = (node.clone(), clock::instant(), BTreeMap::new());
            let seated = Seated { node, pods, daemons, given, reserved: None, after };
            self.seats.give(claim_name, seated);
        }
    }

    /// Nodes that are let go.
    pub(super) fn releases(
        &mut self,
        tables: &Tables,
        now: Timestamp,
    ) -> Vec<(GroupKey, Vec<Request>)> {
        let held = tables.nodes.objects.values().filter(|node| executor::is_held(node));
        let held: BTreeMap<&str, &Arc<api::Node>> =
            held.map(|node| (node.metadata.name.as_str(), node)).collect();
        if held.is_empty() {
            return Vec::new();
        }
        let mut waiting: BTreeMap<&str, &api::Pod> = BTreeMap::new();
        for (key, pending) in &tables.pending {
            if let Some(pod) = tables.pods.objects.get(key) {
                waiting.insert(&pending.uid, pod);
            }
        }
        let instant = clock::instant();
        self.seats.meet_daemons(tables, &held);
        for seated in self.seats.seated.values_mut().filter(|one| held.contains_key(&*one.node)) {
            seated.look(&waiting, instant);
        }
        let idle = self.seats.is_idle(tables, instant);
        let all = self.seats.are_all_reserved(&held);
        let settled = self.seats.is_settled(instant);
        let mut groups = Vec::new();
        for claim in tables.node_claims.objects.values() {
            let name = &claim.metadata.name;
            let node = claim.status.node_name.as_deref().and_then(|node| held.get(node));
            let key = GroupKey::Claim(name.clone());
            let Some(node) = node.filter(|_| !self.is_held(&key, tables, instant)) else {
                continue;
            };
            let seated = self.seats.seated.get(name);
            let missing_daemons = seated.map(|seated| seated.daemons.len());
            let seats = match seated {
                Some(seated) if settled && seated.may_go(idle, all, instant) => Seats::Reserved,
                Some(_) => Seats::Open,
                None if self.hold => Seats::Open,
                // Nobody gives out seats where pods are not nominated.
                None => Seats::Reserved,
            };
            let requests = executor::release(claim, node, seats, now);
            if !requests.is_empty() {
                tracing::info!(
                    controller = "placement",
                    node = node.metadata.name,
                    reserved = seats == Seats::Reserved,
                    idle,
                    missing_daemons,
                    "lets a node go"
                );
                self.seats.let_go = Some(instant);
            }
            groups.push((key, requests));
        }
        groups
    }

    /// Whether a nomination is to be written now: for a Node that is held, when it may stay; for one that
    /// was let go, when it is of use.
    pub(super) fn may_nominate(&mut self, uid: &str, node: &str, tables: &Tables) -> bool {
        let there = tables.nodes.objects.get(&(Box::default(), node.into()));
        if !there.is_some_and(|there| executor::is_held(there)) {
            return self.seats.is_worth(uid, node);
        }
        let now = clock::instant();
        let given = self.seats.seated.values().find(|seated| seated.node == node);
        self.seats.is_idle(tables, now) || given.is_some_and(|seated| seated.is_impatient(now))
    }

    /// When a Node is let go, or its seats are nominated, though nothing changes.
    pub(super) fn release_due(&self, tables: &Tables, now: Instant) -> Option<Instant> {
        let idle = self.seats.idle_from(tables);
        let seated = self.seats.seated.values().filter(|seated| {
            let node = tables.nodes.objects.get(&(Box::default(), seated.node.as_str().into()));
            node.is_some_and(|node| executor::is_held(node))
        });
        let due = seated.flat_map(|seated| {
            let seen = seated.reserved.map(|at| at + SEEN_WITHIN);
            let together = seated.reserved.map(|at| at + TOGETHER);
            [idle, seen, together, Some(seated.given + PATIENCE)]
        });
        let settled = self.seats.let_go.map(|at| at + BUSY_AFTER);
        due.chain([settled]).flatten().filter(|due| *due > now).min()
    }
}

/// DaemonSets that will run a pod on the Node.
fn expected_daemons(planned: &Planned, node: &str) -> BTreeSet<String> {
    let snapshot = &planned.lowered.snapshot;
    let node = snapshot.nodes.iter().find(|one| one.name.as_str() == node);
    let sets = node.into_iter().flat_map(|node| {
        snapshot::expected_daemons(node, &snapshot.daemon_sets).map(|set| set.name.to_string())
    });
    sets.collect()
}

impl Seated {
    /// Notes whether every pod with a seat is nominated for it, or by somebody else, or does not wait any
    /// more, and since when.
    fn look(&mut self, waiting: &BTreeMap<&str, &api::Pod>, now: Instant) {
        let open = self.pods.iter().any(|uid| {
            let Some(pod) = waiting.get(uid.as_str()) else { return false };
            let nominated = pod.status.nominated_node_name.as_deref().unwrap_or_default();
            let others =
                !nominated.is_empty() && pod.nominated_by(api::names::FIELD_MANAGER).is_none();
            nominated != self.node && !others
        });
        if open || !self.daemons.is_empty() {
            self.reserved = None;
        } else {
            self.reserved.get_or_insert(now);
        }
    }

    fn is_impatient(&self, now: Instant) -> bool {
        self.given + PATIENCE <= now
    }

    /// Whether the Node may be let go: its seats are reserved, which the scheduler has seen; and it is
    /// `idle`, with `all` others as far, as long as there is patience.
    fn may_go(&self, idle: bool, all: bool, now: Instant) -> bool {
        let Some(reserved) = self.reserved else { return false };
        let seen = reserved + SEEN_WITHIN <= now;
        let timely = idle && (all || reserved + TOGETHER <= now);
        seen && (timely || self.is_impatient(now))
    }
}
