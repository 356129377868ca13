//! A control plane, an account of a simulated AWS behind the proxy, kubelets, and controllers.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use awsproxy::Proxy;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
pub(crate) use testcluster::OrStop;
use testcluster::kubelets::{Instances as _, Kubelets, Machine, NodeShape, Settings};
use testcluster::moto::{Account, Moto, Network, images};
use testcluster::wait::until;
use testcluster::{Options, TestCluster};
use tokio::sync::OnceCell;

use crate::process::{Command, Running, lines};

/// Far more than anything here takes on idle cores, as cores may be shared with builds.
pub(crate) const SOON: Duration = Duration::from_mins(5);
/// The cluster's name, in tags and selectors.
const CLUSTER: &str = "binary";
/// What the simulated region sells, with list prices in USD per hour.
const TYPES: [(&str, &str); 6] = [
    ("m7i.large", "0.1008"),
    ("m7i.xlarge", "0.2016"),
    ("m7i.2xlarge", "0.4032"),
    ("m7g.large", "0.0816"),
    ("m7g.xlarge", "0.1632"),
    ("g5.xlarge", "1.0060"),
];
pub(crate) const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];
const REGION: &str = "us-east-1";
/// The account that controllers run as: its namespace and name in `deploy/rbac.yaml`.
const ACCOUNT: (&str, &str) = ("kube-system", "stowage");
/// The tag by which an instance names its claim.
const CLAIM_TAG: &str = "karpenter.sh/nodeclaim";

/// One process serves all tests of this binary; it ends with it.
static MOTO: OnceCell<Moto> = OnceCell::const_new();
/// Accounts handed out, one a test.
static ACCOUNTS: AtomicU64 = AtomicU64::new(200_000_000_000);

/// Everything that a test needs; dropping it ends it.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) proxy: Proxy,
    pub(crate) account: Account,
    kubeconfig: PathBuf,
    /// Controllers started so far: each has a log of its own.
    started: Cell<usize>,
    _kubelets: Kubelets,
    pub(crate) cluster: TestCluster,
}

