//! A control plane, a cloud, kubelets and a controller, and how tests look at them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cloud_sim::{Delays, QueueHabits, Setup, SimCloud};
use controller::{
    Config, Connection, Controller, Crash, CrashEnd, CrashPoint, Election, Ports, StartLimits,
};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{ApiResource, DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
pub(crate) use testcluster::OrStop;
use testcluster::kubelets::{Kubelets, Machine, NodeShape, Settings};
use testcluster::wait::until;
use testcluster::{Options, TestCluster};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::machines::{self, RealClock};

/// Far more than anything here takes on idle cores, as cores may be shared with builds.
pub(crate) const SOON: Duration = Duration::from_mins(5);
/// For whatever takes several moves, one after the other, on shared cores.
pub(crate) const LONG: Duration = Duration::from_mins(15);
/// A controller that has asked for nothing for this long has nothing to do, or waits.
const QUIET: Duration = Duration::from_secs(4);

/// Everything that a test needs; dropping it ends it.
pub(crate) struct World {
    pub(crate) cloud: Arc<SimCloud>,
    pub(crate) client: Client,
    _kubelets: Kubelets,
    /// The service account that controllers run as.
    account: kube::Config,
    pub(crate) cluster: TestCluster,
}

/// A controller in this process.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<std::result::Result<(), controller::StartError>>,
    pub(crate) metrics: SocketAddr,
    pub(crate) probes: SocketAddr,
}

impl Running {
    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap().unwrap();
    }
}

impl World {
    /// A cluster with kubelets that join at once, on a cloud that has all of [`TYPES`].
    pub(crate) async fn start() -> Self {
        Self::start_with(Settings::prompt(node)).await
    }

    /// The same with kubelets of another kind.
    pub(crate) async fn start_with(kubelets: Settings) -> Self {
        Self::start_hearing(kubelets, QueueHabits::default()).await
    }

    /// The same with a queue of another kind.
    pub(crate) async fn start_hearing(kubelets: Settings, queue: QueueHabits) -> Self {
        Self::start_on(Options::default(), kubelets, queue).await
    }

    /// The first with a scheduler of another configuration.
    pub(crate) async fn start_scheduling(scheduler: Value) -> Self {
        let options = Options { scheduler, ..Options::default() };
        Self::start_on(options, Settings::prompt(node), QueueHabits::default()).await
    }

    async fn start_on(options: Options, kubelets: Settings, queue: QueueHabits) -> Self {
        let filter = std::env::var("STOWAGE_TEST_LOG").unwrap_or_else(|_| "off".to_owned());
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        let cluster = TestCluster::start(options).await.or_stop();
        cluster.install_crds(&crds()).await.or_stop();
        let client = cluster.client();
        let delays = Delays {
            latency: Duration::from_millis(5),
            visibility: Duration::from_secs(1),
            boot: Duration::from_millis(500),
            shutdown: Duration::from_secs(1),
        };
        let queue = Some(queue);
        let setup = Setup { delays, queue, ..Setup::region("test", "us-east-1", &TYPES) };
        let cloud = Arc::new(SimCloud::new(setup, Arc::new(RealClock)));
        let running = machines::Running(Arc::clone(&cloud));
        let kubelets = Kubelets::start(client.clone(), running, kubelets);
        let account = service_account(&cluster).await;
        Self { cloud, client, _kubelets: kubelets, account, cluster }
    }

    /// A cluster for a controller of another process, with a cloud of its own: what it asks for is recorded, and
    /// machines are what its claims say.
    pub(crate) async fn start_for_another() -> Self {
        let audited = Some("system:serviceaccount:kube-system:stowage".to_owned());
        let options = Options { audited, ..Options::default() };
        let cluster = TestCluster::start(options).await.or_stop();
        cluster.install_crds(&crds()).await.or_stop();
        let client = cluster.client();
        let cloud = Setup::region("test", "us-east-1", &[]);
        let cloud = Arc::new(SimCloud::new(cloud, Arc::new(RealClock)));
        let claimed = machines::Claimed(client.clone());
        // Each look lists all claims.
        let kubelets = Settings { poll: Duration::from_secs(2), ..Settings::prompt(node) };
        let kubelets = Kubelets::start(client.clone(), claimed, kubelets);
        let account = service_account(&cluster).await;
        Self { cloud, client, _kubelets: kubelets, account, cluster }
    }

