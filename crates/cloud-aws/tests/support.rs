//! Adapters with what they talk to: moto behind the proxy, or the proxy with made-up replies.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::config::Credentials;
use awsproxy::{Delays, Pool, Proxy, Status};
use cloud::conformance::Fixture;
use cloud::{
    Choice, ClaimIdentity, ClientToken, Cloud, InterruptionQueue, LaunchRequest, ResolvedNodeClass,
};
use cloud_aws::{AwsCloud, AwsConfig, AwsQueue};
use model::{CapacityType, InstanceId, MicroUsdPerHour};
use testcluster::moto::{Moto, Network, images};
use tokio::sync::OnceCell;

pub(crate) const CLUSTER: &str = "conformance";
const ROLES: [&str; 2] = ["node", "other-node"];

/// Each serves the tests of every other account, as an interpreter uses one core at a time; they end with this
/// binary.
static MOTO: [OnceCell<Moto>; 2] = [const { OnceCell::const_new() }; 2];
/// Accounts handed out, one a test.
static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_000);

/// An adapter, the proxy, and an account of moto with a network of its own.
pub(crate) struct Aws {
    pub(crate) cloud: AwsCloud,
    pub(crate) proxy: Proxy,
    config: AwsConfig,
    moto: String,
    key: Credentials,
    pub(crate) queue: AwsQueue,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
}

impl Aws {
    /// `attempts`: of one call; more than one only where retries are the matter.
    pub(crate) async fn start(attempts: u32) -> Self {
        let id = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        let moto = &MOTO[usize::from(id % 2 == 1)];
        let moto = moto.get_or_init(async || Moto::start(1).await.unwrap()).await;
        let account = moto.account(&id.to_string(), "us-east-1").await.unwrap();
        let zones = ["us-east-1a", "us-east-1b"].map(str::to_owned).to_vec();
        account.seed_vpc(&Network { cluster: CLUSTER.to_owned(), zones }).await.unwrap();
        for role in ROLES {
            let name = ("RoleName", role.to_owned());
            let policy = ("AssumeRolePolicyDocument", "{}".to_owned());
            account.call("iam", "CreateRole", &[name, policy]).await.unwrap();
        }
        let proxy = Proxy::start(&moto.endpoint()).await.unwrap();
        for image in images() {
            for path in &image.parameters {
                proxy.set_parameter(path, &image.id);
            }
        }
        let key = account.credentials();
        let key = Credentials::new(&key.access_key_id, &key.secret_access_key, None, None, "test");
        let sqs = sqs(&proxy, key.clone());
        let made = sqs.create_queue().queue_name(CLUSTER).send().await.unwrap();
        let queue_url = made.queue_url().unwrap().to_owned();
        let config = config(&proxy, attempts);
        let visibility = Duration::from_secs(1);
        let queue = AwsQueue::connect_as(&config, CLUSTER, key.clone(), visibility).await.unwrap();
        let cloud = AwsCloud::connect_as(config.clone(), key.clone()).await.unwrap();
        Self { cloud, proxy, config, moto: moto.endpoint(), key, queue, sqs, queue_url }
    }

    pub(crate) const fn config(&self) -> &AwsConfig {
        &self.config
    }

    /// Another adapter in the same account.
    pub(crate) async fn another(&self) -> AwsCloud {
        AwsCloud::connect_as(self.config.clone(), self.key()).await.unwrap()
    }

    /// The same without the proxy.
    pub(crate) fn direct_config(&self) -> AwsConfig {
        AwsConfig { endpoint_url: Some(self.moto.clone()), ..self.config.clone() }
    }

    pub(crate) fn key(&self) -> Credentials {
        self.key.clone()
    }

    /// Makes the cluster in EKS.
    pub(crate) async fn make_cluster(&self, service_cidr: &str) {
        let network = aws_sdk_eks::types::KubernetesNetworkConfigRequest::builder()
            .service_ipv4_cidr(service_cidr)
            .build();
        let config = aws_sdk_eks::Config::builder()
            .behavior_version(aws_sdk_eks::config::BehaviorVersion::latest())
            .region(aws_sdk_eks::config::Region::new("us-east-1"))
            .endpoint_url(self.proxy.url())
            .credentials_provider(self.key())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let client = aws_sdk_eks::Client::from_conf(config);
        let call = client.create_cluster().name(CLUSTER).version("1.36");
        let call = call.role_arn("arn:aws:iam::123456789012:role/cluster");
        let vpc = aws_sdk_eks::types::VpcConfigRequest::builder().build();
        call.kubernetes_network_config(network).resources_vpc_config(vpc).send().await.unwrap();
    }

    pub(crate) fn be_late(&self) {
        self.proxy.set_delays(Delays {
            seen: Duration::from_millis(300),
            pending: Duration::from_millis(600),
            shutting_down: Duration::from_millis(600),
        });
    }

    /// A request for the claim of that name, of the class as it is resolved.
    pub(crate) async fn request(&self, claim: &str) -> LaunchRequest {
        let mut class = self.class();
        let resolved = self.cloud.resolve(&class).await.unwrap();
        assert_eq!(resolved.problems, []);
        write_status(&mut class, &resolved);
        request(claim, class)
    }
}

