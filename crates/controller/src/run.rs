//! Wires everything together and runs until told to stop.
//!
//! Order of the start: ports, watches, the election, the loop. Order of the end: the loop, then the Lease,
//! so that nobody else starts before we have stopped.

use std::net::SocketAddr;
use std::sync::Arc;

use cloud::{Cloud, InterruptionQueue};
use hyper::StatusCode;
use kube::Client;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{Config, Election};
use crate::connection::Connection;
use crate::drive::{Driver, Parts};
use crate::leader::{Elector, Gate, Role};
use crate::metrics::{self, Metrics};
use crate::perform::Performer;
use crate::planning::{Planner, Spending};
use crate::records::Records;
use crate::report::{About, Recorder};
use crate::serve::{self, ListenError, Pages, TEXT};
use crate::store::Store;
use crate::watch::watch_all;

/// Kinds whose definitions must be installed.
const CUSTOM_KINDS: [&str; 3] = ["NodePool", "NodeClaim", "EC2NodeClass"];
/// Kinds that are watched where pods are spread by default.
const MAKERS: [&str; 3] = ["Service", "ReplicaSet", "StatefulSet"];

/// Why the controller cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The catalog does not have the region.
    #[error("the region cannot be planned for; give another with --region")]
    Region(#[source] snapshot::LowerError),
    /// The cloud cannot be asked.
    #[error("the cloud cannot be asked; correct credentials, permissions or connection")]
    Cloud(#[source] cloud::CloudError),
}

/// A controller that listens, and is ready to run.
#[derive(Debug)]
pub struct Controller {
    config: Config,
    planner: Planner,
    metrics_listener: TcpListener,
    probes_listener: TcpListener,
    queue: Option<Arc<dyn InterruptionQueue>>,
}

impl Controller {
    /// The same, listening on `queue` for what happens to machines.
    #[must_use]
    pub fn listening_on(mut self, queue: Arc<dyn InterruptionQueue>) -> Self {
        self.queue = Some(queue);
        self
    }

    /// The addresses of `/metrics`, and of `/healthz` and `/readyz`.
    pub fn addresses(&self) -> std::io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.metrics_listener.local_addr()?, self.probes_listener.local_addr()?))
    }

    /// Checks what can be checked at once, and takes the ports.
    pub async fn new(config: Config) -> Result<Self, StartError> {
        let spending = Spending {
            work_limit: config.work_limit,
            preference_price: config.preference_price,
            eviction_price: config.eviction_price,
            spot_for_spot: config.spot_for_spot,
        };
        let planner = Planner::new(config.region.clone(), spending, config.policies.clone())
            .map_err(StartError::Region)?;
        let ports = config.ports;
        let listen = |port, flag| serve::listen(SocketAddr::new(ports.address, port), flag);
        let metrics_listener = listen(ports.metrics, "--metrics-port").await?;
        let probes_listener = listen(ports.probes, "--health-probe-port").await?;
        Ok(Self { config, planner, metrics_listener, probes_listener, queue: None })
    }

    /// Runs until `stop` is true, then ends in good order.
    pub async fn run(
        self,
        connection: Connection,
        cloud: Arc<dyn Cloud>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), StartError> {
        let Self { mut config, planner, metrics_listener, probes_listener, queue } = self;
        config.ca_bundle = config.ca_bundle.or_else(|| connection.ca().map(str::to_owned));
        let client = connection.client();
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let registry = Arc::new(registry);
        let store = Store::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::serve(metrics_listener, metrics_pages(registry)));
        tasks.spawn(serve::serve(probes_listener, probe_pages(Arc::clone(&store))));
        cloud.check().await.map_err(StartError::Cloud)?;
        let makers = !config.policies.default_spreads.is_empty();
        let watches = watch_all(&client, &store, makers);
        let elected = elect(&config, &client);
        let (recorder, sender) = Recorder::new(client.clone(), elected.gate.clone());
        tasks.spawn(sender);
        tasks.spawn(follow(elected.gate.clone(), metrics.clone()));
        let gate = elected.gate;
        let performer =
            Performer::new(client.clone(), cloud, gate.clone(), metrics.clone(), &config);
        let about = about(&config, &client);
        let records = Records::start(config.recording.as_ref(), &metrics);
        let parts = Parts { store, planner, performer, gate, metrics, recorder, records, about };
        let mut driver = Driver::new(parts, &config);
        if let Some(queue) = queue {
            driver.listen(queue);
        }
        let elector = elected.elector.map(|(elector, end)| {
            let ended = async move {
                // An error means that the other side is gone, which is an end as well.
                let _ = end.await;
            };
            tokio::spawn(elector.run(ended))
        });
        driver.run(stop).await;
        drop(watches);
        drop(elected.end);
        if let Some(elector) = elector {
            // A panic of the elector was printed by the runtime.
            let _ = elector.await;
        }
        tracing::info!(controller = "run", "stopped");
        Ok(())
    }
}

