//! What the simulated cloud holds, and how time changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::Ec2NodeClass;
use cloud::{Instance, InstanceState, LaunchRequest, Tidied};
use interruption::{Check, InstanceStatus};
use model::{CapacityType, InstanceId, InstanceTypeName, ZoneName};

use crate::queue::{Queue, SPOT_NOTICE, spot_warning};
use crate::rule::{Action, Rule};
use crate::seed::Seed;
use crate::setup::Setup;

/// Why a machine that EC2 took back is gone.
pub(crate) const RECLAIMED: &str = "Server.SpotInstanceTermination";

/// A machine and when it changes.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) instance: Instance,
    /// On lists and found by id from then on.
    pub(crate) visible_at: Duration,
    runs_at: Duration,
    /// Gone from then on; `None`: nobody has ended it.
    gone_at: Option<Duration>,
    /// Taken back at this moment, as was said before.
    reclaimed_at: Option<Duration>,
    pub(crate) profile: Option<String>,
    pub(crate) pool: usize,
    pub(crate) subnet: usize,
}

/// What a token was used for.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) request: LaunchRequest,
    pub(crate) id: InstanceId,
}

/// An instance profile that was made for a class.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) role: String,
    /// The last use by a launch, or its making.
    pub(crate) used_at: Duration,
    /// Found from then on.
    pub(crate) visible_at: Duration,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) setup: Setup,
    pub(crate) rules: Vec<Rule>,
    pub(crate) calls: BTreeMap<Action, u64>,
    /// In the order of launches.
    pub(crate) machines: Vec<Machine>,
    pub(crate) tokens: BTreeMap<String, Used>,
    /// Kinds of machines that are emptied for now.
    pub(crate) emptied: BTreeSet<(CapacityType, InstanceTypeName, ZoneName)>,
    /// Classes that launch templates were made for, with the last use.
    pub(crate) made_for: BTreeMap<String, Duration>,
    /// Instance profiles that were made.
    pub(crate) profiles: Vec<Profile>,
    /// What is about to happen to machines.
    pub(crate) queue: Queue,
    /// Machines that are not well, by id.
    pub(crate) statuses: BTreeMap<InstanceId, InstanceStatus>,
    seed: Seed,
}

impl State {
    pub(crate) fn new(setup: Setup) -> Self {
        let seed = Seed::of(setup.seed, "visibility");
        let queue = Queue::new(setup.seed);
        Self {
            setup,
            rules: Vec::new(),
            calls: BTreeMap::new(),
            machines: Vec::new(),
            tokens: BTreeMap::new(),
            emptied: BTreeSet::new(),
            made_for: BTreeMap::new(),
            profiles: Vec::new(),
            queue,
            statuses: BTreeMap::new(),
            seed,
        }
    }

    /// Brings all machines to `now`.
    pub(crate) fn settle(&mut self, now: Duration) {
        let shutdown = self.setup.delays.shutdown;
        for machine in &mut self.machines {
            if let Some(at) = machine.reclaimed_at.filter(|at| *at <= now)
                && machine.gone_at.is_none()
            {
                machine.gone_at = Some(at + shutdown);
                machine.instance.state_reason = Some(RECLAIMED.to_owned());
            }
            let state = &mut machine.instance.state;
            if machine.gone_at.is_some_and(|gone_at| gone_at <= now) {
                *state = InstanceState::Terminated;
            } else if machine.gone_at.is_some() {
                *state = InstanceState::ShuttingDown;
            } else if machine.runs_at <= now {
                *state = InstanceState::Running;
            }
        }
    }

    /// Adds a machine that is launched at `now`.
    pub(crate) fn add(
        &mut self,
        instance: Instance,
        class: &Ec2NodeClass,
        (pool, subnet): (usize, usize),
        now: Duration,
    ) {
        self.made_for.insert(class.metadata.name.clone(), now);
        let profile = class.status.instance_profile.clone();
        for used in self.profiles.iter_mut().filter(|one| Some(&one.name) == profile.as_ref()) {
            used.used_at = now;
        }
        let delays = self.setup.delays;
        let visible_at = now + self.seed.up_to(delays.visibility);
        let runs_at = now + delays.boot;
        self.machines.push(Machine {
            instance,
            visible_at,
            runs_at,
            gone_at: None,
            reclaimed_at: None,
            profile,
            pool,
            subnet,
        });
        self.settle(now);
    }