/// A client that sends, as EventBridge does.
fn sqs(proxy: &Proxy, key: Credentials) -> aws_sdk_sqs::Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .endpoint_url(proxy.url())
        .credentials_provider(key)
        .http_client(http)
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// An adapter that gets the replies that a test makes up.
pub(crate) async fn made_up(attempts: u32) -> (AwsCloud, Proxy) {
    let proxy = Proxy::alone().await.unwrap();
    let key = Credentials::new("test", "test", None, None, "test");
    let cloud = AwsCloud::connect_as(config(&proxy, attempts), key).await.unwrap();
    (cloud, proxy)
}

fn config(proxy: &Proxy, attempts: u32) -> AwsConfig {
    AwsConfig {
        cluster_name: CLUSTER.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint_url: Some(proxy.url()),
        kubernetes_version: "1.36".to_owned(),
        cluster_endpoint: "https://127.0.0.1:6443".to_owned(),
        cluster_ca: Some("Q0E=".to_owned()),
        service_cidr: Some("10.100.0.0/16".to_owned()),
        cluster_dns: None,
        isolated_vpc: false,
        attempts,
    }
}

pub(crate) fn choice(instance_type: &str, zone: &str) -> Choice {
    let price = MicroUsdPerHour::new(100_000);
    Choice { instance_type: instance_type.into(), zone: zone.into(), price }
}

pub(crate) fn choices() -> Vec<Choice> {
    vec![choice("m7i.large", "us-east-1a"), choice("c7i.xlarge", "us-east-1b")]
}

pub(crate) fn pool(choice: &Choice, capacity_type: CapacityType) -> Pool {
    Pool {
        capacity_type: capacity_type.as_str().to_owned(),
        instance_type: choice.instance_type.to_string(),
        zone: choice.zone.to_string(),
    }
}

pub(crate) fn request(claim: &str, node_class: api::Ec2NodeClass) -> LaunchRequest {
    let uid = format!("uid-{claim}");
    LaunchRequest {
        token: ClientToken::new(&uid, 0),
        claim: ClaimIdentity { name: claim.into(), uid, pool: "default".into() },
        node_class,
        capacity_type: CapacityType::OnDemand,
        choices: choices(),
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
        taints: Vec::new(),
    }
}

fn write_status(class: &mut api::Ec2NodeClass, resolved: &ResolvedNodeClass) {
    let status = &mut class.status;
    status.instance_profile.clone_from(&resolved.instance_profile);
    status.security_groups = (resolved.security_groups.iter())
        .map(|one| api::SecurityGroupStatus { id: one.id.clone(), name: one.name.clone() })
        .collect();
    status.amis = (resolved.images.iter())
        .map(|one| api::AmiStatus {
            id: one.id.clone(),
            name: one.name.clone(),
            deprecated: one.deprecated,
            requirements: one.requirements.clone(),
        })
        .collect();
}

/// A class whose subnets carry the cluster's tag with this value.
pub(crate) fn class(subnets: &str) -> api::Ec2NodeClass {
    let tags =
        |value: &str| BTreeMap::from([("karpenter.sh/discovery".to_owned(), value.to_owned())]);
    let mut class = api::Ec2NodeClass::default();
    "default".clone_into(&mut class.metadata.name);
    let spec = &mut class.spec;
    spec.subnet_selector_terms =
        vec![api::SubnetSelectorTerm { tags: tags(subnets), ..api::SubnetSelectorTerm::default() }];
    spec.security_group_selector_terms = vec![api::SecurityGroupSelectorTerm {
        tags: tags(CLUSTER),
        ..api::SecurityGroupSelectorTerm::default()
    }];
    spec.ami_selector_terms = vec![api::AmiSelectorTerm {
        alias: Some("al2023@latest".to_owned()),
        ..api::AmiSelectorTerm::default()
    }];
    spec.instance_profile = Some("nodes".to_owned());
    class
}

#[async_trait]
impl Fixture for Aws {
    fn cloud(&self) -> &dyn Cloud {
        &self.cloud
    }

    fn class(&self) -> api::Ec2NodeClass {
        class(CLUSTER)
    }

    fn class_without_subnets(&self) -> api::Ec2NodeClass {
        class("elsewhere")
    }

    fn roles(&self) -> [String; 2] {
        ROLES.map(str::to_owned)
    }

    fn choices(&self) -> Vec<Choice> {
        choices()
    }

    async fn empty(&self, choice: &Choice, capacity_type: CapacityType) {
        self.proxy.empty(pool(choice, capacity_type));
    }

    fn queue(&self) -> &dyn InterruptionQueue {
        &self.queue
    }

    async fn send(&self, body: &str) {
        let call = self.sqs.send_message().queue_url(&self.queue_url).message_body(body);
        call.send().await.unwrap();
    }

    async fn impair(&self, id: &InstanceId) {
        let system_since = Some("2026-11-26T00:00:00.000Z".to_owned());
        self.proxy.set_status(id.as_str(), Status { system_since, ..Status::default() });
    }

    async fn plan(&self, id: &InstanceId, code: &str) {
        let events = vec![(code.to_owned(), "planned".to_owned())];
        self.proxy.set_status(id.as_str(), Status { events, ..Status::default() });
    }

    async fn refill(&self) {
        self.proxy.refill();
    }

    async fn wait(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
