//! Moves carried out: nodes that go together once what is launched for them is ready.
//!
//! In: the store, moves that `planning` found and the checker accepted. Out: marks on nodes, claims of
//! what is launched, checks of what has begun, deletions. What is next is said by `executor::carry`; which
//! moves are under way is read from the claims, so that a restart carries them on or takes them back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ::disruption::{Answer as Fate, Kept, Rotation};
use executor::{ClaimSource, MoveRecord, MoveView, OfClaim, Request, Stage};
use model::fleet::{Cluster, Reason};
use model::{InstanceTypeName, NodeName, OfferingIndex, PodIndex, Timestamp};
use tokio::time::Instant;

use super::Driver;
use super::disruption::word;
use super::provision::{hashes, names};
use crate::clock;
use crate::leader::Role;
use crate::metrics::Decided;
use crate::perform::{Answer, GroupKey};
use crate::planning::{Launches, Looked, MoveNodes, Moves, MovesError, NotHeld, UnderWay};
use crate::store::Tables;

/// Between two searches, as Karpenter's poll.
const SEARCH_EVERY: Duration = Duration::from_secs(10);
/// Moves are searched for this often even if nothing changed, as Karpenter.
const SEARCH_ANYWAY: Duration = Duration::from_mins(5);

/// Moves under way, and the last search for others.
#[derive(Debug, Default)]
pub(super) struct Moving {
    active: BTreeMap<String, Active>,
    rotation: Rotation,
    searching: bool,
    searched_at: Option<Instant>,
    /// The version of the store that was searched last.
    searched: Option<u64>,
    /// When to search again at the latest.
    again: Option<Timestamp>,
}

/// A move under way.
#[derive(Debug)]
struct Active {
    record: MoveRecord,
    /// What is still to be asked for, of a move that this process began.
    creates: Option<Vec<Request>>,
    checking: bool,
    given_up: bool,
}

impl Moving {
    /// What is under way, but for the move of id `without`.
    pub(super) fn under_way(&self, without: &str) -> UnderWay {
        let mut under_way = UnderWay::default();
        for (_, active) in self.active.iter().filter(|(id, _)| *id != without) {
            under_way.going.extend(active.record.claims.iter().cloned());
            under_way.wanted.extend(active.record.launched.iter().cloned());
            under_way.wanted.extend(active.record.takes.iter().cloned());
        }
        under_way
    }

    /// Takes in the records that claims carry, and forgets moves of which nothing is left.
    fn read(&mut self, tables: &Tables) {
        for record in tables.node_claims.objects.values().filter_map(|claim| MoveRecord::of(claim))
        {
            self.active.entry(record.id.clone()).or_insert_with(|| Active {
                record,
                creates: None,
                checking: false,
                given_up: false,
            });
        }
        let there = |name: &String| claim_of(tables, name).is_some();
        self.active.retain(|_, active| active.record.claims.iter().any(there));
    }
}

impl Driver {
    /// Carries on what is under way, and looks for more.
    pub(super) fn move_nodes(&mut self) {
        let (tables, now) = (self.store.tables(), clock::now());
        self.moving.read(&tables);
        self.heal(&tables);
        let ids: Vec<String> = self.moving.active.keys().cloned().collect();
        for id in ids {
            self.carry(&id, &tables, now);
        }
        self.search(tables, now);
    }

    /// Takes marks off that no move stands behind.
    fn heal(&mut self, tables: &Tables) {
        let going = self.moving.under_way("").going;
        let claims = tables.node_claims.objects.values();
        let healed: Vec<OfClaim> = claims
            .filter(|claim| !going.contains(&claim.metadata.name))
            .map(|claim| {
                let requests = executor::heal(claim, node_of(tables, claim));
                (claim.metadata.name.clone(), requests)
            })
            .collect();
        self.ask(healed, tables);
    }

    fn ask(&mut self, groups: Vec<OfClaim>, tables: &Tables) {
        let now = clock::instant();
        for (claim, requests) in groups {
            let key = GroupKey::Claim(claim);
            if !requests.is_empty() && !self.work.is_held(&key, tables, now) {
                self.dispatch(key, requests);
            }
        }
    }

