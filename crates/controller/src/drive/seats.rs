//! Seats on Nodes that have come: which waiting pod gets which, and when the Node is let go.
//!
//! A Node that pods are promised is held from its registration on (`executor::hold`). When it is
//! initialized, its seats are given out by a plan for the held Nodes alone: the promised pods first,
//! then pods whose own Nodes are not there yet, until no waiting pod fits. So what the scheduler
//! finds when the Node is let go is what was planned: no room is left that it could give to another pod,
//! and pods run on the Nodes that come first. Room that is left all the same, as a pod lost its seat to
//! another, is given out in the same way while other pods wait. What is remembered may be lost: seats are given out
//! anew for Nodes that are still held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use executor::{Held, HeldNode, Queue, Request, Seat, Seats, Target, Waiting, WaveStep};
use model::Timestamp;
use record::Why;
use tokio::time::Instant;

use super::Driver;
use super::displaced;
use super::provision::on_existing_nodes;
use super::seating::Seated;
use super::steps::Work;
use crate::clock;
use crate::perform::GroupKey;
use crate::planning::{PlanError, Planned};
use crate::records::Made;
use crate::store::Tables;

/// Seconds from a Node's initialization within which room that is left on it is given to pods whose own Node
/// is not there; later on it is for pods that no Node was bought for.
const LEFT_WITHIN: i64 = 120;

/// A held Node that pods may have as soon as it is let go.
#[derive(Clone)]
struct Arrived {
    claim: Arc<api::NodeClaim>,
    node: Arc<api::Node>,
}

impl Driver {
    /// Gives out the seats of Nodes that have come, when it is time.
    pub(super) async fn seat(&mut self, now: Instant) {
        if !self.nominate || !self.gate.may_write() {
            return;
        }
        let arrived = self.store.read(|tables| self.work.arrived(tables));
        if !self.expect_daemons(&arrived, now).await {
            return;
        }
        let step = self.store.read(|tables| self.work.next_wave(tables, &arrived, now));
        let WaveStep::Seat(nodes) = step else { return self.seat_on_what_is_left(now).await };
        let wave: Vec<Arrived> =
            (arrived.into_iter()).filter(|one| nodes.contains(&one.node.metadata.name)).collect();
        let all = self.store.tables();
        let wave = self.work.with_promises(wave, &all);
        let tables = self.work.of_arrived(&all, &wave);
        // Where there is no plan, the Nodes are let go without seats.
        if let Some(planned) = self.plan_seats(&tables, now).await {
            self.records.keep(Why::Seats, Made::Planned(Arc::clone(&planned)));
            self.work.take_seats(&wave, &tables, &planned);
        }
        self.work.seats.waves.seated(nodes, clock::instant().into_std());
    }

    /// Gives pods whose own Nodes are not there the room that is left on Nodes which were let go: the
    /// scheduler would give it to whichever of them it tries next.
    async fn seat_on_what_is_left(&mut self, now: Instant) {
        if !self.work.seats.may_look(now) {
            return;
        }
        let free = self.store.read(|tables| self.work.let_go(tables, clock::now()));
        if free.is_empty() {
            return;
        }
        self.work.seats.looked = Some(now);
        let all = self.store.tables();
        let free = self.work.with_promises(free, &all);
        let tables = self.work.of_arrived(&all, &free);
        let Some(planned) = self.plan_seats(&tables, now).await else { return };
        if !planned.checked.plan().existing.is_empty() {
            self.records.keep(Why::Seats, Made::Planned(Arc::clone(&planned)));
            self.work.take_left(&free, &tables, &planned);
        }
    }

