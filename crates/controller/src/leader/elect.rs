//! Performs the election: looks at the Lease, writes ourselves into it, lets go of it at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::gate::{Gate, Role};
use super::lease::{self, DURATION, Next, RETRY, Record, Seen};
use crate::clock;
use crate::config::{Election, FIELD_MANAGER};

/// No request for a Lease takes longer; well within the renew deadline.
const REQUEST_MAX: Duration = Duration::from_secs(4);

/// Elects one writer.
pub(crate) struct Elector {
    client: Client,
    election: Election,
    namespace: String,
    role: watch::Sender<Role>,
    ours: Seen,
    others: BTreeMap<String, Seen>,
}

impl Elector {
    /// Nobody is elected yet.
    pub(crate) fn new(client: Client, election: Election, namespace: String) -> (Self, Gate) {
        let role = watch::Sender::new(Role::Standby);
        let gate = Gate::new(role.subscribe());
        let (ours, others) = (Seen::default(), BTreeMap::new());
        (Self { client, election, namespace, role, ours, others }, gate)
    }

    /// Elects until `stop`, then lets go of the Lease.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = tokio::time::interval(RETRY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.turn().await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(controller = "leader", error, "cannot look after the Lease");
            }
        }
        self.release().await;
    }

    async fn turn(&mut self) -> Result<(), LeaseError> {
        let leases = self.look().await?;
        let now = clock::instant();
        if let Some((namespace, holder)) = self.foreign(now) {
            let blocked = Role::Blocked { namespace: namespace.clone() };
            if self.change(blocked) {
                tracing::error!(
                    controller = "leader",
                    namespace,
                    holder,
                    "another controller holds a Lease of the same name in another namespace; nothing is \
                     written until it ends. Stop that controller, or set --leader-election-namespace \
                     to its namespace"
                );
            }
            return Ok(());
        }
        let written = match lease::next(&self.ours, &self.election.identity, now) {
            Next::Wait => None,
            Next::Create => Some(self.write(None, 0, now).await?),
            Next::Take(transitions) => Some(self.write(leases, transitions, now).await?),
        };
        self.change(
            written.map_or(Role::Standby, |renewed| Role::Leader { renewed: Some(renewed) }),
        );
        Ok(())
    }

    /// Looks at all Leases of the name; gives ours.
    async fn look(&mut self) -> Result<Option<Lease>, LeaseError> {
        let api: Api<Lease> = Api::all(self.client.clone());
        let which = ListParams::default().fields(&format!("metadata.name={}", self.election.name));
        let listed = within(api.list(&which)).await.map_err(LeaseError::List)?;
        let (now, wall) = (clock::instant(), wall_micros());
        let mut ours = None;
        let mut others = BTreeMap::new();
        for lease in listed.items {
            let namespace = lease.metadata.namespace.clone().unwrap_or_default();
            if namespace == self.namespace {
                ours = Some(lease);
                continue;
            }
            let mut seen = self.others.remove(&namespace).unwrap_or_default();
            seen.look(Some(record(&lease)), now, wall);
            others.insert(namespace, seen);
        }
        self.others = others;
        self.ours.look(ours.as_ref().map(record), now, wall);
        Ok(ours)
    }

    /// A live Lease of the name in another namespace: the namespace, the holder.
    fn foreign(&self, now: Instant) -> Option<(String, String)> {
        let mut alive = self.others.iter();
        alive.find_map(|(namespace, seen)| Some((namespace.clone(), seen.holder(now)?.to_owned())))
    }

    /// Writes ourselves into the Lease that was seen as `before`; gives the moment before writing. Whoever
    /// wrote in between wins.
    async fn write(
        &mut self,
        before: Option<Lease>,
        transitions: i32,
        now: Instant,
    ) -> Result<Instant, LeaseError> {
        let renewed =
            MicroTime(jiff::Timestamp::from_microsecond(wall_micros()).unwrap_or_default());
        let mine = (before.as_ref().and_then(|lease| lease.spec.as_ref()))
            .filter(|spec| spec.holder_identity.as_deref() == Some(&self.election.identity))
            .and_then(|spec| spec.acquire_time.clone());
        let spec = LeaseSpec {
            holder_identity: Some(self.election.identity.clone()),
            acquire_time: Some(mine.unwrap_or_else(|| renewed.clone())),
            renew_time: Some(renewed),
            lease_duration_seconds: Some(i32::try_from(DURATION.as_secs()).unwrap_or(i32::MAX)),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        };
        let written = self.put(before, spec).await?;
        self.ours.look(Some(record(&written)), clock::instant(), wall_micros());
        Ok(now)
    }

    async fn put(&self, before: Option<Lease>, spec: LeaseSpec) -> Result<Lease, LeaseError> {
        let (name, namespace) = (&self.election.name, &self.namespace);
        let api: Api<Lease> = Api::namespaced(self.client.clone(), namespace);
        let params =
            PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        match before {
            None => {
                let metadata = ObjectMeta {
                    name: Some(name.clone()),
                    namespace: Some(namespace.clone()),
                    ..ObjectMeta::default()
                };
                let lease = Lease { metadata, spec: Some(spec) };
                within(api.create(&params, &lease)).await
            }
            Some(before) => {
                let lease = Lease { spec: Some(spec), ..before };
                within(api.replace(name, &params, &lease)).await
            }
        }
        .map_err(|source| LeaseError::Write {
            lease: format!("{namespace}/{name}"),
            source: Box::new(source),
        })
    }

    /// Lets go of the Lease, where it is ours, so that another need not wait.
    async fn release(mut self) {
        let was = self.role.send_replace(Role::Standby);
        if !matches!(was, Role::Leader { .. }) {
            return;
        }
        let released = async {
            let Some(lease) = self.look().await? else { return Ok(()) };
            let spec = lease.spec.clone().unwrap_or_default();
            if spec.holder_identity.as_deref() != Some(&self.election.identity) {
                return Ok(());
            }
            let spec = LeaseSpec {
                holder_identity: Some(String::new()),
                lease_duration_seconds: Some(1),
                ..spec
            };
            self.put(Some(lease), spec).await.map(|_| ())
        };
        match released.await {
            Ok(()) => tracing::info!(controller = "leader", "released the Lease"),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(controller = "leader", error, "cannot release the Lease");
            }
        }
    }

    /// Whether the role is another one now, not counting renewals.
    fn change(&self, to: Role) -> bool {
        let word = to.as_str();
        let before = self.role.send_replace(to);
        let changed = before.as_str() != word;
        if changed {
            tracing::info!(
                controller = "leader",
                role = word,
                before = before.as_str(),
                "role changed"
            );
        }
        changed
    }
}

/// Why the Lease could not be looked after.
#[derive(Debug, thiserror::Error)]
enum LeaseError {
    /// Leases could not be listed in all namespaces.
    #[error("listing Leases in all namespaces; the controller's ClusterRole must allow it")]
    List(#[source] RequestError),
    /// Ours could not be written.
    #[error("writing Lease {lease}")]
    Write {
        /// Its namespace and name.
        lease: String,
        /// Why.
        source: Box<RequestError>,
    },
}

/// Why one request failed.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    /// The API server, or the way to it.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// No answer in time.
    #[error("no answer within {REQUEST_MAX:?}")]
    Late,
}

async fn within<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, RequestError> {
    match timeout(REQUEST_MAX, request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(RequestError::Late),
    }
}

fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Record {
        holder: spec.holder_identity.unwrap_or_default(),
        renewed: spec.renew_time.map_or(0, |time| time.0.as_microsecond()),
        duration: seconds.map_or(DURATION, Duration::from_secs),
        transitions: spec.lease_transitions.unwrap_or(0),
    }
}

fn wall_micros() -> i64 {
    i64::try_from(clock::since_epoch().as_micros()).unwrap_or(i64::MAX)
}