    fn carry(&mut self, id: &str, tables: &Tables, now: Timestamp) {
        let Some(active) = self.moving.active.get(id) else { return };
        let instant = clock::instant();
        let held =
            |claim: &String| self.work.is_held(&GroupKey::Claim(claim.clone()), tables, instant);
        if active.checking || active.record.claims.iter().any(held) {
            return;
        }
        let view = self.view(active, tables);
        match executor::carry(&view, now) {
            Stage::Mark(groups) => self.ask(groups, tables),
            Stage::Launch => self.launch(id, instant),
            Stage::Wait(notes) => {
                for note in notes {
                    if let Request::Note(note) = note {
                        self.recorder.note(&note);
                    }
                }
            }
            Stage::Check if self.is_unsettled(tables) => {}
            Stage::Check => self.check(id, tables.clone()),
            Stage::Over => {}
            Stage::GiveUp(why, groups) => self.give_up(id, &why, groups, tables),
        }
    }

    fn view<'a>(&self, active: &'a Active, tables: &'a Tables) -> MoveView<'a> {
        let record = &active.record;
        let going = |name: &String| {
            let claim = claim_of(tables, name);
            let node = claim.and_then(|claim| node_of(tables, claim));
            executor::Going { claim, node }
        };
        let launched = |name: &String| {
            let claim = claim_of(tables, name);
            let node = claim.and_then(|claim| node_of(tables, claim));
            executor::Launched { claim, node, expected: self.work.is_expected(name) }
        };
        MoveView {
            record,
            going: record.claims.iter().map(going).collect(),
            launched: record.launched.iter().map(launched).collect(),
            beginning: active.creates.is_some(),
        }
    }

    /// Asks for what the move launches.
    fn launch(&mut self, id: &str, now: Instant) {
        let Some(active) = self.moving.active.get_mut(id) else { return };
        for request in active.creates.take().unwrap_or_default() {
            if let Request::Create { target, .. } = &request {
                let name = target.name.clone();
                self.work.expect(&name, Vec::new(), now);
                self.dispatch(GroupKey::Claim(name), vec![request]);
            }
        }
    }

    /// Has the move checked against how things are now.
    fn check(&mut self, id: &str, tables: Tables) {
        let under_way = self.under_way(&tables, id);
        let circumstances = self.circumstances(clock::instant());
        let Some(active) = self.moving.active.get_mut(id) else { return };
        active.checking = true;
        let (planner, answers) = (self.planner.clone(), self.answers.clone());
        let (record, id) = (active.record.clone(), id.to_owned());
        tokio::task::spawn_blocking(move || {
            let staying = record.claims.iter().filter_map(|name| claim_of(&tables, name));
            let staying = staying.filter(|claim| !claim.is_deleting());
            let removed: Vec<String> = staying.filter_map(|c| c.status.node_name.clone()).collect();
            let held = planner.holds(&tables, &circumstances, &under_way, (&record, &removed));
            drop(answers.send(Answer::Held(id, Box::new(held))));
        });
    }

    /// Deletes what goes where the move still holds, else takes it back.
    pub(super) fn heard_held(&mut self, id: &str, held: Result<(), NotHeld>) {
        let tables = self.store.tables();
        let Some(active) = self.moving.active.get_mut(id) else { return };
        active.checking = false;
        let decided = decided(&active.record);
        let active = &self.moving.active[id];
        let view = self.view(active, &tables);
        if let Err(why) = held {
            let groups = executor::give_up(&view);
            self.metrics.voluntary.failed_validations.get_or_create(&decided).inc();
            self.give_up(id, &why.to_string(), groups, &tables);
            return;
        }
        let reason = Reason::parse(&active.record.reason).unwrap_or(Reason::Underutilized);
        let groups = executor::finish(&view, word(reason));
        for (claim, _) in &groups {
            self.tell_terminating(claim, reason, decided.decision, &tables);
        }
        self.ask(groups, &tables);
    }

    fn give_up(&mut self, id: &str, why: &str, groups: Vec<OfClaim>, tables: &Tables) {
        let Some(active) = self.moving.active.get_mut(id) else { return };
        active.creates = None;
        let claims = active.record.claims.clone();
        if !std::mem::replace(&mut active.given_up, true) {
            let decided = decided(&active.record);
            self.metrics.voluntary.queue_failures.get_or_create(&decided).inc();
            tracing::warn!(controller = "disruption", move_id = id, why, "a move was taken back");
            for claim in &claims {
                let message = format!("Disruption was taken back: {why}");
                self.tell_claim(claim, "DisruptionBlocked", &message, tables);
            }
        }
        if groups.iter().all(|(_, requests)| requests.is_empty()) {
            self.moving.active.remove(id);
        } else {
            self.ask(groups, tables);
        }
    }