impl World {
    /// A cluster with the definitions and the rights of this repository, whose kubelets join at once.
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::prompt(node)).await
    }

    /// The same with kubelets of another kind.
    pub(crate) async fn start_with(kubelets: Settings) -> Self {
        let (cluster, aws) = tokio::join!(cluster(), aws());
        let (account, proxy) = aws;
        let kubeconfig = cluster.service_account(ACCOUNT.0, ACCOUNT.1).await.or_stop();
        let client = cluster.client();
        let kubelets = Kubelets::start(client.clone(), account.clone(), kubelets);
        let started = Cell::new(0);
        Self { client, proxy, account, kubeconfig, started, _kubelets: kubelets, cluster }
    }

    /// Starts a controller as a pod of `deploy/` would, with further flags.
    pub(crate) fn controller(&self, flags: &[&str]) -> Running {
        Running::start(self.command(flags))
    }

    /// What [`Self::controller`] starts.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let number = self.started.get();
        self.started.set(number + 1);
        let mut all: Vec<String> = [
            "--metrics-port=0",
            "--health-probe-port=0",
            "--log-level=debug",
            "--leader-election-namespace=kube-system",
        ]
        .map(str::to_owned)
        .to_vec();
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let key = self.account.credentials();
        let environment: [(&'static str, OsString); 8] = [
            ("KUBECONFIG", self.kubeconfig.clone().into()),
            ("CLUSTER_NAME", CLUSTER.into()),
            ("AWS_REGION", REGION.into()),
            ("AWS_ENDPOINT_URL", self.proxy.url().into()),
            ("AWS_ACCESS_KEY_ID", key.access_key_id.clone().into()),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key.clone().into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("STOWAGE_LISTEN_ADDRESS", "127.0.0.1".into()),
        ];
        let log = self.log(number);
        let folder = self.cluster.folder().to_owned();
        Command { flags: all, environment: environment.to_vec(), folder, log }
    }

    /// Logs outlive a test that panics.
    fn log(&self, number: usize) -> PathBuf {
        self.cluster.folder().join("logs").join(format!("controller-{number}.log"))
    }

    /// Holds all logs so far against what must be true of each: JSON, no secret, nothing that the account may
    /// not do.
    pub(crate) fn check_logs(&self) -> Vec<Value> {
        let kubeconfig = std::fs::read_to_string(&self.kubeconfig).unwrap();
        let kubeconfig: Value = serde_json::from_str(&kubeconfig).unwrap();
        let token = kubeconfig["users"][0]["user"]["token"].as_str().unwrap();
        let key = self.account.credentials();
        let secrets = [token, &key.access_key_id, &key.secret_access_key];
        let mut all = Vec::new();
        for number in 0..self.started.get() {
            let log = self.log(number);
            let text = std::fs::read_to_string(&log).unwrap();
            for secret in secrets {
                assert!(!text.contains(secret), "a secret in {}", log.display());
            }
            all.extend(lines(&log));
        }
        assert!(all.iter().all(|line| line["level"].is_string() && line["time"].is_string()));
        let refused = self.cluster.asked().or_stop().into_iter().filter(|asked| asked.is_refused);
        let refused: std::collections::BTreeSet<_> = refused.collect();
        assert!(
            refused.is_empty(),
            "rights are missing: {refused:#?}\nadd them in deploy/chart/stowage/templates, and run \
             `cargo xtask chart`"
        );
        assert_eq!(self.proxy.unknown(), Vec::<String>::new(), "actions that moto does not know");
        all
    }

    /// Machines that run.
    pub(crate) async fn machines(&self) -> Vec<Machine> {
        let running = self.account.running(&std::collections::BTreeSet::new()).await;
        let mut running = running.or_stop();
        running.sort_by(|a, b| a.id.cmp(&b.id));
        running
    }

    /// How many machines were ever launched for each claim.
    pub(crate) async fn launches(&self) -> BTreeMap<String, usize> {
        let mut launches = BTreeMap::new();
        for machine in self.account.ever_launched().await.or_stop() {
            let claim = machine.tags.get(CLAIM_TAG).cloned().unwrap_or_default();
            *launches.entry(claim).or_default() += 1;
        }
        launches
    }

    /// Machines, claims and Nodes are the same ones once nothing is on its way, each claim launched once.
    pub(crate) async fn agrees(&self) {
        let of = |objects: Vec<DynamicObject>, path: &str| {
            let id = |one: DynamicObject| one.data.pointer(path)?.as_str().map(str::to_owned);
            let mut ids: Vec<String> = objects.into_iter().filter_map(id).collect();
            ids.sort();
            ids
        };
        until("machines, claims and Nodes agree", SOON, async || {
            let claims = self.list("NodeClaim").await;
            let all = claims.len();
            let claims = of(claims, "/status/providerID");
            let nodes = of(self.list("Node").await, "/spec/providerID");
            let machines = self.machines().await;
            let mut ids: Vec<String> = machines.iter().map(Machine::provider_id).collect();
            ids.sort();
            if all == claims.len() && ids == claims && ids == nodes {
                return Ok(Some(()));
            }
            Err(format!("{all} claims: {claims:?}, Nodes: {nodes:?}, machines: {ids:?}"))
        })
        .await
        .or_stop();
        for claim in self.list("NodeClaim").await {
            let cpu = claim.data.pointer("/status/capacity/cpu");
            assert!(cpu.is_some(), "a claim without the capacity of its type: {claim:#?}");
            let labels = claim.metadata.labels.unwrap();
            assert!(labels.contains_key("karpenter.k8s.aws/instance-family"), "{labels:?}");
        }
        for (claim, launches) in self.launches().await {
            assert_eq!(launches, 1, "{claim} was launched {launches} times");
        }
    }

    /// Deletes pools and classes, and waits until nothing is left of what was made for them.
    pub(crate) async fn nothing_is_left_after_all_is_deleted(&self) {
        for kind in ["NodePool", "EC2NodeClass"] {
            let all = ListParams::default();
            self.custom(kind).delete_collection(&DeleteParams::default(), &all).await.unwrap();
        }
        for kind in ["NodeClaim", "Node", "NodePool", "EC2NodeClass"] {
            self.until_count(kind, 0).await;
        }
        assert_eq!(self.machines().await, []);
        assert_eq!(self.account.launch_templates().await.or_stop(), Vec::<String>::new());
    }

    /// Objects of a kind.
    pub(crate) async fn list(&self, kind: &str) -> Vec<DynamicObject> {
        self.custom(kind).list(&ListParams::default()).await.unwrap().items
    }

    /// Waits until there are exactly so many objects of a kind.
    pub(crate) async fn until_count(&self, kind: &str, count: usize) {
        until(&format!("there are {count} objects of kind {kind}"), SOON, async || {
            let found = self.custom(kind).list(&ListParams::default()).await?.items.len();
            Ok::<_, kube::Error>((found == count).then_some(()))
        })
        .await
        .or_stop();
    }

    pub(crate) fn custom(&self, kind: &str) -> Api<DynamicObject> {
        let (group, plural) = match kind {
            "NodePool" => ("karpenter.sh", "nodepools"),
            "NodeClaim" => ("karpenter.sh", "nodeclaims"),
            "EC2NodeClass" => ("karpenter.k8s.aws", "ec2nodeclasses"),
            "Node" => ("", "nodes"),
            other => panic!("{other}"),
        };
        let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let resource = ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version,
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        Api::all_with(self.client.clone(), &resource)
    }

    /// A class, and a pool of it that buys machines without GPUs this way for this architecture.
    pub(crate) async fn pool(&self, name: &str, capacity_type: &str, architecture: &str) {
        let requirements = json!([
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [capacity_type]},
            {"key": "kubernetes.io/arch", "operator": "In", "values": [architecture]},
            {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "DoesNotExist"},
        ]);
        self.pool_of(name, requirements, json!([])).await;
    }

    /// A class, and a pool of it with these requirements and taints, of which only empty nodes go.
    pub(crate) async fn pool_of(&self, name: &str, requirements: Value, taints: Value) {
        let discovery = json!([{"tags": {"karpenter.sh/discovery": CLUSTER}}]);
        self.create(json!({
            "apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass",
            "metadata": {"name": name},
            "spec": {
                "amiSelectorTerms": [{"alias": "al2023@latest"}],
                "instanceProfile": "nodes",
                "subnetSelectorTerms": discovery,
                "securityGroupSelectorTerms": discovery,
            },
        }))
        .await;
        self.create(json!({
            "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
            "metadata": {"name": name},
            "spec": {
                "disruption": {
                    "consolidateAfter": "1s",
                    "consolidationPolicy": "WhenEmpty",
                    "budgets": [{"nodes": "100%"}],
                },
                "template": {"spec": {
                    "nodeClassRef": {
                        "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name,
                    },
                    "requirements": requirements,
                    "taints": taints,
                }},
            },
        }))
        .await;
    }

    async fn create(&self, object: Value) {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let kind = object.types.clone().unwrap().kind;
        self.custom(&kind).create(&PostParams::default(), &object).await.unwrap();
    }
}

