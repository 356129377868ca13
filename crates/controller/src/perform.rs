//! Performs requests, and chooses nothing.
//!
//! In: requests of the executor, in groups: those of a group go one after the other, as each may depend
//! on the one before. Out: answers to the loop. Every write asks the gate first; the number of requests
//! under way is bounded; one that fails ends its group, and the loop decides when to look again.

mod crash;
mod groups;
mod kube;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::kube::Client;
use cloud::{
    Cloud, CloudError, ErrorClass, Instance, InterruptionQueue, Launch, LaunchError, Receipt,
    Tidied,
};
use executor::{CloudRequest, ObjectRef, Request};
use model::NodeClaimName;
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use crash::{Crash, CrashEnd, CrashPoint};
pub(crate) use groups::{Answer, Done, GroupKey, Sweep, run_group, run_in_order};

use crate::clock;
use crate::config::Config;
use crate::leader::{Gate, Role};
use crate::metrics::{KubeRequest, Metrics};
use crate::report::Pace;
use crash::Crashing;

/// Calls to the cloud under way at once: below EC2's lowest bucket of a mutating action.
const CLOUD_CALLS_MAX: usize = 20;
/// Writes to the API server under way at once.
const KUBE_WRITES_MAX: usize = 50;
/// A call to the cloud ends after this long, whatever its adapter does; adapters bound theirs below it.
const CLOUD_CALL_MAX: Duration = Duration::from_mins(2);
/// A write to the API server ends after this long.
const KUBE_WRITE_MAX: Duration = Duration::from_secs(30);

/// Performs requests against the API server and the cloud.
pub(crate) struct Performer {
    client: Client,
    cloud: Arc<dyn Cloud>,
    gate: Gate,
    metrics: Metrics,
    kube_slots: Semaphore,
    cloud_slots: Semaphore,
    pace: Mutex<Pace>,
    crash: Crashing,
}

/// What performing a request came to.
#[derive(Debug)]
pub(crate) enum Performed {
    /// It is as it was asked for; the object that was written, and its version.
    Wrote(ObjectRef, u64),
    /// It is so already, or somebody else was first; the next look decides.
    Nothing,
    /// An eviction was refused for now.
    Refused,
    /// The cloud answered a launch.
    Launched(Box<Result<Launch, LaunchError>>),
    /// The cloud listed instances of a claim.
    Listed(Vec<Instance>),
    /// The cloud looked at an instance.
    Looked(Box<Result<Instance, CloudError>>),
}

/// Why a request was not performed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PerformError {
    /// This process may not write, or not any more.
    #[error("this process is {0}, and writes nothing")]
    NotLeader(&'static str),
    /// The API server, or the way to it.
    #[error("{doing}")]
    Kube {
        /// What was being done, to which object.
        doing: String,
        /// Why.
        source: Box<::kube::Error>,
    },
    /// No answer in time; it may have been done.
    #[error("{0} had no answer in time")]
    Late(String),
    /// The cloud.
    #[error("asking the cloud")]
    Cloud(#[source] CloudError),
}

impl PerformError {
    /// A word from a closed list, for metrics.
    fn word(&self) -> &'static str {
        match self {
            Self::NotLeader(_) => "not_leader",
            Self::Kube { .. } => "error",
            Self::Late(_) => "late",
            Self::Cloud(error) => error.class.as_str(),
        }
    }

    /// Whether trying again is of no use until this process may write again.
    pub(crate) const fn is_role(&self) -> bool {
        matches!(self, Self::NotLeader(_))
    }
}

impl Performer {
    /// A performer that has done nothing yet.
    pub(crate) fn new(
        client: Client,
        cloud: Arc<dyn Cloud>,
        gate: Gate,
        metrics: Metrics,
        config: &Config,
    ) -> Self {
        Self {
            client,
            cloud,
            gate,
            metrics,
            kube_slots: Semaphore::new(KUBE_WRITES_MAX),
            cloud_slots: Semaphore::new(CLOUD_CALLS_MAX),
            pace: Mutex::new(Pace::new(config.kube_qps, config.kube_burst)),
            crash: Crashing::new(config.crash.clone()),
        }
    }

    /// Performs one request. Notes are not performed here.
    pub(crate) async fn perform(&self, request: &Request) -> Result<Performed, PerformError> {
        let performed = match request {
            Request::Note(_) => Ok(Performed::Nothing),
            Request::Cloud(request) => self.ask_cloud(request).await,
            write => self.write(write).await,
        };
        if let (Err(error), false) = (&performed, matches!(request, Request::Cloud(_))) {
            let error = error.word();
            self.count_write(request, error);
        }
        performed
    }

    async fn write(&self, request: &Request) -> Result<Performed, PerformError> {
        let _slot = self.kube_slots.acquire().await.expect("the slots are never closed");
        // A nomination or a release that is late is a seat lost to another pod; as many as there are slots go at
        // once.
        if !matches!(request, Request::Nominate { .. }) && !executor::is_release(request) {
            self.pace().await;
        }
        self.may_write()?;
        self.crash.before().await;
        let (doing, written) = kube::write(&self.client, request);
        let performed = match timeout(KUBE_WRITE_MAX, written).await {
            Ok(written) => written,
            Err(_) => Err(PerformError::Late(doing)),
        };
        self.crash.after().await;
        if let Ok(performed) = &performed {
            let outcome = match performed {
                Performed::Wrote(..) => "written",
                Performed::Refused => "refused",
                _ => "nothing",
            };
            self.count_write(request, outcome);
        }
        performed
    }

