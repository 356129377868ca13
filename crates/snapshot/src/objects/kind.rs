//! The kinds that are read, and where their objects are kept.

use api::ObjectMeta;

use crate::Objects;

/// A kind that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Pod,
    Node,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    Job,
    CronJob,
    NodePool,
    NodeClaim,
    Ec2NodeClass,
    PriorityClass,
    LimitRange,
    Namespace,
    PodDisruptionBudget,
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
    CsiNode,
    Service,
}

impl Kind {
    /// All of them.
    const ALL: [Self; 20] = [
        Self::Pod,
        Self::Node,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::Job,
        Self::CronJob,
        Self::NodePool,
        Self::NodeClaim,
        Self::Ec2NodeClass,
        Self::PriorityClass,
        Self::LimitRange,
        Self::Namespace,
        Self::PodDisruptionBudget,
        Self::PersistentVolumeClaim,
        Self::PersistentVolume,
        Self::StorageClass,
        Self::CsiNode,
        Self::Service,
    ];

    /// The kind of that name and API group, whatever its version.
    pub(super) fn find(name: &str, api_version: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name && group(kind.api_version()) == group(api_version))
    }

    /// Its name in the API.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pod => "Pod",
            Self::Node => "Node",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::NodePool => "NodePool",
            Self::NodeClaim => "NodeClaim",
            Self::Ec2NodeClass => "EC2NodeClass",
            Self::PriorityClass => "PriorityClass",
            Self::LimitRange => "LimitRange",
            Self::Namespace => "Namespace",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::PersistentVolume => "PersistentVolume",
            Self::StorageClass => "StorageClass",
            Self::CsiNode => "CSINode",
            Self::Service => "Service",
        }
    }

    /// The one API version that is read.
    pub(super) const fn api_version(self) -> &'static str {
        match self {
            Self::Pod
            | Self::Node
            | Self::LimitRange
            | Self::Namespace
            | Self::PersistentVolumeClaim
            | Self::PersistentVolume
            | Self::Service => "v1",
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
            Self::NodePool | Self::NodeClaim => "karpenter.sh/v1",
            Self::Ec2NodeClass => "karpenter.k8s.aws/v1",
            Self::PriorityClass => "scheduling.k8s.io/v1",
            Self::PodDisruptionBudget => "policy/v1",
            Self::StorageClass | Self::CsiNode => "storage.k8s.io/v1",
        }
    }

    /// Whether its objects are in a namespace.
    pub(super) const fn is_namespaced(self) -> bool {
        match self {
            Self::Node
            | Self::NodePool
            | Self::NodeClaim
            | Self::Ec2NodeClass
            | Self::PriorityClass
            | Self::PersistentVolume
            | Self::Namespace
            | Self::StorageClass
            | Self::CsiNode => false,
            Self::Pod
            | Self::Deployment
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::ReplicaSet
            | Self::Job
            | Self::CronJob
            | Self::LimitRange
            | Self::PodDisruptionBudget
            | Self::PersistentVolumeClaim
            | Self::Service => true,
        }
    }
}

/// The group of an API version such as `apps/v1`; empty for the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// An object of a kind that is read.
pub(super) trait Kept: Sized {
    /// Its metadata.
    fn metadata(&mut self) -> &mut ObjectMeta;
    /// Where objects of its kind are kept.
    fn list(objects: &mut Objects) -> &mut Vec<Self>;
}

macro_rules! kept {
    ($($type:ty => $list:ident;)*) => {$(
        impl Kept for $type {
            fn metadata(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }

            fn list(objects: &mut Objects) -> &mut Vec<Self> {
                &mut objects.$list
            }
        }
    )*};
}

kept! {
    api::Pod => pods;
    api::Node => nodes;
    api::Deployment => deployments;
    api::StatefulSet => stateful_sets;
    api::DaemonSet => daemon_sets;
    api::ReplicaSet => replica_sets;
    api::Job => jobs;
    api::CronJob => cron_jobs;
    api::NodePool => node_pools;
    api::NodeClaim => node_claims;
    api::Ec2NodeClass => node_classes;
    api::PriorityClass => priority_classes;
    api::LimitRange => limit_ranges;
    api::Namespace => namespaces;
    api::PodDisruptionBudget => disruption_budgets;
    api::PersistentVolumeClaim => volume_claims;
    api::PersistentVolume => volumes;
    api::StorageClass => storage_classes;
    api::CsiNode => csi_nodes;
    api::Service => services;
}