/// What events about the controller itself are on: its Lease.
fn about(config: &Config, client: &Client) -> About {
    let election = config.election.as_ref();
    let namespace = election.and_then(|election| election.namespace.clone());
    About {
        api_version: "coordination.k8s.io/v1",
        kind: "Lease",
        namespace: namespace.unwrap_or_else(|| client.default_namespace().to_owned()),
        name: election.map_or_else(|| "stowage".to_owned(), |election| election.name.clone()),
        uid: String::new(),
    }
}

/// Who may write, and what keeps it so.
struct Elected {
    gate: Gate,
    elector: Option<(Elector, tokio::sync::oneshot::Receiver<()>)>,
    /// Ends the election when dropped.
    end: tokio::sync::oneshot::Sender<()>,
    /// Keeps a role that nobody changes.
    _fixed: Option<watch::Sender<Role>>,
}

fn elect(config: &Config, client: &Client) -> Elected {
    let (end, ended) = tokio::sync::oneshot::channel();
    let fixed = |role| {
        let sender = watch::Sender::new(role);
        (Gate::new(sender.subscribe()), None, Some(sender))
    };
    let (gate, elector, sender) = match (&config.election, config.shadow) {
        (_, true) => fixed(Role::Shadow),
        (None, false) => fixed(Role::Leader { renewed: None }),
        (Some(election), false) => {
            let Election { name, namespace, identity } = election;
            let default = || client.default_namespace().to_owned();
            let namespace = namespace.clone().unwrap_or_else(default);
            tracing::info!(
                controller = "leader",
                name,
                namespace,
                identity,
                "waiting for the Lease"
            );
            let (elector, gate) = Elector::new(client.clone(), election.clone(), namespace);
            (gate, Some((elector, ended)), None)
        }
    };
    Elected { gate, elector, end, _fixed: sender }
}

/// Keeps the metrics of the election at what they are.
async fn follow(gate: Gate, metrics: Metrics) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        ticks.tick().await;
        metrics.leader.set(i64::from(gate.may_write()));
        let blocked = matches!(gate.role(), Role::Blocked { .. });
        metrics.foreign_lease.set(i64::from(blocked));
    }
}

fn metrics_pages(registry: Arc<Registry>) -> Pages {
    Arc::new(move |path| {
        let text = || metrics::render(&registry);
        (path == "/metrics").then(|| (StatusCode::OK, metrics::CONTENT_TYPE, text()))
    })
}

fn probe_pages(store: Arc<Store>) -> Pages {
    Arc::new(move |path| match path {
        "/healthz" => Some((StatusCode::OK, TEXT, "ok\n".to_owned())),
        "/readyz" => Some(readiness(&store.unsynced())),
        _ => None,
    })
}

/// Ready once all kinds were listed, custom ones included.
fn readiness(unsynced: &[&str]) -> serve::Answer {
    if unsynced.is_empty() {
        return (StatusCode::OK, TEXT, "ok\n".to_owned());
    }
    let crds = unsynced.iter().any(|kind| CUSTOM_KINDS.contains(kind));
    let makers = unsynced.iter().any(|kind| MAKERS.contains(kind));
    let remedy = match (crds, makers) {
        (true, _) => "; are the CRDs of crds/ installed?",
        (_, true) => {
            "; --scheduler-config takes the right to list and watch services, replicasets and statefulsets"
        }
        _ => "",
    };
    let text = format!("not listed yet: {}{remedy}\n", unsynced.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, TEXT, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing() {
        assert_eq!(readiness(&[]).0, StatusCode::OK);
        let (status, _, text) = readiness(&["Pod", "NodePool"]);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(text, "not listed yet: Pod, NodePool; are the CRDs of crds/ installed?\n");
    }
}
