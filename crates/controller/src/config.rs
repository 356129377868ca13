//! What the driver is told when it starts.

use std::time::Duration;

use executor::StartLimits;
use model::PreferencePrice;
use snapshot::Policies;

use crate::perform::Crash;
use crate::records::Recording;

/// Everything that can be chosen; the binary reads it from flags and the environment.
#[derive(Clone, Debug)]
pub struct Config {
    /// The cluster's name, as in tags of its instances.
    pub cluster_name: String,
    /// The AWS region that nodes are bought in.
    pub region: String,
    /// The authority that kubelets are told to trust, base64 of PEM; a part of the hash of a node class.
    /// `None`: the one that this process trusts.
    pub ca_bundle: Option<String>,
    /// Plan and record only: no Lease, no write to Kubernetes or the cloud.
    pub shadow: bool,
    /// Who may write; `None`: this process alone, unasked.
    pub election: Option<Election>,
    /// Where metrics and probes are served.
    pub ports: Ports,
    /// A batch of pods is planned at the latest this long after its newest pod came; earlier where the
    /// pause is much longer than those between its pods.
    pub batch_idle: Duration,
    /// A batch is planned this long after its first pod came, whatever still comes.
    pub batch_max: Duration,
    /// Requests a second to the API server, lasting; reads by watches are not counted.
    pub kube_qps: u32,
    /// Requests that may go at once after a rest.
    pub kube_burst: u32,
    /// Units of work to spend on improving a plan; see `planner::Settings`.
    pub work_limit: u64,
    /// What preferences of pods are worth, in every plan and in every pass over what runs.
    pub preference_price: PreferencePrice,
    /// What the eviction of a pod costs, millionths of a dollar; `None`: what one costs in an hour on average.
    pub eviction_price: Option<i64>,
    /// Whether spot nodes may come in the place of spot nodes alone.
    pub spot_for_spot: bool,
    /// How strictly some rules are taken.
    pub policies: Policies,
    /// Where plans are recorded, with all that they were made from; `None`: nowhere.
    pub recording: Option<Recording>,
    /// Whether pods are nominated to the nodes that they are planned on.
    pub nominate: bool,
    /// How long the start of a node may take.
    pub start_limits: StartLimits,
    /// Seed of jitters, and what tells the plans of this process from those of others; unique.
    pub seed: u64,
    /// Ends the process at a request, for tests.
    pub crash: Option<Crash>,
}

/// How the writer is elected among several processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    /// Name of the Lease; the same as Karpenter's, so that the two never write at once.
    pub name: String,
    /// Its namespace; `None`: that of this process's pod, or of its kubeconfig.
    pub namespace: Option<String>,
    /// What this process calls itself in the Lease; unique among processes.
    pub identity: String,
}

/// Ports on all addresses, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The address that both listen on.
    pub address: std::net::IpAddr,
    /// `/metrics`; 0 takes a free port.
    pub metrics: u16,
    /// `/healthz` and `/readyz`; 0 takes a free port.
    pub probes: u16,
}

/// Our field manager: who wrote a field, as Kubernetes records it.
pub(crate) const FIELD_MANAGER: &str = api::names::FIELD_MANAGER;