    /// What is under way, with what pods that wait will run on.
    fn under_way(&self, tables: &Tables, without: &str) -> UnderWay {
        let mut under_way = self.moving.under_way(without);
        under_way.wanted.extend(self.wanted(tables));
        under_way
    }

    /// Whether pods wait that the last plan has a place for, or that it did not see.
    fn is_unsettled(&self, tables: &Tables) -> bool {
        let planned = self.work.planned_pods(tables, clock::now());
        let unsettled = tables.pending.values().any(|pending| {
            let is_new = self.planned_at.is_none_or(|at| at <= pending.since);
            is_new || planned.contains_key(&*pending.uid)
        });
        unsettled || self.work.expects_claims()
    }

    /// Looks for moves, if it is time and nothing else is under way.
    fn search(&mut self, tables: Tables, now: Timestamp) {
        let instant = clock::instant();
        let version = *self.store.changes().borrow();
        let since =
            |pause: Duration| self.moving.searched_at.is_none_or(|at| at + pause <= instant);
        let changed = self.moving.searched != Some(version)
            || self.moving.rotation.next.is_some()
            || self.moving.again.is_some_and(|again| again <= now)
            || since(SEARCH_ANYWAY);
        let launching = |claim: &Arc<api::NodeClaim>| {
            !claim.is_deleting() && !claim.is_true(api::names::LAUNCHED)
        };
        if self.moving.searching
            || !changed
            || !since(SEARCH_EVERY)
            || tables.node_claims.objects.values().any(launching)
            || self.is_unsettled(&tables)
        {
            return;
        }
        self.moving.searching = true;
        self.moving.searched_at = Some(instant);
        self.moving.searched = Some(version);
        let (planner, answers) = (self.planner.clone(), self.answers.clone());
        let (circumstances, under_way) = (self.circumstances(instant), self.under_way(&tables, ""));
        let (rotation, metrics) = (self.moving.rotation.clone(), self.metrics.clone());
        tokio::task::spawn_blocking(move || {
            let found = planner.moves(&tables, &circumstances, &under_way, &rotation);
            let took = clock::instant() - instant;
            metrics.voluntary.moves_search.observe(took.as_secs_f64());
            drop(answers.send(Answer::Moves(Box::new(tables), Box::new(found))));
        });
    }

