//! The loop: it wakes when something changed or is due, plans when pods wait, and has the executor's
//! requests performed.
//!
//! It is the only reader of the store and the only one who remembers. Watches write the store and wake
//! it; it never acts on a single event. What it remembers may be lost at any moment.

mod answers;
mod displaced;
mod disruption;
mod facts;
mod garbage;
mod health;
mod interruption;
mod moves;
mod pods;
mod provision;
mod seating;
mod seats;
mod steps;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::batch::Batch;
use crate::clock;
use crate::config::Config;
use crate::leader::{Gate, Role};
use crate::metrics::{Controller, Metrics};
use crate::perform::{Answer, Performer};
use crate::planning::{Planned, Planner};
use crate::records::Records;
use crate::report::{About, Event, Recorder, Severity};
use crate::store::{Store, Tables};
use disruption::Disrupting;
use facts::Facts;
use garbage::Garbage;
use health::Health;
use interruption::Interruptions;
use moves::Moving;
use steps::Work;
use upkeep::Upkeep;

/// Pods that are still pending are planned again this long after the last plan: as Karpenter's retry.
const AGAIN: Duration = Duration::from_secs(10);
/// Changes that come this close to each other are looked at together.
const SETTLE: Duration = Duration::from_millis(10);
/// Steps that wait for time to pass are looked at so often; their times are whole seconds.
const TICK: Duration = Duration::from_secs(1);

/// What the loop works with.
pub(crate) struct Driver {
    store: Arc<Store>,
    planner: Planner,
    performer: Arc<Performer>,
    gate: Gate,
    metrics: Metrics,
    recorder: Recorder,
    records: Records,
    /// The object that events about the controller itself are on.
    about: About,
    seed: u64,
    nominate: bool,
    ca_bundle: String,
    batch: Batch,
    /// UIDs of pending pods that a batch has counted.
    counted: BTreeSet<Box<str>>,
    /// When pending pods were last planned.
    planned_at: Option<Instant>,
    /// What pools and classes looked like then, as far as it decides on what may be bought.
    planned_for: Vec<String>,
    /// Plan as soon as possible, as something that pods waited for has changed.
    again: bool,
    /// Plans made so far.
    plans: u64,
    /// What was planned last.
    last: Option<Arc<Planned>>,
    work: Work,
    upkeep: Upkeep,
    facts: Facts,
    garbage: Garbage,
    health: Health,
    disrupting: Disrupting,
    interruptions: Interruptions,
    moving: Moving,
    answers: mpsc::UnboundedSender<Answer>,
    heard: mpsc::UnboundedReceiver<Answer>,
    ticked_at: Option<Instant>,
}

/// What a driver is made from.
pub(crate) struct Parts {
    pub(crate) store: Arc<Store>,
    pub(crate) planner: Planner,
    pub(crate) performer: Performer,
    pub(crate) gate: Gate,
    pub(crate) metrics: Metrics,
    pub(crate) recorder: Recorder,
    pub(crate) records: Records,
    pub(crate) about: About,
}

impl Driver {
    /// A driver that remembers nothing.
    pub(crate) fn new(parts: Parts, config: &Config) -> Self {
        let Parts { store, planner, performer, gate, metrics, recorder, records, about } = parts;
        // Unbounded, but as many answers are on their way as requests, whose number is bounded by the
        // claims, pods, pools and classes that there are.
        let (answers, heard) = mpsc::unbounded_channel();
        Self {
            store,
            planner,
            performer: Arc::new(performer),
            gate,
            metrics,
            recorder,
            records,
            about,
            seed: config.seed,
            nominate: config.nominate,
            ca_bundle: config.ca_bundle.clone().unwrap_or_default(),
            batch: Batch::new(config.batch_idle, config.batch_max),
            counted: BTreeSet::new(),
            planned_at: None,
            planned_for: Vec::new(),
            again: false,
            plans: 0,
            last: None,
            work: Work::new(config.start_limits, config.seed, config.nominate),
            upkeep: Upkeep::default(),
            facts: Facts::default(),
            garbage: Garbage::default(),
            health: Health::default(),
            disrupting: Disrupting::default(),
            interruptions: Interruptions::default(),
            moving: Moving::default(),
            answers,
            heard,
            ticked_at: None,
        }
    }

