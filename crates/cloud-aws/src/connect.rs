//! Settings and clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use cloud::Subnet;
use ec2::Catalog;
use model::{InstanceTypeName, Labels, Timestamp};

use crate::eks::EksCluster;
use crate::market::now;
use crate::whole::Whole;

/// A connection that is not made by then will not be.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// One try of a call: a page of all instance types takes up to 3 s.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);
/// A call with its retries.
const CALL_MAX: Duration = Duration::from_secs(90);

/// What the adapter needs to know.
#[derive(Clone, Debug)]
pub struct AwsConfig {
    /// The cluster's name: part of every tag and filter.
    pub cluster_name: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// One address for all services, for tests; `None`: AWS itself.
    pub endpoint_url: Option<String>,
    /// Minor version of the cluster, such as `1.36`: images are published for it.
    pub kubernetes_version: String,
    /// The API server's address, as nodes reach it.
    pub cluster_endpoint: String,
    /// Its certificate authority, base64 of PEM.
    pub cluster_ca: Option<String>,
    /// The cluster's service range, such as `10.100.0.0/16`; AL2023 nodes need it.
    pub service_cidr: Option<String>,
    /// The address of the cluster's DNS service.
    pub cluster_dns: Option<String>,
    /// Whether the cluster has no way to the endpoints of Pricing and IAM: the catalog's prices are
    /// used, and profiles that were made are not deleted.
    pub isolated_vpc: bool,
    /// Tries of one call; 3 is the SDK's own number.
    pub attempts: u32,
}

impl AwsConfig {
    /// Whether nodes lack something that EKS may know.
    pub fn is_incomplete(&self) -> bool {
        self.cluster_endpoint.is_empty() || self.service_cidr.is_none()
    }

    /// Takes from EKS what is not given: an empty endpoint, no authority, no range of Services.
    pub fn complete(&mut self, cluster: EksCluster) {
        let EksCluster { endpoint, ca, service_cidr, version: _ } = cluster;
        if self.cluster_endpoint.is_empty() {
            self.cluster_endpoint = endpoint.unwrap_or_default();
        }
        self.cluster_ca = self.cluster_ca.take().or(ca);
        self.service_cidr = self.service_cidr.take().or(service_cidr);
    }
}

/// Why there is no adapter.
#[derive(Debug)]
pub enum ConnectError {
    /// The catalog does not have the region, so no image can be chosen for a type.
    Region(String),
    /// There are no credentials.
    Credentials,
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Region(region) => write!(
                f,
                "region {region:?} is not in the catalog; set --region or AWS_REGION to an AWS \
                 region"
            ),
            Self::Credentials => f.write_str(
                "no AWS credentials: give the service account a role (IRSA or EKS Pod Identity), or \
                 set the AWS SDK's variables",
            ),
        }
    }
}

impl std::error::Error for ConnectError {}

/// The port on AWS.
#[derive(Debug)]
pub struct AwsCloud {
    pub(crate) config: AwsConfig,
    pub(crate) ec2: aws_sdk_ec2::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) pricing: aws_sdk_pricing::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    /// Labels of the region's types, for the choice of images.
    pub(crate) labels: BTreeMap<InstanceTypeName, Labels>,
    /// Nothing is known of what was used before.
    pub(crate) started_at: Timestamp,
    memory: Mutex<Memory>,
}

/// What saves calls; all of it may be lost.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Launch templates known to be there, by name, with their last use.
    pub(crate) templates: BTreeMap<String, Timestamp>,
    /// The last use of profiles by launches, by name.
    pub(crate) profiles_used: BTreeMap<String, Timestamp>,
    /// Subnets of each class as last resolved, those with most free addresses first.
    pub(crate) subnets: BTreeMap<String, Vec<Subnet>>,
    /// Why the profile of each class could not be made, for its condition.
    pub(crate) profiles_refused: BTreeMap<String, String>,
}

impl AwsCloud {
    /// Clients with the default chain of credentials. Makes no call.
    pub async fn connect(config: AwsConfig) -> Result<Self, ConnectError> {
        let sdk = loader(&config).load().await;
        if sdk.credentials_provider().is_none() {
            return Err(ConnectError::Credentials);
        }
        Self::with(config, &sdk)
    }

    /// Clients with these credentials. Makes no call.
    pub async fn connect_as(
        config: AwsConfig,
        credentials: Credentials,
    ) -> Result<Self, ConnectError> {
        let sdk = loader(&config).credentials_provider(credentials).load().await;
        Self::with(config, &sdk)
    }