async fn cluster() -> TestCluster {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let audited = Some(format!("system:serviceaccount:{}:{}", ACCOUNT.0, ACCOUNT.1));
    let options = Options { audited, ..Options::default() };
    let cluster = TestCluster::start(options).await.or_stop();
    cluster.install_crds(&root.join("crds")).await.or_stop();
    cluster.apply(&root.join("deploy/rbac.yaml")).await.or_stop();
    cluster
}

/// An account with a network, and a proxy that sells [`TYPES`].
async fn aws() -> (Account, Proxy) {
    let moto = MOTO.get_or_init(async || Moto::start(1).await.or_stop()).await;
    let id = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
    let account = moto.account(&id, REGION).await.or_stop();
    let zones = ZONES.map(str::to_owned).to_vec();
    account.seed_vpc(&Network { cluster: CLUSTER.to_owned(), zones }).await.or_stop();
    let proxy = Proxy::start(&moto.endpoint()).await.unwrap();
    for image in images() {
        for path in &image.parameters {
            proxy.set_parameter(path, &image.id);
        }
    }
    proxy.sell_only(&TYPES.map(|(name, _)| name));
    for (name, usd) in TYPES {
        proxy.set_on_demand(name, usd);
        for zone in ZONES {
            proxy.set_spot(name, zone, "0.0300");
        }
    }
    (account, proxy)
}

/// The Node of a machine: capacity of its type, and what the images of EKS leave of it to pods; labels
/// and taints as its user data asks for.
pub(crate) fn node(machine: &Machine) -> NodeShape {
    static SHAPES: LazyLock<BTreeMap<String, NodeShape>> = LazyLock::new(shapes);
    let shape = SHAPES.get(&machine.instance_type).expect("only these types are sold");
    shape.clone().with_registration(machine)
}

fn shapes() -> BTreeMap<String, NodeShape> {
    let catalog = ec2::Catalog::embedded();
    let market = catalog.region(REGION).unwrap();
    let machines = market.machines(&ec2::NodeClassSettings::default());
    let sold = machines.into_iter().map(|machine| {
        let name = market.types()[machine.instance_type.get()].name.to_string();
        let mut allocatable = machine.capacity.clone();
        allocatable.subtract(&machine.overhead);
        let (capacity, allocatable) = (quantities(&machine.capacity), quantities(&allocatable));
        (name, NodeShape { capacity, allocatable, ..NodeShape::default() })
    });
    sold.filter(|(name, _)| TYPES.iter().any(|(sold, _)| sold == name)).collect()
}

fn quantities(resources: &model::Resources) -> BTreeMap<String, String> {
    let above = resources.iter().filter(|(_, amount)| amount.get() > 0);
    let text = |name: &str, amount: i64| {
        if name == "cpu" { format!("{amount}m") } else { amount.to_string() }
    };
    above.map(|(name, amount)| (name.to_string(), text(name.as_str(), amount.get()))).collect()
}
