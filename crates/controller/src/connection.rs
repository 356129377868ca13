//! The way to the cluster, and what its nodes must know of it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use kube::{Api, Client, Config};

/// The Service of the cluster's DNS, and the object that holds the range of Services.
const DNS: &str = "kube-dns";
const SERVICE_RANGE: &str = "kubernetes";

/// A client of one cluster.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    endpoint: String,
    ca: Option<String>,
}

/// What a kubelet must know to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Such as `1.36`.
    pub version: String,
    /// Where this process finds the API server.
    pub endpoint: String,
    /// The authority that this process trusts, base64 of PEM.
    pub ca: Option<String>,
    /// The range of Services, where it may be read.
    pub service_cidr: Option<String>,
    /// The address of the DNS Service, where it may be read.
    pub dns: Option<String>,
}

/// Why there is no way to the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No cluster to talk to.
    #[error(
        "no way to the API server is known; set KUBECONFIG, or run in a pod with a service account"
    )]
    Unknown(#[source] kube::config::InferConfigError),
    /// A client cannot be made.
    #[error("cannot make a client of the API server")]
    Client(#[source] kube::Error),
    /// Nobody answers there.
    #[error(
        "cannot ask the API server at {endpoint} for its version; correct the address and the user in \
         KUBECONFIG, or, in a pod, look at the API server and the network"
    )]
    Version {
        /// Its address.
        endpoint: String,
        /// Why.
        source: Box<kube::Error>,
    },
}

impl Connection {
    /// The cluster that `KUBECONFIG`, or the pod's service account, names.
    pub async fn infer() -> Result<Self, ConnectError> {
        Self::new(Config::infer().await.map_err(ConnectError::Unknown)?)
    }

    /// The cluster of `config`.
    pub fn new(config: Config) -> Result<Self, ConnectError> {
        let endpoint = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let ca = config.root_cert.as_ref().map(|certificates| STANDARD.encode(pem(certificates)));
        let client = Client::try_from(config).map_err(ConnectError::Client)?;
        Ok(Self { client, endpoint, ca })
    }

    /// The client.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// The authority that this process trusts, base64 of PEM.
    pub(crate) fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// What nodes must know. What may not be read is left out: only some families of images need it.
    pub async fn cluster(&self) -> Result<Cluster, ConnectError> {
        let version = self.client.apiserver_version().await.map_err(|source| {
            ConnectError::Version { endpoint: self.endpoint.clone(), source: Box::new(source) }
        })?;
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let ranges: Api<ServiceCIDR> = Api::all(self.client.clone());
        let range = ranges.get_opt(SERVICE_RANGE).await.ok().flatten();
        let range = range.and_then(|range| range.spec).and_then(|spec| spec.cidrs);
        let services: Api<Service> = Api::namespaced(self.client.clone(), "kube-system");
        let dns = services.get_opt(DNS).await.ok().flatten().and_then(|service| service.spec);
        Ok(Cluster {
            version: format!("{}.{}", digits(&version.major), digits(&version.minor)),
            endpoint: self.endpoint.clone(),
            ca: self.ca.clone(),
            service_cidr: range.and_then(|ranges| ranges.into_iter().next()),
            dns: dns.and_then(|spec| spec.cluster_ip).filter(|address| address != "None"),
        })
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Certificates as text.
fn pem(certificates: &[Vec<u8>]) -> String {
    let mut text = String::new();
    for certificate in certificates {
        let _ = writeln!(text, "-----BEGIN CERTIFICATE-----");
        for line in STANDARD.encode(certificate).as_bytes().chunks(64) {
            let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
        }
        let _ = writeln!(text, "-----END CERTIFICATE-----");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_written_in_lines_of_64() {
        let text = pem(&[vec![7; 60], vec![8]]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 7);
        assert_eq!(lines[1].len(), 64);
        assert_eq!(lines[0], "-----BEGIN CERTIFICATE-----");
        assert_eq!(lines[6], "-----END CERTIFICATE-----");
    }
}