    fn with(config: AwsConfig, sdk: &SdkConfig) -> Result<Self, ConnectError> {
        let catalog: Arc<Catalog> = Arc::new(Catalog::embedded());
        let region = catalog.region(&config.region);
        let market = region.map_err(|_| ConnectError::Region(config.region.clone()))?;
        let types = market.types().iter();
        let labels = types.map(|one| (one.name.clone(), one.labels.clone())).collect();
        let pricing = aws_sdk_pricing::config::Builder::from(sdk)
            .region(Region::new(pricing_region(&config.region)))
            .build();
        let ec2 = aws_sdk_ec2::config::Builder::from(sdk).interceptor(Whole).build();
        let iam = aws_sdk_iam::config::Builder::from(sdk).interceptor(Whole).build();
        Ok(Self {
            ec2: aws_sdk_ec2::Client::from_conf(ec2),
            iam: aws_sdk_iam::Client::from_conf(iam),
            pricing: aws_sdk_pricing::Client::from_conf(pricing),
            ssm: aws_sdk_ssm::Client::new(sdk),
            config,
            labels,
            started_at: now(),
            memory: Mutex::default(),
        })
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) fn loader(config: &AwsConfig) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .region(Region::new(config.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(config.attempts.max(1)))
        .timeout_config(timeouts());
    if let Ok(name) = AppName::new("stowage") {
        loader = loader.app_name(name);
    }
    if let Some(url) = &config.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader
}

/// rustls with ring: no OpenSSL, no cmake.
fn http_client() -> aws_sdk_ec2::config::SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(ATTEMPT_MAX)
        .operation_timeout(CALL_MAX)
        .build()
}

/// The price list is served from few regions (`lifecycle.md` section 11 of Karpenter's model).
fn pricing_region(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("ap") => "ap-south-1",
        Some("cn") => "cn-northwest-1",
        Some("eu" | "il" | "me" | "af") => "eu-central-1",
        _ => "us-east-1",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use awsproxy::{Fault, Proxy, Rule};
    use cloud::{Cloud as _, ErrorClass};

    use super::*;

    pub(crate) fn credentials() -> Credentials {
        Credentials::new("test", "test", None, None, "test")
    }

    pub(crate) fn config(endpoint_url: String) -> AwsConfig {
        AwsConfig {
            cluster_name: "test".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint_url: Some(endpoint_url),
            kubernetes_version: "1.36".to_owned(),
            cluster_endpoint: "https://127.0.0.1:6443".to_owned(),
            cluster_ca: None,
            service_cidr: None,
            cluster_dns: None,
            isolated_vpc: false,
            attempts: 1,
        }
    }

    #[tokio::test]
    async fn a_silent_service_is_not_waited_for() {
        let proxy = Proxy::alone().await.unwrap();
        let silence = Fault::Delay(Duration::from_mins(1));
        proxy.add_rule(Rule::new("DescribeInstanceTypes", silence, 1));
        let config = config(proxy.url());
        let short = timeouts().to_builder().operation_attempt_timeout(Duration::from_millis(200));
        let loader = loader(&config).timeout_config(short.build());
        let sdk = loader.credentials_provider(credentials()).load().await;
        let error = AwsCloud::with(config, &sdk).unwrap().check().await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Retry { after: None });
        assert_eq!(error.code, "Timeout");
    }

    #[test]
    fn what_is_given_goes_before_what_eks_says() {
        let eks = |text: &str| EksCluster {
            endpoint: Some(text.to_owned()),
            ca: Some(text.to_owned()),
            service_cidr: Some(text.to_owned()),
            version: None,
        };
        let mut given = config(String::new());
        given.cluster_endpoint = "https://given".to_owned();
        given.cluster_ca = Some("given".to_owned());
        assert!(given.is_incomplete());
        given.complete(eks("eks"));
        assert!(!given.is_incomplete());
        assert_eq!(given.cluster_endpoint, "https://given");
        assert_eq!(given.cluster_ca.as_deref(), Some("given"));
        assert_eq!(given.service_cidr.as_deref(), Some("eks"));
        given.cluster_endpoint.clear();
        given.cluster_ca = None;
        given.complete(eks("later"));
        assert_eq!(
            (given.cluster_endpoint.as_str(), given.cluster_ca.as_deref()),
            ("later", Some("later"))
        );
        assert_eq!(given.service_cidr.as_deref(), Some("eks"));
    }

    #[test]
    fn prices_are_asked_for_where_they_are_served() {
        for (region, asked) in [
            ("us-west-2", "us-east-1"),
            ("eu-north-1", "eu-central-1"),
            ("ap-southeast-2", "ap-south-1"),
            ("cn-north-1", "cn-northwest-1"),
            ("sa-east-1", "us-east-1"),
        ] {
            assert_eq!(pricing_region(region), asked);
        }
    }
}
