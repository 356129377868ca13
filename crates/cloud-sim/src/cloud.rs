//! The port: each call is judged by the rules, takes its time, and is done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud::{
    Cloud, CloudError, ErrorClass, Instance, Launch, LaunchError, LaunchRequest, ResolvedNodeClass,
    Tidied,
};
use interruption::{Check, InstanceStatus, ScheduledEvent};
use model::{
    CapacityType, InstanceId, InstanceTypeName, LiveMarket, NodeClaimName, Timestamp, ZoneName,
};

use crate::clock::Clock;
use crate::rule::{Action, Rule, Verdict, judge};
use crate::setup::{Image, Setup};
use crate::state::{RECLAIMED, State};
use crate::{launch, resolve};

/// The simulated cloud.
#[derive(Debug)]
pub struct SimCloud {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// What is left in the cloud, seen or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftovers {
    /// Machines that are neither gone nor on their way out.
    pub instances: Vec<InstanceId>,
    /// Classes that something was made for and not released.
    pub classes: Vec<String>,
    /// Instance profiles that were made and not deleted.
    pub profiles: Vec<String>,
}

impl SimCloud {
    /// A cloud as `setup` says, on `clock`.
    pub fn new(setup: Setup, clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State::new(setup)) }
    }

    /// Replaces the rules about faults.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        self.state().rules = rules;
    }

    /// There is none of this kind any more until [`SimCloud::refill`]; what was launched stays.
    pub fn empty(
        &self,
        capacity_type: CapacityType,
        instance_type: &InstanceTypeName,
        zone: &ZoneName,
    ) {
        let key = (capacity_type, instance_type.clone(), zone.clone());
        self.state().emptied.insert(key);
    }

    /// What was emptied is there again.
    pub fn refill(&self) {
        self.state().emptied.clear();
    }

    /// Publishes an image; its alias selects no other any more.
    pub fn publish(&self, image: Image) {
        let mut state = self.state();
        for other in state.setup.images.iter_mut().filter(|other| other.alias == image.alias) {
            other.alias = None;
        }
        state.setup.images.insert(0, image);
    }

    /// Takes a spot machine back, as EC2 does at the end of its notice of two minutes.
    pub fn reclaim(&self, id: &InstanceId) {
        let now = self.clock.now();
        self.state().end(id, RECLAIMED, now);
    }

    /// Says on the queue that a spot machine is taken back, and takes it back two minutes later, whether
    /// that was heard or not.
    pub fn interrupt(&self, id: &InstanceId) {
        let now = self.clock.now();
        self.state().interrupt(id, now);
    }

    /// Puts a message on the queue, whatever it says.
    pub fn send(&self, body: &str) {
        let now = self.clock.now();
        self.state().say(body, now);
    }

    /// How many messages are on the queue, with those that are received and not deleted.
    pub fn queued(&self) -> usize {
        self.state().queue.len()
    }

    /// From now on a check of the machine fails: that of what it runs on, or its own.
    pub fn impair(&self, id: &InstanceId, system: bool) {
        let since = i64::try_from(self.clock.now().as_secs()).unwrap_or(i64::MAX);
        let fails = Check::Fails(Some(Timestamp(since)));
        let mut state = self.state();
        let status = state.status_of(id);
        let check = if system { &mut status.system } else { &mut status.instance };
        *check = fails;
    }

    /// From now on something is planned for the machine.
    pub fn plan(&self, id: &InstanceId, event: ScheduledEvent) {
        self.state().status_of(id).events.push(event);
    }

    /// Every machine there ever was, in the order of launches, as it is now; for tests to look at
    /// what no caller of the port sees.
    pub fn all(&self) -> Vec<Instance> {
        let now = self.clock.now();
        let mut state = self.state();
        state.settle(now);
        state.machines.iter().map(|machine| machine.instance.clone()).collect()
    }

    /// What is left.
    pub fn leftovers(&self) -> Leftovers {
        let alive = self.all().into_iter().filter(|instance| !instance.state.is_ending());
        let instances = alive.map(|instance| instance.id).collect();
        let state = self.state();
        let classes = state.made_for.keys().cloned().collect();
        let profiles = state.profiles.iter().map(|profile| profile.name.clone()).collect();
        Leftovers { instances, classes, profiles }
    }

    /// How often each call was made, whatever became of it.
    pub fn calls(&self) -> BTreeMap<Action, u64> {
        self.state().calls.clone()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can stop it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` as the rules let it.
    pub(crate) async fn call<T, E: From<Refused> + Send>(
        &self,
        action: Action,
        work: impl FnOnce(&mut State, Duration) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let (verdict, latency) = {
            let mut state = self.state();
            *state.calls.entry(action).or_default() += 1;
            (judge(&mut state.rules, action), state.setup.delays.latency)
        };
        let wait = match &verdict {
            Verdict::Delay(more) => latency + *more,
            Verdict::Pass | Verdict::Fail(_) => latency,
        };
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
        let now = self.clock.now();
        match verdict {
            Verdict::Pass | Verdict::Delay(_) => work(&mut self.state(), now),
            Verdict::Fail(fault) => {
                if fault.is_done() {
                    drop(work(&mut self.state(), now));
                }
                Err(E::from(Refused(fault.error(action))))
            }
        }
    }
}

/// A failure that a rule made.
pub(crate) struct Refused(CloudError);

impl From<Refused> for CloudError {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

fn gone(action: Action, id: &InstanceId) -> CloudError {
    let message = format!("The instance ID '{id}' does not exist");
    CloudError::new(action.as_str(), ErrorClass::Gone, "InvalidInstanceID.NotFound", message)
}

#[async_trait]
impl Cloud for SimCloud {
    async fn check(&self) -> Result<(), CloudError> {
        self.call(Action::Check, |_, _| Ok(())).await
    }

    async fn market(&self) -> Result<LiveMarket, CloudError> {
        self.call(Action::Market, |state, now| Ok(market(state, now))).await
    }

    async fn resolve(&self, class: &api::Ec2NodeClass) -> Result<ResolvedNodeClass, CloudError> {
        self.call(Action::Resolve, |state, now| {
            state.settle(now);
            Ok(resolve::resolve(state, class, now))
        })
        .await
    }

    async fn prepare(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError> {
        self.call(Action::Prepare, |state, now| resolve::prepare(state, class, now)).await
    }

    async fn launch(&self, request: &LaunchRequest) -> Result<Launch, LaunchError> {
        // A rule's failure has no claim, which a launch's failure names.
        let answer: Result<_, CloudError> =
            self.call(Action::Launch, |state, now| Ok(launch::launch(state, request, now))).await;
        answer.unwrap_or_else(|error| {
            Err(LaunchError { claim: request.claim.name.clone(), refused: Vec::new(), error })
        })
    }

    async fn instances(&self) -> Result<Vec<Instance>, CloudError> {
        self.call(Action::List, |state, now| Ok(state.list(now))).await
    }

    async fn instances_of(&self, claim: &NodeClaimName) -> Result<Vec<Instance>, CloudError> {
        self.call(Action::Find, |state, now| {
            let mut all = state.list(now);
            all.retain(|instance| instance.claim() == Some(claim.as_str()));
            Ok(all)
        })
        .await
    }

    async fn instance(&self, id: &InstanceId) -> Result<Instance, CloudError> {
        self.call(Action::Get, |state, now| {
            let seen = state.seen(id, now).map(|machine| machine.instance.clone());
            seen.ok_or_else(|| gone(Action::Get, id))
        })
        .await
    }

    async fn terminate(&self, id: &InstanceId) -> Result<(), CloudError> {
        self.call(Action::Terminate, |state, now| {
            state.seen(id, now).ok_or_else(|| gone(Action::Terminate, id))?;
            state.end(id, "Client.UserInitiatedShutdown", now);
            Ok(())
        })
        .await
    }

    async fn tag(
        &self,
        id: &InstanceId,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), CloudError> {
        self.call(Action::Tag, |state, now| {
            let machine = state.seen(id, now).ok_or_else(|| gone(Action::Tag, id))?;
            machine.instance.tags.extend(tags.clone());
            Ok(())
        })
        .await
    }

    async fn tidy(
        &self,
        classes: &[api::Ec2NodeClass],
        unused_for: Duration,
    ) -> Result<Tidied, CloudError> {
        self.call(Action::Tidy, |state, now| {
            state.settle(now);
            Ok(state.tidy(classes, now.saturating_sub(unused_for)))
        })
        .await
    }

    async fn statuses(&self) -> Result<Vec<InstanceStatus>, CloudError> {
        self.call(Action::Statuses, |state, now| Ok(state.list_statuses(now))).await
    }

    async fn release(&self, class: &api::Ec2NodeClass) -> Result<(), CloudError> {
        self.call(Action::Release, |state, _| {
            state.made_for.remove(&class.metadata.name);
            state.profiles.retain(|profile| profile.class != class.metadata.name);
            Ok(())
        })
        .await
    }
}

/// What is sold and at what price. Figures of types are the catalog's business.
fn market(state: &State, now: Duration) -> LiveMarket {
    let at = Timestamp(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let pools = &state.setup.pools;
    let of = |capacity_type| pools.iter().filter(move |pool| pool.capacity_type == capacity_type);
    let key = |pool: &crate::Pool| (pool.instance_type.clone(), pool.zone.clone());
    LiveMarket {
        types: None,
        offered: Some(pools.iter().map(key).collect()),
        zones: Some(state.setup.zones.clone()),
        on_demand: Some(
            of(CapacityType::OnDemand)
                .map(|pool| (pool.instance_type.clone(), pool.price))
                .collect(),
        ),
        on_demand_at: Some(at),
        spot: Some(of(CapacityType::Spot).map(|pool| (key(pool), pool.price)).collect()),
        spot_at: Some(at),
    }
}