    /// A controller in this process, with its own connections.
    pub(crate) async fn controller(&self, config: Config) -> Running {
        let controller = Controller::new(config).await.unwrap();
        let controller = controller.listening_on(Arc::<SimCloud>::clone(&self.cloud));
        let (metrics, probes) = controller.addresses().unwrap();
        let (stop, stopped) = watch::channel(false);
        let connection = Connection::new(self.account.clone()).unwrap();
        let cloud = Arc::clone(&self.cloud);
        let task = tokio::spawn(controller.run(connection, cloud, stopped));
        Running { stop, task, metrics, probes }
    }

    /// A controller on a runtime of its own, which may be thrown away.
    pub(crate) async fn controller_on(&self, runtime: &Runtime, config: Config) -> Running {
        let _inside = runtime.enter();
        let controller = runtime.spawn(Controller::new(config)).await.unwrap().unwrap();
        let controller = controller.listening_on(Arc::<SimCloud>::clone(&self.cloud));
        let (metrics, probes) = controller.addresses().unwrap();
        let (stop, stopped) = watch::channel(false);
        let kubernetes = self.account.clone();
        let cloud = Arc::clone(&self.cloud);
        let task = runtime.spawn(async move {
            let connection = Connection::new(kubernetes).unwrap();
            controller.run(connection, cloud, stopped).await
        });
        Running { stop, task, metrics, probes }
    }

    /// Runs a controller that ends hard at `point`; false where it did not come that far in a short while.
    pub(crate) async fn ends_hard(&self, point: CrashPoint) -> bool {
        self.ends_hard_within(QUIET, point).await
    }

    /// The same, with this time to come so far.
    pub(crate) async fn ends_hard_within(&self, most: Duration, point: CrashPoint) -> bool {
        let config = Config { election: None, ..config("crashing") };
        self.ends_hard_as(config, most, point).await
    }

    /// The same with another configuration.
    pub(crate) async fn ends_hard_as(
        &self,
        mut config: Config,
        most: Duration,
        point: CrashPoint,
    ) -> bool {
        let told = Arc::new(Notify::new());
        config.crash = Some(Crash { point, end: CrashEnd::Freeze(Arc::clone(&told)) });
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let controller = self.controller_on(&runtime, config).await;
        let crashed = tokio::time::timeout(most, told.notified()).await.is_ok();
        // Every task of the controller is dropped where it stands; nothing of it runs on.
        runtime.shutdown_background();
        drop(controller);
        crashed
    }

    /// Whether it says that it is ready.
    pub(crate) async fn is_ready(&self, running: &Running) -> bool {
        get(running.probes, "/readyz").await.starts_with("HTTP/1.1 200")
    }