    /// Finds out which `DaemonSet`s will run pods on Nodes that have just come; whether that is known of
    /// all.
    async fn expect_daemons(&mut self, arrived: &[Arrived], now: Instant) -> bool {
        let is_new =
            |one: &&Arrived| !self.work.seats.daemons.contains_key(&one.node.metadata.name);
        let new: Vec<Arrived> = arrived.iter().filter(is_new).cloned().collect();
        if new.is_empty() {
            return true;
        }
        let mut tables = self.store.tables();
        tables.pods.objects.clear();
        let tables = self.work.of_arrived(&tables, &new);
        let circumstances = self.circumstances(now);
        let planner = self.planner.clone();
        let found = tokio::task::spawn_blocking(move || planner.daemons(&tables, &circumstances));
        let found = found.await.expect("lowering does not panic; if it does, so does the process");
        let mut found = match found {
            Ok(found) => found,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                let what = "it is not known which DaemonSets run on new nodes";
                tracing::error!(controller = "placement", error, "{what}");
                return false;
            }
        };
        for one in new {
            let name = one.node.metadata.name.clone();
            let daemons = found.remove(&name).unwrap_or_default();
            self.work.seats.daemons.insert(name, daemons);
        }
        true
    }

    /// Plans the pods of `tables` on its Nodes alone.
    async fn plan_seats(&mut self, tables: &Tables, now: Instant) -> Option<Arc<Planned>> {
        let circumstances = self.circumstances(now);
        let planner = self.planner.clone();
        let tables = tables.clone();
        let planned = tokio::task::spawn_blocking(move || planner.seat(&tables, &circumstances));
        let planned =
            planned.await.expect("planning does not panic; if it does, so does the process");
        match planned {
            Ok(planned) => Some(Arc::new(planned)),
            Err(error) => {
                {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(controller = "placement", error, "no seats are given out");
                }
                if let PlanError::Refused(refused) = error {
                    self.records.keep(Why::Seats, Made::Refused(refused));
                }
                None
            }
        }
    }
}

impl Work {
    /// Nodes that are held and initialized.
    fn arrived(&self, tables: &Tables) -> Vec<Arrived> {
        let claims = tables.node_claims.objects.values();
        let claims =
            claims.filter(|claim| !claim.is_deleting() && claim.is_true(api::names::INITIALIZED));
        let arrived = claims.filter_map(|claim| {
            let name = claim.status.node_name.as_deref()?;
            let node = tables.node(name)?;
            let going = self.seats.going.contains(name) || !executor::is_held(node);
            (!going).then(|| Arrived { claim: Arc::clone(claim), node: Arc::clone(node) })
        });
        arrived.collect()
    }

    /// Nodes that were let go a while ago at most; none where no pod waits for a Node that is still to come.
    fn let_go(&self, tables: &Tables, now: Timestamp) -> Vec<Arrived> {
        let node_of = |claim: &api::NodeClaim| tables.node(claim.status.node_name.as_deref()?);
        let planned = self.planned_pods(tables, now);
        let waits = |uid: &str| match planned.get(uid) {
            Some(Target::Claim(name)) => {
                let node = tables.claim(name).and_then(|claim| node_of(claim));
                node.is_none_or(|node| executor::is_held(node))
            }
            Some(Target::Node(_)) | None => false,
        };
        if !tables.pending.values().any(|pending| waits(&pending.uid)) {
            return Vec::new();
        }
        let claims = tables.node_claims.objects.values().filter(|claim| {
            let since = executor::initialized_since(claim);
            let is_new = since.is_some_and(|since| now.0 <= since.0.saturating_add(LEFT_WITHIN));
            is_new && !claim.is_deleting()
        });
        let free = claims.filter_map(|claim| {
            let node = node_of(claim).filter(|node| !node.spec.unschedulable)?;
            Some(Arrived { claim: Arc::clone(claim), node: Arc::clone(node) })
        });
        free.collect()
    }

    /// Takes in what a plan for Nodes that were let go says.
    fn take_left(&mut self, free: &[Arrived], tables: &Tables, planned: &Planned) {
        let mut by_node = by_node(planned, tables);
        for Arrived { claim, node } in free {
            let node = &node.metadata.name;
            if let Some(pods) = by_node.remove(node) {
                let others = pods.len();
                tracing::info!(
                    controller = "placement",
                    node,
                    others,
                    "gives out room that is left"
                );
                self.seats.give_more(&claim.metadata.name, node, pods);
            }
        }
    }