    /// Begins the moves that were found in `tables`.
    pub(super) fn found_moves(&mut self, tables: &Tables, found: Result<Moves, MovesError>) {
        self.moving.searching = false;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                if matches!(error, MovesError::Refused(..) | MovesError::Unsound(_)) {
                    self.metrics.plans_refused.inc();
                }
                {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(controller = "disruption", error, "no moves");
                }
                if let MovesError::Refused(_, looked) = error {
                    self.records.passed(looked);
                }
                return;
            }
        };
        let Moves { looked, nodes, launches } = found;
        self.moving.rotation = looked.pass.found.rotation.clone();
        self.moving.again = looked.pass.found.again;
        self.tell_answers(&looked, tables);
        self.begin_all(&nodes, launches.as_ref(), &looked.cluster, tables);
        self.records.passed(looked);
    }

    /// Begins moves; `launches` has what all of them launch, in their order.
    fn begin_all(
        &mut self,
        moves: &[MoveNodes],
        launches: Option<&Launches>,
        cluster: &Cluster,
        tables: &Tables,
    ) {
        self.plans += 1;
        let plan_id = format!("{:x}-{}", self.seed, self.plans);
        let named =
            launches.map(|one| names(&one.snapshot, one.plan.plan(), &plan_id)).unwrap_or_default();
        let mut creates =
            launches.map(|one| self.creates(one, tables, &plan_id)).unwrap_or_default();
        let mut named = named.into_iter();
        for (position, nodes) in moves.iter().enumerate() {
            let names: Vec<String> = named.by_ref().take(nodes.launched.len()).collect();
            let creates: Vec<Request> =
                names.iter().filter_map(|name| creates.remove(name)).collect();
            let id = format!("{plan_id}-{position}");
            let record = record(id, nodes, names, cluster);
            if creates.len() == nodes.launched.len() {
                self.begin(record, creates, nodes);
            }
        }
    }

    fn begin(&mut self, record: MoveRecord, creates: Vec<Request>, nodes: &MoveNodes) {
        let (tables, instant) = (self.store.tables(), clock::instant());
        let under_way = self.under_way(&tables, "");
        let is_free = |claim: &String| {
            let key = GroupKey::Claim(claim.clone());
            let known = claim_of(&tables, claim).filter(|claim| !claim.is_deleting());
            let node = known.and_then(|claim| claim.status.node_name.as_ref());
            known.is_some()
                && !under_way.going.contains(claim)
                && !under_way.wanted.contains(claim)
                && node.is_some_and(|node| !under_way.wanted.contains(node))
                && !self.work.is_held(&key, &tables, instant)
        };
        let stays = |node: &String| {
            let node = tables.node(node.as_str());
            node.is_some_and(|node| node.metadata.deletion_timestamp.is_none())
        };
        let free = record.claims.iter().all(is_free) && record.takes.iter().all(stays);
        if !free || record.claims.is_empty() || self.is_unsettled(&tables) {
            return;
        }
        let decided = decided(&record);
        let (removed, launched) = (record.claims.len(), record.launched.len());
        let (decision, move_id) = (decided.decision, record.id.as_str());
        let MoveNodes { reason, saving, evictions, removed: gone, launched: types, .. } = nodes;
        let gone: Vec<&str> = gone.iter().map(NodeName::as_str).collect();
        let types: Vec<&str> = types.iter().map(InstanceTypeName::as_str).collect();
        tracing::info!(
            controller = "disruption",
            move_id, decision, reason = reason.as_str(), removed, launched, evictions,
            saving = %saving, nodes = ?gone, types = ?types, claims = ?record.claims,
            "a move begins"
        );
        if matches!(self.gate.role(), Role::Shadow) {
            return;
        }
        self.metrics.decisions.get_or_create(&decided).inc();
        let message =
            format!("{decision} {removed} nodes for {launched}, which saves {saving} USD per hour");
        for claim in &record.claims {
            self.tell_claim(claim, "ConsolidationCandidate", &message, &tables);
        }
        let id = record.id.clone();
        let active = Active { record, creates: Some(creates), checking: false, given_up: false };
        self.moving.active.insert(id.clone(), active);
        self.carry(&id, &tables, clock::now());
    }

    /// A request to create each launched node's claim, by name.
    fn creates(
        &self,
        launches: &Launches,
        tables: &Tables,
        plan_id: &str,
    ) -> BTreeMap<String, Request> {
        let pools: BTreeMap<&str, &api::NodePool> = (tables.node_pools.objects.iter())
            .map(|((_, name), pool)| (&**name, pool.as_ref()))
            .collect();
        let uid = |pod: PodIndex| {
            let name = launches.snapshot.pod(pod).name.as_str();
            let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
            let pod = tables.pods.objects.get(&(namespace.into(), name.into()))?;
            pod.metadata.uid.as_deref().map(str::to_owned)
        };
        let alternatives: &[Vec<OfferingIndex>] = &launches.alternatives;
        let claims = executor::claims(&ClaimSource {
            snapshot: &launches.snapshot,
            plan: &launches.plan,
            alternatives,
            pools: &pools,
            pod_uid: &uid,
            hashes: &hashes(tables, &self.ca_bundle),
            plan_id,
        });
        let named = claims.requests.into_iter().filter_map(|request| match &request {
            Request::Create { target, .. } => Some((target.name.clone(), request)),
            _ => None,
        });
        named.collect()
    }

    /// Says what became of every node.
    fn tell_answers(&mut self, looked: &Looked, tables: &Tables) {
        let found = &looked.pass.found;
        let mut counts: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut eligible = 0;
        for (node, fate) in looked.cluster.nodes.iter().zip(&found.answers) {
            let kept = match fate {
                Fate::Goes(position) => {
                    *counts.entry("goes").or_default() += 1;
                    let reason = found.moves[*position].reason;
                    eligible += i64::from(reason == Reason::Underutilized);
                    continue;
                }
                Fate::Kept(kept) => kept,
            };
            *counts.entry(kept.as_str()).or_default() += 1;
            eligible += i64::from(is_eligible(kept));
            if let (true, Some(claim)) = (is_told(kept), &node.claim) {
                self.tell_claim(
                    claim.as_str(),
                    crate::report::UNCONSOLIDATABLE,
                    &kept.to_string(),
                    tables,
                );
            }
        }
        self.tell_drift(looked, tables);
        let metrics = &self.metrics.voluntary;
        let why = crate::metrics::Why { reason: word(Reason::Underutilized) };
        metrics.eligible_nodes.get_or_create(&why).set(eligible);
        for (pool, allowance) in &found.allowances {
            let label = crate::metrics::PoolWhy {
                nodepool: pool.to_string(),
                reason: word(Reason::Underutilized),
            };
            let figure = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let allowed = allowance.allowed.map_or(i64::from(i32::MAX), figure);
            metrics.allowed_disruptions.get_or_create(&label).set(allowed);
            metrics.consuming_budgets.get_or_create(&label).set(figure(allowance.consuming));
        }
        metrics.answers.clear();
        for (answer, count) in &counts {
            metrics.answers.get_or_create(&crate::metrics::Answered { answer }).set(*count);
        }
        let (moves, work_used) = (found.moves.len(), found.work_used);
        tracing::debug!(controller = "disruption", moves, work_used, answers = ?counts, "looked for moves");
    }
}