    fn count_write(&self, request: &Request, outcome: &'static str) {
        let step = kube::step(request);
        self.metrics.kube_requests.get_or_create(&KubeRequest { step, outcome }).inc();
    }

    /// Waits until another write may go.
    async fn pace(&self) {
        loop {
            let wait = {
                let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
                let now = clock::instant();
                if pace.admits(now) {
                    return;
                }
                pace.wait(now)
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn may_write(&self) -> Result<(), PerformError> {
        if self.gate.may_write() {
            return Ok(());
        }
        let role = match self.gate.role() {
            Role::Leader { .. } => "a leader that could not renew its Lease",
            other => other.as_str(),
        };
        Err(PerformError::NotLeader(role))
    }

    async fn ask_cloud(&self, request: &CloudRequest) -> Result<Performed, PerformError> {
        let _slot = self.cloud_slots.acquire().await.expect("the slots are never closed");
        self.may_write()?;
        self.crash.before().await;
        let cloud = &*self.cloud;
        let performed = match request {
            CloudRequest::Launch(launch) => {
                let answer = self.call("Create", cloud.launch(launch), |e| e.error.class).await;
                let late = |error| LaunchError {
                    claim: launch.claim.name.clone(),
                    refused: Vec::new(),
                    error,
                };
                let answer = answer.unwrap_or_else(|error| Err(late(error)));
                Ok(Performed::Launched(Box::new(answer)))
            }
            CloudRequest::FindInstances(claim) => {
                let found = self.call("List", cloud.instances_of(claim), |e| e.class).await;
                found.and_then(|found| found).map(Performed::Listed).map_err(PerformError::Cloud)
            }
            CloudRequest::GetInstance(_, id) => {
                let looked = self.call("Get", cloud.instance(id), |e| e.class).await;
                let looked = looked.and_then(|looked| looked);
                match looked {
                    Err(error) if !error.is_gone() => Err(PerformError::Cloud(error)),
                    looked => Ok(Performed::Looked(Box::new(looked))),
                }
            }
            CloudRequest::Terminate(_, id) => {
                done(self.call("Delete", cloud.terminate(id), |e| e.class).await)
            }
            CloudRequest::Tag(_, id, tags) => {
                done(self.call("Tag", cloud.tag(id, tags), |e| e.class).await)
            }
            CloudRequest::Prepare(class) => {
                done(self.call("Prepare", cloud.prepare(class), |e| e.class).await)
            }
            CloudRequest::Tidy(classes, unused_for) => {
                let tidied = self.call("Tidy", cloud.tidy(classes, *unused_for), |e| e.class).await;
                done(tidied.map(|tidied| tidied.map(told)))
            }
            CloudRequest::Release(class) => {
                done(self.call("Release", cloud.release(class), |e| e.class).await)
            }
        };
        self.crash.after().await;
        performed
    }

    /// Calls the cloud, bounded in time, counted and timed.
    pub(crate) async fn call<T, E>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, E>>,
        class: impl Fn(&E) -> ErrorClass,
    ) -> Result<Result<T, E>, CloudError> {
        let started = clock::instant();
        let answer = timeout(CLOUD_CALL_MAX, call).await;
        let took = clock::instant() - started;
        let error = match &answer {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(class(error).as_str()),
            Err(_) => Some("late"),
        };
        self.metrics.cloud_call(method, took, error);
        answer.map_err(|_| {
            let class = ErrorClass::Retry { after: None };
            CloudError::new(method, class, "Timeout", "the adapter did not answer in two minutes")
        })
    }

    /// Ends a message; the gate and the tests' crash are those of every other request.
    pub(crate) async fn end_message(
        &self,
        queue: &dyn InterruptionQueue,
        receipt: &Receipt,
    ) -> Result<(), PerformError> {
        let _slot = self.cloud_slots.acquire().await.expect("the slots are never closed");
        self.may_write()?;
        self.crash.before().await;
        let ended = self.call("DeleteMessage", queue.delete(receipt), |e| e.class).await;
        self.crash.after().await;
        done(ended).map(drop)
    }

    /// The cloud, for what is only looked at.
    pub(crate) fn cloud(&self) -> &dyn Cloud {
        &*self.cloud
    }

    /// A client, for what is only looked at.
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }
}

/// Says what was deleted because nothing uses it.
fn told(tidied: Tidied) {
    let Tidied { templates, profiles } = tidied;
    if templates + profiles > 0 {
        tracing::info!(controller = "upkeep", templates, profiles, "deleted what no launch uses");
    }
}

/// What is gone need not be done.
fn done(answer: Result<Result<(), CloudError>, CloudError>) -> Result<Performed, PerformError> {
    match answer.and_then(|answer| answer) {
        Ok(()) => Ok(Performed::Nothing),
        Err(error) if error.is_gone() => Ok(Performed::Nothing),
        Err(error) => Err(PerformError::Cloud(error)),
    }
}

/// The claim that a request to the cloud is for.
pub(crate) fn claim_of(request: &CloudRequest) -> Option<&NodeClaimName> {
    match request {
        CloudRequest::Launch(launch) => Some(&launch.claim.name),
        CloudRequest::FindInstances(claim)
        | CloudRequest::GetInstance(claim, _)
        | CloudRequest::Terminate(claim, _)
        | CloudRequest::Tag(claim, ..) => Some(claim),
        CloudRequest::Prepare(_) | CloudRequest::Tidy(..) | CloudRequest::Release(_) => None,
    }
}