    /// What is next for the Nodes that have come.
    fn next_wave(&mut self, tables: &Tables, arrived: &[Arrived], now: Instant) -> WaveStep {
        let held = tables.nodes.objects.values().filter(|node| executor::is_held(node));
        let held: BTreeSet<&str> = held.map(|node| node.metadata.name.as_str()).collect();
        self.seats.daemons.retain(|node, _| held.contains(node.as_str()));
        self.seats.going.retain(|node| held.contains(node.as_str()));
        self.seats.meet_daemons(tables);
        let waiting = if arrived.is_empty() { BTreeMap::new() } else { waiting(tables) };
        let nodes = arrived.iter().map(|one| one.node.metadata.name.as_str());
        let nodes: Vec<HeldNode<'_>> = nodes
            .map(|name| HeldNode {
                name,
                missing_daemons: self.seats.daemons.get(name).map_or(0, BTreeSet::len),
                open_seats: self.seats.open_seats(name, &waiting),
            })
            .collect();
        let mut claims = tables.node_claims.objects.values();
        let queue = Queue {
            trials: tables.trials,
            pods: tables.pending.len(),
            coming: !nodes.is_empty() && claims.any(|claim| is_coming(claim)),
        };
        let step = self.seats.waves.step(&nodes, &queue, now.into_std());
        self.seats.due = None;
        match &step {
            WaveStep::Wait(due) => self.seats.due = due.map(Instant::from_std),
            WaveStep::Seat(_) => {}
            WaveStep::LetGo(nodes) => self.seats.going.extend(nodes.iter().cloned()),
        }
        step
    }

    /// Claims with the pods that are planned on them now in place of those that they were bought for.
    fn with_promises(&self, mut arrived: Vec<Arrived>, tables: &Tables) -> Vec<Arrived> {
        let mut planned: BTreeMap<Target, Vec<String>> = BTreeMap::new();
        for (uid, target) in self.planned_pods(tables, clock::now()) {
            planned.entry(target).or_default().push(uid);
        }
        for one in &mut arrived {
            let of_claim = planned.remove(&Target::Claim(one.claim.metadata.name.clone()));
            let of_node = planned.remove(&Target::Node(one.node.metadata.name.clone()));
            let pods: Vec<String> = of_claim.into_iter().chain(of_node).flatten().collect();
            one.claim = Arc::new(executor::with_planned_pods(&one.claim, &pods));
        }
        arrived
    }

    /// What counts for the seats of Nodes that have come: these, what is on them, and the pods that
    /// wait and are not planned on another Node that is there.
    fn of_arrived(&self, all: &Tables, arrived: &[Arrived]) -> Tables {
        let mut tables = all.clone();
        let nodes: BTreeSet<&str> =
            arrived.iter().map(|one| one.node.metadata.name.as_str()).collect();
        let planned = self.planned_pods(all, clock::now());
        let has_seat = |uid: &str| match planned.get(uid) {
            Some(Target::Node(node)) => !nodes.contains(node.as_str()),
            Some(Target::Claim(_)) | None => false,
        };
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
        let mut by_node = by_node(planned, tables);
        let waiting = waiting(tables);
        let given = arrived.iter().map(|Arrived { claim, node }| {
            let node = node.metadata.name.as_str();
            let others = by_node.remove(node).unwrap_or_default();
            let mut own = claim.planned_pods();
            own.retain(|uid| waiting.contains_key(uid.as_str()));
            let (count, more) = (own.len(), others.len());
            tracing::info!(
                controller = "placement",
                node,
                own = count,
                others = more,
                "gives out the seats of a node"
            );
            (node, others.into_iter().chain(own).collect::<BTreeSet<String>>())
        });
        let given: Vec<_> = given.collect();
        let alike = executor::alike(waiting.values().copied());
        let seats = given.iter().flat_map(|(node, pods)| {
            pods.iter().map(|uid| Seat { uid, node, alike: alike.get(uid.as_str()).copied() })
        });
        let seats: Vec<_> = seats.collect();
        let mut pods: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (uid, node) in executor::in_turn(&seats, &turns(tables)) {
            pods.entry(node).or_default().insert(uid.to_owned());
        }
        for Arrived { claim, node } in arrived {
            let node = &node.metadata.name;
            let pods = pods.remove(node.as_str()).unwrap_or_default();
            let seated = Seated { node: node.clone(), pods, after: BTreeMap::new() };
            self.seats.give(&claim.metadata.name, seated);
        }
    }