impl Driver {
    /// Says why drifted nodes stay. What bars every rule is said where emptiness is decided on.
    fn tell_drift(&mut self, looked: &Looked, tables: &Tables) {
        let kept = &looked.pass.drift.kept;
        for (place, why) in kept.iter().filter(|(_, why)| !why.is_event()) {
            if let Some(claim) = &looked.cluster.nodes[*place].claim {
                let message = format!("it is drifted, and kept: {why}");
                self.tell_claim(claim.as_str(), "DisruptionBlocked", &message, tables);
            }
        }
        let waiting = kept.values().filter(|why| is_eligible(why)).count();
        let eligible = i64::try_from(looked.pass.drift.go.len() + waiting).unwrap_or(i64::MAX);
        let why = crate::metrics::Why { reason: word(Reason::Drifted) };
        self.metrics.voluntary.eligible_nodes.get_or_create(&why).set(eligible);
    }
}

fn claim_of<'a>(tables: &'a Tables, name: &str) -> Option<&'a api::NodeClaim> {
    tables.claim(name).map(Arc::as_ref)
}

fn node_of<'a>(tables: &'a Tables, claim: &api::NodeClaim) -> Option<&'a api::Node> {
    let name = claim.status.node_name.as_deref()?;
    tables.node(name).map(Arc::as_ref)
}

fn record(id: String, nodes: &MoveNodes, launched: Vec<String>, cluster: &Cluster) -> MoveRecord {
    let claim = |name: &NodeName| {
        let node = cluster.nodes.iter().find(|node| node.name.as_ref() == Some(name));
        node.and_then(|node| node.claim.as_ref()).map(ToString::to_string)
    };
    let takes: BTreeSet<String> = nodes.takes.iter().map(ToString::to_string).collect();
    MoveRecord {
        id,
        reason: nodes.reason.as_str().to_owned(),
        began: executor::time::format(clock::now()),
        claims: nodes.removed.iter().filter_map(claim).collect(),
        launched,
        takes: takes.into_iter().collect(),
    }
}

/// The labels of a move's metrics.
fn decided(record: &MoveRecord) -> Decided {
    let reason = Reason::parse(&record.reason).unwrap_or(Reason::Underutilized);
    let consolidation_type = match (reason, record.claims.len()) {
        (Reason::Underutilized, 1) => "single",
        (Reason::Underutilized, _) => "multi",
        (Reason::Empty, _) => "empty",
        (Reason::Drifted | Reason::Unhealthy, _) => "",
    };
    let decision = if record.launched.is_empty() { "delete" } else { "replace" };
    Decided { decision, reason: word(reason), consolidation_type }
}

/// Whether nothing bars the node, and only what a move would come to keeps it.
const fn is_eligible(kept: &Kept) -> bool {
    matches!(
        kept,
        Kept::NoSaving { .. }
            | Kept::SpotForSpot { .. }
            | Kept::Takes { .. }
            | Kept::Later { .. }
            | Kept::PodBudgetSpent { .. }
            | Kept::Balanced { .. }
            | Kept::Budget { .. }
            | Kept::Canary { .. }
    )
}

/// Whether an event says so, as Karpenter has it: what would change if somebody changed something.
const fn is_told(kept: &Kept) -> bool {
    matches!(
        kept,
        Kept::NoSaving { .. }
            | Kept::SpotForSpot { .. }
            | Kept::NoLabel(_)
            | Kept::TypeNotFound(_)
            | Kept::PodNotPlanned { .. }
            | Kept::ConsolidationDisabled
            | Kept::NotEmpty { .. }
            | Kept::Balanced { .. }
    )
}
