//! The surroundings of the story: control plane, kubelets, simulated AWS, and the controller's process.

use std::path::PathBuf;

use anyhow::Context as _;
use awsproxy::Proxy;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use testcluster::kubelets::{Kubelets, Settings};
use testcluster::moto::{Account, Moto, Network, Queue, images};
use testcluster::{Options, Process, Program, TestCluster};

use crate::Options as Demo;
use crate::market::{self, REGION, TYPES, ZONES};

const CLUSTER: &str = "demo";
const QUEUE: &str = "demo";
const ACCOUNT: &str = "300000000000";

/// All that runs; dropping it ends it.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) account: Account,
    pub(crate) log: PathBuf,
    queue: Queue,
    // Dropped in this order: the controller first, the control plane last.
    controller: Process,
    _kubelets: Kubelets,
    _proxy: Proxy,
    _moto: Moto,
    _cluster: TestCluster,
}

impl World {
    pub(crate) async fn start(options: &Demo) -> anyhow::Result<Self> {
        let started = tokio::join!(cluster(options), aws());
        let (cluster, (moto, account, proxy)) = (started.0?, started.1?);
        let client = cluster.client();
        let kubelets =
            Kubelets::start(client.clone(), account.clone(), Settings::prompt(market::node));
        for object in [pool("general", "on-demand"), pool("spot", "spot"), class()] {
            cluster.apply_text(&object.to_string()).await?;
        }
        let kubeconfig = cluster.service_account("kube-system", "stowage").await?;
        let queue = account.queue(QUEUE).await?;
        let log = cluster.folder().join("controller.log");
        let key = account.credentials();
        let environment = [
            ("KUBECONFIG", kubeconfig.into_os_string()),
            ("CLUSTER_NAME", CLUSTER.into()),
            ("AWS_REGION", REGION.into()),
            ("AWS_ENDPOINT_URL", proxy.url().into()),
            ("AWS_ACCESS_KEY_ID", key.access_key_id.clone().into()),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key.clone().into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("STOWAGE_LISTEN_ADDRESS", "127.0.0.1".into()),
            ("LEADER_ELECTION_NAMESPACE", "kube-system".into()),
            ("INTERRUPTION_QUEUE", QUEUE.into()),
            ("BATCH_IDLE_DURATION", "1s".into()),
            ("METRICS_PORT", "0".into()),
            ("HEALTH_PROBE_PORT", "0".into()),
        ];
        let controller = Process::start(&Program {
            name: "stowage-controller",
            path: options.controller.clone(),
            arguments: Vec::new(),
            environment: environment.to_vec(),
            inherits: false,
            folder: cluster.folder().to_owned(),
            log: log.clone(),
        })?;
        Ok(Self {
            client,
            account,
            log,
            queue,
            controller,
            _kubelets: kubelets,
            _proxy: proxy,
            _moto: moto,
            _cluster: cluster,
        })
    }

    /// Has EC2 say that it will take this spot machine back in two minutes.
    pub(crate) async fn warn_of(&self, id: &str) -> anyhow::Result<()> {
        let warning = json!({
            "version": "0",
            "source": "aws.ec2",
            "detail-type": "EC2 Spot Instance Interruption Warning",
            "detail": {"instance-id": id, "instance-action": "terminate"},
        });
        Ok(self.queue.send(&warning.to_string()).await?)
    }

    /// Whether the pools may be bought from.
    pub(crate) async fn is_ready(&self) -> anyhow::Result<bool> {
        let kind = GroupVersionKind::gvk("karpenter.sh", "v1", "NodePool");
        let pools: Api<DynamicObject> =
            Api::all_with(self.client.clone(), &ApiResource::from_gvk(&kind));
        let pools = pools.list(&ListParams::default()).await?.items;
        let ready = pools.iter().filter(|pool| {
            let conditions = pool.data["status"]["conditions"].as_array();
            let mut ready = conditions.into_iter().flatten().filter(|one| one["type"] == "Ready");
            ready.any(|one| one["status"] == "True")
        });
        Ok(!pools.is_empty() && ready.count() == pools.len())
    }

    /// An error with the end of its log where the controller ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.controller.check().context("the controller ended")
    }
}

async fn cluster(options: &Demo) -> anyhow::Result<TestCluster> {
    let cluster = TestCluster::start(Options::default()).await?;
    cluster.install_crds(&options.root.join("crds")).await?;
    cluster.apply(&options.root.join("deploy/rbac.yaml")).await?;
    Ok(cluster)
}

/// An account with a network, behind a proxy that sells [`TYPES`] at the catalog's prices.
async fn aws() -> anyhow::Result<(Moto, Account, Proxy)> {
    let moto = Moto::start(1).await?;
    let account = moto.account(ACCOUNT, REGION).await?;
    let zones = ZONES.map(str::to_owned).to_vec();
    account.seed_vpc(&Network { cluster: CLUSTER.to_owned(), zones }).await?;
    let proxy = Proxy::start(&moto.endpoint()).await?;
    for image in images() {
        for path in &image.parameters {
            proxy.set_parameter(path, &image.id);
        }
    }
    proxy.sell_only(&TYPES);
    for name in TYPES {
        // On demand, all zones cost the same.
        if let Some(usd) = market::usd_per_hour(name, ZONES[0], false) {
            proxy.set_on_demand(name, &format!("{usd:.6}"));
        }
        for zone in ZONES {
            if let Some(usd) = market::usd_per_hour(name, zone, true) {
                proxy.set_spot(name, zone, &format!("{usd:.6}"));
            }
        }
    }
    Ok((moto, account, proxy))
}

fn class() -> Value {
    let discovery = json!([{"tags": {"karpenter.sh/discovery": CLUSTER}}]);
    json!({
        "apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass",
        "metadata": {"name": "default"},
        "spec": {
            "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "instanceProfile": "nodes",
            "subnetSelectorTerms": discovery,
            "securityGroupSelectorTerms": discovery,
        },
    })
}

fn pool(name: &str, capacity_type: &str) -> Value {
    json!({
        "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {
            "disruption": {
                "consolidationPolicy": "WhenEmptyOrUnderutilized",
                "consolidateAfter": "5s",
                "budgets": [{"nodes": "100%"}],
            },
            "template": {"spec": {
                "nodeClassRef": {
                    "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default",
                },
                "requirements": [
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [capacity_type]},
                    {"key": "kubernetes.io/arch", "operator": "Exists"},
                    {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": TYPES},
                    {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ZONES},
                ],
            }},
        },
    })
}