    /// Has Nodes let go whose time has come, those first whose pods the scheduler tries first: when it sees the first
    /// Node let go, it tries all pods that wait, one after another.
    pub(super) fn releases(
        &self,
        tables: &Tables,
        now: Timestamp,
    ) -> Vec<(GroupKey, Vec<Request>)> {
        let instant = clock::instant();
        let claims = tables.node_claims.objects.values();
        let held = claims.filter_map(|claim| {
            let node = tables.node(claim.status.node_name.as_deref()?)?;
            executor::is_held(node).then_some((claim, node))
        });
        let held: BTreeMap<&str, _> =
            held.map(|(claim, node)| (&*claim.metadata.name, (claim, node))).collect();
        let order = self.release_order(tables, held.values().map(|(claim, _)| *claim));
        let held = order.into_iter().filter_map(|claim| held.get(claim).copied());
        let groups = held.filter_map(|(claim, node)| {
            let key = GroupKey::Claim(claim.metadata.name.clone());
            if self.is_held(&key, tables, instant) {
                return None;
            }
            let name = node.metadata.name.as_str();
            // Nobody gives out seats where pods are not nominated.
            let reserved = self.seats.going.contains(name) || !self.hold;
            let seats = if reserved { Seats::Reserved } else { Seats::Open };
            let requests = executor::release(claim, node, seats, now);
            if requests.is_empty() {
                return None;
            }
            tracing::info!(controller = "placement", node = name, reserved, "lets a node go");
            Some((key, requests))
        });
        groups.collect()
    }

    fn release_order<'a>(
        &self,
        tables: &Tables,
        claims: impl ExactSizeIterator<Item = &'a Arc<api::NodeClaim>>,
    ) -> Vec<&'a str> {
        let turns = if claims.len() > 1 { turns(tables) } else { BTreeMap::new() };
        let held = claims.map(|claim| {
            let labels = &claim.metadata.labels;
            let pool = labels.get(model::well_known::NODE_POOL).map_or("", String::as_str);
            let claim = claim.metadata.name.as_str();
            Held { turn: self.seats.first_turn(claim, &turns), claim, pool }
        });
        executor::release_order(&held.collect::<Vec<_>>())
    }

    /// Whether a nomination is to be written now: for a Node that is held, when it is let go next; for one
    /// that was let go, when it is of use.
    pub(super) fn may_nominate(&mut self, uid: &str, node: &str, tables: &Tables) -> bool {
        let Some(there) = tables.node(node) else { return true };
        if !executor::is_held(there) {
            return self.seats.is_worth(uid, there, tables);
        }
        self.seats.waves.is_open(node) || self.seats.going.contains(node)
    }

    /// When Nodes are let go, or seats are given out, though nothing changes.
    pub(super) fn release_due(&self) -> Option<Instant> {
        self.seats.due
    }
}

/// Pods that wait, by UID.
fn waiting(tables: &Tables) -> BTreeMap<&str, &api::Pod> {
    let pods = tables.pending.iter().filter_map(|(key, pending)| {
        let pod = tables.pods.objects.get(key)?;
        Some((&*pending.uid, Arc::as_ref(pod)))
    });
    pods.collect()
}

/// The turns of the pods that wait, by UID.
fn turns(tables: &Tables) -> BTreeMap<&str, usize> {
    executor::turns(tables.pending.iter().filter_map(|(key, pending)| {
        let pod = tables.pods.objects.get(key)?;
        Some(Waiting {
            uid: &pending.uid,
            priority: pod.spec.priority.unwrap_or(0),
            created: pod.metadata.creation_timestamp.as_deref().unwrap_or_default(),
            first: pending.first,
            tried: pending.tried,
        })
    }))
}

/// UIDs of the pods that the plan puts on each Node that is there.
fn by_node(planned: &Planned, tables: &Tables) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_node: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (uid, target) in on_existing_nodes(planned, tables) {
        if let Target::Node(node) = target {
            by_node.entry(node).or_default().insert(uid);
        }
    }
    by_node
}

/// Whether the claim has a machine whose Node will take pods that are promised it.
fn is_coming(claim: &api::NodeClaim) -> bool {
    let starting = claim.is_true(api::names::LAUNCHED) && !claim.is_true(api::names::INITIALIZED);
    starting && !claim.is_deleting() && !claim.planned_pods().is_empty()
}
