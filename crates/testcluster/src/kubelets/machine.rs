//! Running machines, whatever cloud they run in.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use crate::Result;

/// A machine that its cloud says is running.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Machine {
    /// The instance id, such as `i-0123456789abcdef0`.
    pub id: String,
    /// The name that its kubelet registers under; on EC2 the private DNS name.
    pub node_name: String,
    /// Such as `m5.large`.
    pub instance_type: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// `amd64` or `arm64`, as Kubernetes calls it.
    pub architecture: String,
    /// Whether it is a spot instance.
    pub is_spot: bool,
    /// Its tags in the cloud.
    pub tags: BTreeMap<String, String>,
    /// What it was started with, decoded; `None` where there is none.
    pub user_data: Option<String>,
}

impl Machine {
    /// What its Node has for `spec.providerID`.
    pub fn provider_id(&self) -> String {
        format!("aws:///{}/{}", self.zone, self.id)
    }

    /// The region of its zone: the zone without its letter.
    pub fn region(&self) -> &str {
        self.zone.trim_end_matches(|letter: char| letter.is_ascii_lowercase())
    }

    /// What its user data tells its kubelet; nothing where there is none.
    pub fn registration(&self) -> super::Registration {
        self.user_data.as_deref().map(super::Registration::read).unwrap_or_default()
    }
}

/// A source of running machines.
pub trait Instances: Send + Sync + 'static {
    /// All machines that run now. Those in `known` need no more than their `id`, as they are looked at for
    /// whether they still run.
    fn running(
        &self,
        known: &BTreeSet<String>,
    ) -> impl Future<Output = Result<Vec<Machine>>> + Send;
}
