//! Instances as the cloud reports them.

use std::collections::BTreeMap;

use model::{CapacityType, InstanceId, InstanceTypeName, Timestamp, ZoneName};

/// Where an instance is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceState {
    /// Starting.
    Pending,
    /// Running.
    Running,
    /// Being stopped, for good or not.
    Stopping,
    /// Stopped; it still exists.
    Stopped,
    /// Being terminated; it still exists.
    ShuttingDown,
    /// Gone; listed for about an hour.
    Terminated,
}

impl InstanceState {
    /// Whether the instance still holds anything: false once it is terminated.
    pub const fn exists(self) -> bool {
        !matches!(self, Self::Terminated)
    }

    /// Whether it is on its way out or out.
    pub const fn is_ending(self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated)
    }
}

/// One machine of this cluster.
#[expect(clippy::struct_field_names, reason = "`instance_type` is EC2's own word")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Where it is in its life.
    pub state: InstanceState,
    /// Why it is in that state, where the cloud says so, such as `Server.SpotInstanceTermination`.
    pub state_reason: Option<String>,
    /// Its type.
    pub instance_type: InstanceTypeName,
    /// Its zone.
    pub zone: ZoneName,
    /// On-demand or spot.
    pub capacity_type: CapacityType,
    /// The image it was started from, such as `ami-0123456789abcdef0`.
    pub image_id: String,
    /// Its subnet, where known.
    pub subnet_id: Option<String>,
    /// Its security groups, sorted.
    pub security_group_ids: Vec<String>,
    /// The private DNS name, such as `ip-10-1-0-4.ec2.internal`; what kubelets call themselves.
    pub private_dns_name: Option<String>,
    /// When it was launched.
    pub launched_at: Timestamp,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// `aws:///<zone>/<id>`: what Nodes and claims carry as `providerID`.
    pub fn provider_id(&self) -> String {
        format!("aws:///{}/{}", self.zone, self.id)
    }

    /// The id in a `providerID` such as `aws:///us-east-1a/i-0123456789abcdef0`; `None` where it is
    /// no such text.
    pub fn id_of(provider_id: &str) -> Option<InstanceId> {
        let rest = provider_id.strip_prefix("aws:///")?;
        let (_, id) = rest.split_once('/')?;
        (!id.is_empty() && !id.contains('/')).then(|| InstanceId::from(id))
    }

    /// The claim that the instance was launched for, by its tag.
    pub fn claim(&self) -> Option<&str> {
        self.tags.get(tags::NODE_CLAIM).map(String::as_str)
    }
}

/// Tags of what is launched. The first four are Karpenter's; so both find each other's instances.
pub mod tags {
    /// The pool that an instance belongs to; a list of instances is of those that carry it.
    pub const NODE_POOL: &str = "karpenter.sh/nodepool";
    /// The node class.
    pub const NODE_CLASS: &str = "karpenter.k8s.aws/ec2nodeclass";
    /// The cluster's name; part of every list's filter.
    pub const CLUSTER: &str = "eks:eks-cluster-name";
    /// The claim's name. Karpenter adds it later; here it is there from the launch on, so that an
    /// instance whose launch got no reply is found.
    pub const NODE_CLAIM: &str = "karpenter.sh/nodeclaim";
    /// Before the cluster's name, with the value `owned`.
    pub const OWNED_PREFIX: &str = "kubernetes.io/cluster/";
    /// What people see; the node's name.
    pub const NAME: &str = "Name";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_a_provider_id_and_from_nothing_else() {
        let id = Instance::id_of("aws:///us-east-1a/i-0123456789abcdef0");
        assert_eq!(id, Some(InstanceId::from("i-0123456789abcdef0")));
        for other in ["", "aws:///", "aws:///us-east-1a/", "kwok://node-1", "aws:///a/b/c"] {
            assert_eq!(Instance::id_of(other), None, "{other}");
        }
    }
}