    /// Runs until `stop` says so.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut changes = self.store.changes();
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                answer = self.heard.recv() => {
                    let Some(answer) = answer else { return };
                    self.take_in(answer);
                }
                () = tokio::time::sleep_until(due) => {}
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    tokio::time::sleep(SETTLE).await;
                    changes.mark_unchanged();
                }
            }
            while let Ok(answer) = self.heard.try_recv() {
                self.take_in(answer);
            }
            self.turn().await;
        }
    }

    /// When there is something to do even if nothing changes.
    fn due(&self) -> Instant {
        let tick = self.ticked_at.map_or_else(clock::instant, |at| at + TICK);
        let others = [self.plan_due(), self.work.release_due()];
        others.into_iter().flatten().fold(tick, Instant::min)
    }

    /// When pods are to be planned.
    fn plan_due(&self) -> Option<Instant> {
        let waits = !self.counted.is_empty() || self.work.displaced.left_out();
        let again = self.planned_at.map(|at| at + AGAIN).filter(|_| waits);
        [self.batch.due(), again].into_iter().flatten().min()
    }

    async fn turn(&mut self) {
        let unsynced = self.store.unsynced();
        self.metrics.cluster_synced.set(i64::from(unsynced.is_empty()));
        let now = clock::instant();
        let ticks = self.ticked_at.is_none_or(|at| at + TICK <= now);
        if ticks {
            self.ticked_at = Some(now);
            self.tell_blocked();
        }
        if !unsynced.is_empty() {
            return;
        }
        self.count_arrivals();
        let role = self.gate.role();
        if !matches!(role, Role::Shadow) && !self.gate.may_write() {
            return;
        }
        self.work.see(&self.store, now);
        self.heed();
        self.ask_market();
        // The first plan also gives the facts of machines, so it is made even if no pod waits.
        self.again |=
            self.work.take_lost_claims() || self.store.read(market_of) != self.planned_for;
        let due = self.plan_due().is_some_and(|due| due <= now);
        let ready = !self.work.expects_claims() && self.upkeep.has_asked_market();
        if (due || self.again) && ready {
            self.provision(now).await;
        }
        self.seat(now).await;
        self.step(ticks);
        if ticks {
            self.keep_up();
            self.collect_garbage();
            self.ask_statuses();
            self.disrupt();
            self.move_nodes();
            self.count_objects();
        }
    }

    /// Puts pods that came since the last look into the batch.
    fn count_arrivals(&mut self) {
        let pending = self.store.pending();
        let depth = i64::try_from(pending.len()).unwrap_or(i64::MAX);
        let controller = Controller { controller: "provisioner" };
        self.metrics.queue_depth.get_or_create(&controller).set(depth);
        let new = pending.values().filter(|pod| !self.counted.contains(&pod.uid)).count();
        self.batch.arrived(new, clock::instant());
        self.counted = pending.into_values().map(|pod| pod.uid).collect();
    }

    /// Says that another controller stops this one; the one event that is sent without being leader.
    fn tell_blocked(&mut self) {
        let Role::Blocked { namespace } = self.gate.role() else { return };
        let message = format!(
            "a Lease of the same name is alive in namespace {namespace}: nothing is written. Stop \
             that controller, or set --leader-election-namespace to its namespace"
        );
        self.recorder.send(Event {
            about: self.about.clone(),
            severity: Severity::Warning,
            reason: "ForeignLease",
            message,
            quiet: None,
        });
    }

    /// Metrics of what there is and what went.
    fn count_objects(&mut self) {
        let tables = self.store.tables();
        let nodes = tables.nodes.objects.len();
        self.metrics.cluster_nodes.set(i64::try_from(nodes).unwrap_or(i64::MAX));
        let unreadable = tables.unreadable().len();
        self.metrics.unreadable.set(i64::try_from(unreadable).unwrap_or(i64::MAX));
        self.upkeep.count_claims(&tables, &self.metrics);
    }
}

/// What decides on which pools may open nodes: specs and whether they are ready.
fn market_of(tables: &Tables) -> Vec<String> {
    fn ready(conditions: &[api::Condition]) -> &str {
        let ready = conditions.iter().find(|one| one.kind == api::names::READY);
        ready.map_or("", |ready| ready.status.as_str())
    }
    let line = |metadata: &api::ObjectMeta, conditions| {
        let going = metadata.deletion_timestamp.is_some();
        format!("{} {:?} {going} {}", metadata.name, metadata.generation, ready(conditions))
    };
    let pools = tables.node_pools.objects.values();
    let pools = pools.map(|pool| line(&pool.metadata, &pool.status.conditions));
    let classes = tables.node_classes.objects.values();
    pools.chain(classes.map(|class| line(&class.metadata, &class.status.conditions))).collect()
}

/// Waits until told to stop; whoever would tell being gone is the same.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await.is_ok();
}

/// How often something may be looked at again.
#[derive(Clone, Debug, Default)]
struct Failing {
    failures: u32,
    not_before: Option<Instant>,
}

/// What is not looked at before some moment, by name.
type FailingByName = BTreeMap<String, Failing>;