    /// Makes the profile of a class for a role at `now`, if there is none.
    pub(crate) fn make_profile(&mut self, class: &str, role: &str, now: Duration) {
        let is_it = |one: &Profile| one.class == class && one.role == role;
        if self.profiles.iter().any(is_it) {
            return;
        }
        let visible_at = now + self.seed.up_to(self.setup.delays.visibility);
        self.profiles.push(Profile {
            name: format!("{}_{class}_{role}", self.setup.cluster),
            class: class.to_owned(),
            role: role.to_owned(),
            used_at: now,
            visible_at,
        });
    }

    /// Deletes what no launch used since then, and no class and no machine has.
    pub(crate) fn tidy(&mut self, classes: &[Ec2NodeClass], since: Duration) -> Tidied {
        let before = (self.made_for.len(), self.profiles.len());
        self.made_for.retain(|_, used| *used > since);
        let machines: BTreeSet<&String> = (self.machines.iter())
            .filter(|machine| machine.instance.state.exists())
            .filter_map(|machine| machine.profile.as_ref())
            .collect();
        let has = |class: &Ec2NodeClass, profile: &Profile| {
            let own = class.metadata.name == profile.class
                && class.spec.role.as_ref() == Some(&profile.role);
            own || class.status.instance_profile.as_ref() == Some(&profile.name)
        };
        self.profiles.retain(|profile| {
            profile.used_at > since
                || classes.is_empty()
                || classes.iter().any(|class| has(class, profile))
                || machines.contains(&profile.name)
        });
        Tidied {
            templates: before.0 - self.made_for.len(),
            profiles: before.1 - self.profiles.len(),
        }
    }

    /// Ends a machine, for `reason`, at `now`.
    pub(crate) fn end(&mut self, id: &InstanceId, reason: &str, now: Duration) {
        let shutdown = self.setup.delays.shutdown;
        let machine = self.machines.iter_mut().find(|machine| machine.instance.id == *id);
        if let Some(machine) = machine.filter(|machine| machine.gone_at.is_none()) {
            machine.gone_at = Some(now + shutdown);
            machine.instance.state_reason = Some(reason.to_owned());
        }
        self.settle(now);
    }

    /// Says that a machine is taken back, and takes it back after the notice, whoever hears it.
    pub(crate) fn interrupt(&mut self, id: &InstanceId, now: Duration) {
        let machine = self.machines.iter_mut().find(|machine| machine.instance.id == *id);
        if let Some(machine) = machine.filter(|machine| machine.gone_at.is_none()) {
            machine.reclaimed_at.get_or_insert(now + SPOT_NOTICE);
        }
        self.say(&spot_warning(id, now), now);
    }

    /// Puts a message on the queue, if there is one.
    pub(crate) fn say(&mut self, body: &str, now: Duration) {
        if let Some(habits) = self.setup.queue {
            self.queue.send(body, &habits, now);
        }
    }

    /// The status of a machine, to be changed.
    pub(crate) fn status_of(&mut self, id: &InstanceId) -> &mut InstanceStatus {
        self.statuses.entry(id.clone()).or_insert_with(|| InstanceStatus {
            id: id.clone(),
            instance: Check::Passes,
            system: Check::Passes,
            events: Vec::new(),
        })
    }

    /// Machines that are not well and exist, at `now`.
    pub(crate) fn list_statuses(&mut self, now: Duration) -> Vec<InstanceStatus> {
        let seen = self.list(now);
        let all = self.statuses.values();
        all.filter(|status| seen.iter().any(|one| one.id == status.id)).cloned().collect()
    }

    /// The machine with this id, if it exists and is seen at `now`.
    pub(crate) fn seen(&mut self, id: &InstanceId, now: Duration) -> Option<&mut Machine> {
        self.settle(now);
        let is_it = |machine: &&mut Machine| {
            machine.instance.id == *id
                && machine.visible_at <= now
                && machine.instance.state.exists()
        };
        self.machines.iter_mut().find(is_it)
    }

    /// All that exist and are seen at `now`, in the order of their launches.
    pub(crate) fn list(&mut self, now: Duration) -> Vec<Instance> {
        self.settle(now);
        self.machines
            .iter()
            .filter(|machine| machine.visible_at <= now && machine.instance.state.exists())
            .map(|machine| machine.instance.clone())
            .collect()
    }

    /// How many machines hold a unit of something.
    pub(crate) fn held(&self, holds: impl Fn(&Machine) -> bool) -> usize {
        let alive = self.machines.iter().filter(|machine| machine.instance.state.exists());
        alive.filter(|machine| holds(machine)).count()
    }

    /// Addresses left in a subnet.
    pub(crate) fn free_addresses(&self, subnet: usize) -> u32 {
        let used = self.held(|machine| machine.subnet == subnet);
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        self.setup.subnets[subnet].addresses.saturating_sub(used)
    }
}