    /// The value of a metric, whatever its labels; `None` where it has none.
    pub(crate) async fn metric(&self, running: &Running, name: &str) -> Option<f64> {
        let text = get(running.metrics, "/metrics").await;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// Versions of all objects that a controller may write.
    pub(crate) async fn versions(&self) -> Vec<(String, Option<String>)> {
        let mut versions = Vec::new();
        for kind in ["NodePool", "NodeClaim", "EC2NodeClass", "Node"] {
            let objects = self.list(kind).await.into_iter();
            versions.extend(objects.map(|one| {
                let name = format!("{kind} {}", one.metadata.name.unwrap_or_default());
                (name, one.metadata.resource_version)
            }));
        }
        versions
    }

    /// Waits until an object's condition `Ready` holds.
    pub(crate) async fn until_ready(&self, kind: &str, name: &str) {
        until(&format!("{kind} {name} is ready"), SOON, async || {
            let object = self.custom(kind).get(name).await?;
            let conditions = object.data["status"]["conditions"].as_array().cloned();
            let ready = conditions.unwrap_or_default().into_iter();
            let mut ready = ready.filter(|one| one["type"] == "Ready");
            Ok::<_, kube::Error>(ready.any(|one| one["status"] == "True").then_some(()))
        })
        .await
        .or_stop();
    }

    /// Gives a class and its pool the conditions that a leader would.
    pub(crate) async fn make_ready(&self, name: &str) {
        let now = k8s_openapi::jiff::Timestamp::now().to_string();
        let ready = json!({"status": {"conditions": [{
            "type": "Ready", "status": "True", "reason": "Ready", "message": "",
            "lastTransitionTime": now, "observedGeneration": 1,
        }]}});
        for kind in ["EC2NodeClass", "NodePool"] {
            let api = self.custom(kind);
            let patch = kube::api::Patch::Merge(&ready);
            api.patch_status(name, &kube::api::PatchParams::default(), &patch).await.unwrap();
        }
    }

    /// Machines that are neither gone nor going.
    pub(crate) fn machines(&self) -> usize {
        self.cloud.leftovers().instances.len()
    }

    /// Creates an object of a custom kind.
    pub(crate) async fn create(&self, object: Value) {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let kind = object.types.clone().unwrap().kind;
        self.custom(&kind).create(&PostParams::default(), &object).await.unwrap();
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

    /// Objects of a kind.
    pub(crate) async fn list(&self, kind: &str) -> Vec<DynamicObject> {
        self.custom(kind).list(&ListParams::default()).await.unwrap().items
    }

    /// Removes an object whatever its finalizers say.
    pub(crate) async fn remove(&self, kind: &str, name: &str) {
        let api = self.custom(kind);
        api.delete(name, &kube::api::DeleteParams::default()).await.unwrap();
        let without = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
        api.patch(name, &kube::api::PatchParams::default(), &without).await.unwrap();
    }

    /// Waits until there are exactly so many objects of a kind.
    pub(crate) async fn until_count(&self, kind: &str, count: usize) {
        let what = format!("there are {count} objects of kind {kind}");
        until(&what, SOON, async || {
            let found = self.custom(kind).list(&ListParams::default()).await?.items.len();
            Ok::<_, kube::Error>((found == count).then_some(()))
        })
        .await
        .or_stop();
    }

    /// A class, and an on-demand pool of general types of it.
    pub(crate) async fn pool(&self, name: &str) {
        let template = json!({"requirements": [
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]},
            {"key": "karpenter.k8s.aws/instance-category", "operator": "In", "values": ["c", "m", "r"]},
            {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        ]});
        self.pool_with(name, &template).await;
    }

    /// The same, of which underused nodes go as well.
    pub(crate) async fn pool_that_consolidates(&self, name: &str) {
        self.pool(name).await;
        let spec = json!({"disruption": {"consolidationPolicy": "WhenEmptyOrUnderutilized"}});
        let patch = kube::api::Patch::Merge(json!({"spec": spec}));
        let params = kube::api::PatchParams::default();
        self.custom("NodePool").patch(name, &params, &patch).await.unwrap();
    }

    /// A class, and a pool of it with a template of the given spec, of which only empty nodes go: most
    /// tests are about something else than what is worth moving.
    pub(crate) async fn pool_with(&self, name: &str, template: &Value) {
        self.create(json!({
            "apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass",
            "metadata": {"name": name},
            "spec": {
                "amiSelectorTerms": [{"alias": "al2023@latest"}],
                "role": "node",
                "subnetSelectorTerms": [{"tags": {"karpenter.sh/discovery": "test"}}],
                "securityGroupSelectorTerms": [{"tags": {"karpenter.sh/discovery": "test"}}],
            },
        }))
        .await;
        let mut template = template.clone();
        template["nodeClassRef"] =
            json!({"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name});
        self.create(json!({
            "apiVersion": "karpenter.sh/v1", "kind": "NodePool",
            "metadata": {"name": name},
            "spec": {
                "disruption": {
                    "consolidateAfter": "1s",
                    "consolidationPolicy": "WhenEmpty",
                    "budgets": [{"nodes": "100%"}],
                },
                "template": {"spec": template},
            },
        }))
        .await;
    }
}

/// Applies `deploy/rbac.yaml` and gives a configuration with the token of its service account, so that
/// whatever the controller does it does with these rights alone.
async fn service_account(cluster: &TestCluster) -> kube::Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/rbac.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let objects: Vec<DynamicObject> = serde_saphyr::from_multiple(&text).unwrap();
    for object in objects {
        let types = object.types.clone().unwrap();
        let (group, version) = types.api_version.split_once('/').unwrap_or(("", "v1"));
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: types.api_version.clone(),
            plural: format!("{}s", types.kind.to_lowercase()),
            kind: types.kind,
        };
        let api: Api<DynamicObject> = match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(cluster.client(), namespace, &resource),
            None => Api::all_with(cluster.client(), &resource),
        };
        api.create(&PostParams::default(), &object).await.unwrap();
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client(), "kube-system");
    let (params, request) = (PostParams::default(), TokenRequest::default());
    let token = accounts.create_token_request("stowage", &params, &request).await.unwrap();
    let token = token.status.unwrap().token;
    let mut config = cluster.config();
    config.auth_info =
        kube::config::AuthInfo { token: token.map(Into::into), ..Default::default() };
    config
}

