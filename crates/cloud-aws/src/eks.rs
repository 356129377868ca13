//! What EKS says of the cluster, for nodes that are to join it.
//!
//! In: a name. Out: endpoint, authority and range of Services as far as EKS tells them. A cluster that
//! EKS does not have is [`cloud::ErrorClass::Gone`]: it is somebody's own, and flags say the same.

use aws_sdk_eks::config::Credentials;
use aws_sdk_eks::types::{Cluster, KubernetesNetworkConfigResponse};
use cloud::{CloudError, ErrorClass};

use crate::connect::{AwsConfig, loader};
use crate::errors::failed;

const ACTION: &str = "DescribeCluster";

/// A cluster of EKS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EksCluster {
    /// Where nodes reach the API server, such as `https://0A1B.gr7.us-east-1.eks.amazonaws.com`.
    pub endpoint: Option<String>,
    /// The API server's certificate authority, base64 of PEM.
    pub ca: Option<String>,
    /// The range of Services, of whichever family the cluster is.
    pub service_cidr: Option<String>,
    /// Such as `1.36`.
    pub version: Option<String>,
}

impl EksCluster {
    /// Asks EKS for the cluster that `config` names, with the default chain of credentials; of `config`
    /// only the name, the region, the address and the number of tries are read.
    pub async fn describe(config: &AwsConfig) -> Result<Self, CloudError> {
        let sdk = loader(config).load().await;
        if sdk.credentials_provider().is_none() {
            let message = "give the service account a role, or set the AWS SDK's variables";
            return Err(CloudError::new(ACTION, ErrorClass::Refused, "NoCredentials", message));
        }
        Self::ask(&aws_sdk_eks::Client::new(&sdk), &config.cluster_name).await
    }

    /// The same with these credentials.
    pub async fn describe_as(
        config: &AwsConfig,
        credentials: Credentials,
    ) -> Result<Self, CloudError> {
        let sdk = loader(config).credentials_provider(credentials).load().await;
        Self::ask(&aws_sdk_eks::Client::new(&sdk), &config.cluster_name).await
    }

    async fn ask(client: &aws_sdk_eks::Client, name: &str) -> Result<Self, CloudError> {
        let reply = client.describe_cluster().name(name).send().await;
        let reply = reply.map_err(|error| failed(ACTION, &error))?;
        let cluster = reply.cluster().ok_or_else(|| {
            CloudError::new(ACTION, ErrorClass::Bug, "IncompleteReply", "a reply without a cluster")
        })?;
        Ok(Self::read(cluster))
    }

    fn read(cluster: &Cluster) -> Self {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let network = cluster.kubernetes_network_config();
        let ca = cluster.certificate_authority().and_then(|one| one.data());
        Self {
            endpoint: given(cluster.endpoint()),
            ca: given(ca),
            service_cidr: given(network.and_then(service_cidr)),
            version: given(cluster.version()),
        }
    }
}

/// A cluster has one family of addresses.
fn service_cidr(network: &KubernetesNetworkConfigResponse) -> Option<&str> {
    network.service_ipv4_cidr().or_else(|| network.service_ipv6_cidr())
}

#[cfg(test)]
mod tests {
    use awsproxy::{Fault, Proxy, Rule};

    use super::*;
    use crate::connect::tests::{config, credentials};

    async fn ask(proxy: &Proxy, fault: Fault) -> Result<EksCluster, CloudError> {
        proxy.add_rule(Rule::new(ACTION, fault, 1));
        EksCluster::describe_as(&config(proxy.url()), credentials()).await
    }

    #[tokio::test]
    async fn a_cluster_is_read_as_far_as_it_is_told() {
        let proxy = Proxy::alone().await.unwrap();
        let whole = r#"{"cluster":{"name":"test","version":"1.36","status":"ACTIVE",
            "endpoint":"https://0A1B.eks.amazonaws.com","certificateAuthority":{"data":"Q0E="},
            "kubernetesNetworkConfig":{"serviceIpv4Cidr":"10.100.0.0/16","ipFamily":"ipv4"}}}"#;
        let cluster = ask(&proxy, Fault::Reply(200, whole.to_owned())).await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let expected = EksCluster {
            endpoint: text("https://0A1B.eks.amazonaws.com"),
            ca: text("Q0E="),
            service_cidr: text("10.100.0.0/16"),
            version: text("1.36"),
        };
        assert_eq!(cluster, expected);
        let six = r#"{"cluster":{"kubernetesNetworkConfig":{"serviceIpv6Cidr":"fd30::/108"}}}"#;
        let cluster = ask(&proxy, Fault::Reply(200, six.to_owned())).await.unwrap();
        let expected = EksCluster { service_cidr: text("fd30::/108"), ..EksCluster::default() };
        assert_eq!(cluster, expected);
    }

    #[tokio::test]
    async fn failures_have_the_class_that_says_what_to_do() {
        let proxy = Proxy::alone().await.unwrap();
        let retry = ErrorClass::Retry { after: None };
        for (fault, class) in [
            (Fault::Error(404, "ResourceNotFoundException"), ErrorClass::Gone),
            (Fault::Error(403, "AccessDeniedException"), ErrorClass::Refused),
            (Fault::Throttle, retry),
            (Fault::Error(503, "ServiceUnavailableException"), retry),
            (Fault::Reset, retry),
            (Fault::Reply(200, "{\"cluster\":{\"endpoint\":".to_owned()), retry),
            (Fault::Reply(200, "{}".to_owned()), ErrorClass::Bug),
        ] {
            let error = ask(&proxy, fault.clone()).await.unwrap_err();
            assert_eq!(error.class, class, "{fault:?}: {error}");
        }
    }
}
