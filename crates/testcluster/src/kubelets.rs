//! Kubelets: each running machine becomes a Node, late and step by step as real ones do, and goes with it.
//!
//! In: a source of [`Machine`]s that is asked again and again, and [`Settings`]. Out: Nodes in the API
//! server. This half of a kubelet registers the Node, reports its conditions and resources, and plays the
//! agents that nodes wait for; the other half, running pods and renewing Leases, is KWOK's.
//!
//! A machine that is no longer running loses its kubelet, and then its Node is deleted, as the cloud's
//! node controller does; a finalizer on the Node holds it back as it would there.

mod agents;
mod delays;
mod machine;
mod node;
mod registration;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::Client;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use agents::Agent;
pub use machine::{Instances, Machine};
pub use node::{NodeShape, join, leave, make_ready};
pub use registration::Registration;

use crate::Result;
use delays::Delays;

/// What decides about a machine, from what the cloud says of it.
pub type Decide<T> = Arc<dyn Fn(&Machine) -> T + Send + Sync>;

/// How machines become Nodes.
#[derive(Clone)]
pub struct Settings {
    /// The same seed and order of machines give the same delays.
    pub seed: u64,
    /// From the first look at which a machine runs to its Node, which is not ready.
    pub register_after: RangeInclusive<Duration>,
    /// From the Node to its readiness.
    pub ready_after: RangeInclusive<Duration>,
    /// At least this long between two nodes that become ready; zero lets them do so together.
    pub ready_spacing: Duration,
    /// Machines whose kubelet never registers.
    pub never_joins: Decide<bool>,
    /// What the Node of a machine says of itself.
    pub node: Decide<NodeShape>,
    /// What runs on nodes and acts on them.
    pub agents: Vec<Agent>,
    /// Between two looks at the machines. Each look costs the source: moto needs 3 ms a machine.
    pub poll: Duration,
}

impl Settings {
    /// Nodes that register and become ready at once, with the resources that `node` gives.
    pub fn prompt(node: impl Fn(&Machine) -> NodeShape + Send + Sync + 'static) -> Self {
        Self {
            seed: 0,
            register_after: Duration::ZERO..=Duration::ZERO,
            ready_after: Duration::ZERO..=Duration::ZERO,
            ready_spacing: Duration::ZERO,
            never_joins: Arc::new(|_| false),
            node: Arc::new(node),
            agents: Vec::new(),
            poll: Duration::from_millis(250),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("seed", &self.seed)
            .field("register_after", &self.register_after)
            .field("ready_after", &self.ready_after)
            .field("ready_spacing", &self.ready_spacing)
            .field("agents", &self.agents)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

/// How far the Node of a machine is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// The machine runs, its Node is to come.
    Booting,
    /// It will never have a Node.
    NeverJoins,
    /// There is a Node, which is not ready.
    Registered,
    /// The Node is ready.
    Ready,
}

/// Kubelets at work; dropping it ends them and leaves their Nodes as they are.
#[derive(Debug)]
pub struct Kubelets {
    task: JoinHandle<()>,
    view: Arc<Mutex<View>>,
}

/// What a test may look at.
#[derive(Debug, Default)]
struct View {
    phases: BTreeMap<String, Phase>,
    last_error: Option<String>,
}

impl Kubelets {
    /// Begins to look for machines.
    pub fn start(client: Client, instances: impl Instances, settings: Settings) -> Self {
        let view = Arc::new(Mutex::new(View::default()));
        let delays = Delays::new(&settings);
        let run = Run { client, instances, settings, delays, known: BTreeMap::new() };
        let task = tokio::spawn(run.run(Arc::clone(&view)));
        Self { task, view }
    }

    /// The phase of each running machine, by its id.
    pub fn phases(&self) -> BTreeMap<String, Phase> {
        lock(&self.view).phases.clone()
    }

    /// The last failure. Each is tried again at the next look, so one is normal while the API server is
    /// away.
    pub fn last_error(&self) -> Option<String> {
        lock(&self.view).last_error.clone()
    }
}

impl Drop for Kubelets {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A test that panicked while it looked has left nothing half done.
fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Run<I> {
    client: Client,
    instances: I,
    settings: Settings,
    delays: Delays,
    known: BTreeMap<String, Kubelet>,
}

/// A machine on its way to a ready Node.
#[derive(Clone, Debug)]
struct Kubelet {
    machine: Machine,
    phase: Phase,
    /// When the next step is due.
    due: Instant,
}

impl<I: Instances> Run<I> {
    async fn run(mut self, view: Arc<Mutex<View>>) {
        let mut ticks = tokio::time::interval(self.settings.poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let outcome = self.look().await;
            let mut view = lock(&view);
            view.phases = self.known.iter().map(|(id, one)| (id.clone(), one.phase)).collect();
            if let Err(error) = outcome {
                view.last_error = Some(error.chain());
            }
        }
    }

    /// One look: who is new, whose next step is due, who is gone, what the agents do.
    async fn look(&mut self) -> Result<()> {
        let known: BTreeSet<_> = self.known.keys().cloned().collect();
        let running = self.instances.running(&known).await?;
        self.remove_gone(&running).await?;
        self.meet(running);
        let ids: Vec<_> = self.known.keys().cloned().collect();
        let mut outcome = Ok(());
        for id in ids {
            // A node that cannot join does not hold the others up.
            outcome = outcome.and(self.step(&id).await);
        }
        let ready = self.known.values().filter(|one| one.phase == Phase::Ready);
        let ready = ready.map(|one| one.machine.node_name.clone()).collect();
        outcome.and(agents::act(&self.client, &self.settings.agents, &ready).await)
    }

    async fn remove_gone(&mut self, running: &[Machine]) -> Result<()> {
        let running: BTreeSet<_> = running.iter().map(|machine| &machine.id).collect();
        let gone = self.known.keys().filter(|id| !running.contains(id)).cloned();
        for id in gone.collect::<Vec<_>>() {
            let Some(kubelet) = self.known.get(&id) else { continue };
            if matches!(kubelet.phase, Phase::Registered | Phase::Ready) {
                leave(&self.client, &kubelet.machine).await?;
            }
            self.known.remove(&id);
        }
        Ok(())
    }

    fn meet(&mut self, running: Vec<Machine>) {
        for machine in running {
            if self.known.contains_key(&machine.id) {
                continue;
            }
            let never = (self.settings.never_joins)(&machine);
            let phase = if never { Phase::NeverJoins } else { Phase::Booting };
            let due = self.delays.register();
            self.known.insert(machine.id.clone(), Kubelet { machine, phase, due });
        }
    }

    async fn step(&mut self, id: &str) -> Result<()> {
        let Some(kubelet) = self.known.get_mut(id) else { return Ok(()) };
        if Instant::now() < kubelet.due {
            return Ok(());
        }
        match kubelet.phase {
            Phase::Booting => {
                let mut shape = (self.settings.node)(&kubelet.machine);
                shape.hold_back(&self.settings.agents);
                join(&self.client, &kubelet.machine, &shape).await?;
                kubelet.phase = Phase::Registered;
                kubelet.due = self.delays.ready();
            }
            Phase::Registered => {
                make_ready(&self.client, &kubelet.machine.node_name).await?;
                kubelet.phase = Phase::Ready;
            }
            Phase::NeverJoins | Phase::Ready => {}
        }
        Ok(())
    }
}