/// What is answered to a GET.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// What the simulated cloud sells, with prices in micro-USD per hour.
pub(crate) const TYPES: [(&str, i64); 5] = [
    ("g4dn.12xlarge", 3_912_000),
    ("m6i.large", 96_000),
    ("m6i.xlarge", 192_000),
    ("m6i.2xlarge", 384_000),
    ("m6i.4xlarge", 768_000),
];

/// The Node of a machine: capacity of its type, and what the images of EKS leave of it to pods.
pub(crate) fn node(machine: &Machine) -> NodeShape {
    static SHAPES: LazyLock<BTreeMap<String, NodeShape>> = LazyLock::new(shapes);
    let shape = SHAPES.get(&machine.instance_type).expect("only these types are sold");
    shape.clone().tainted("karpenter.sh/unregistered", "NoExecute")
}

fn shapes() -> BTreeMap<String, NodeShape> {
    let catalog = ec2::Catalog::embedded();
    let market = catalog.region("us-east-1").unwrap();
    let machines = market.machines(&ec2::NodeClassSettings::default());
    let sold = machines.into_iter().map(|machine| {
        let name = market.types()[machine.instance_type.get()].name.to_string();
        let mut allocatable = machine.capacity.clone();
        allocatable.subtract(&machine.overhead);
        let capacity = quantities(&machine.capacity);
        (
            name,
            NodeShape { capacity, allocatable: quantities(&allocatable), ..NodeShape::default() },
        )
    });
    sold.filter(|(name, _)| TYPES.iter().any(|(sold, _)| sold == name)).collect()
}

fn quantities(resources: &model::Resources) -> BTreeMap<String, String> {
    let above = resources.iter().filter(|(_, amount)| amount.get() > 0);
    above
        .map(|(name, amount)| {
            let unit = if name.as_str() == "cpu" { "m" } else { "" };
            (name.to_string(), format!("{}{unit}", amount.get()))
        })
        .collect()
}

/// The definitions of this repository.
fn crds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds")
}

/// A configuration for tests: free ports on loopback.
pub(crate) fn config(identity: &str) -> Config {
    Config {
        cluster_name: "test".to_owned(),
        region: "us-east-1".to_owned(),
        ca_bundle: None,
        shadow: false,
        election: Some(Election {
            name: "karpenter-leader-election".to_owned(),
            namespace: Some("kube-system".to_owned()),
            identity: identity.to_owned(),
        }),
        ports: Ports { address: IpAddr::V4(Ipv4Addr::LOCALHOST), metrics: 0, probes: 0 },
        batch_idle: Duration::from_secs(1),
        batch_max: Duration::from_secs(10),
        kube_qps: 200,
        kube_burst: 300,
        preference_price: controller::PreferencePrice::DEFAULT,
        eviction_price: None,
        spot_for_spot: false,
        policies: controller::Policies::default(),
        work_limit: 2_000_000,
        recording: None,
        nominate: true,
        start_limits: StartLimits::default(),
        seed: u64::from(std::process::id()),
        crash: None,
    }
}
