//! Kubernetes and Karpenter API types as they come over the wire.
//!
//! Pure serde, camelCase, quantities and durations kept as written. The core kinds hold only what
//! scheduling looks at: a list of 50,000 pods takes 887 MB in the full generated types and a small
//! part of that here. The Karpenter kinds hold every field of their specs, so that a reader can
//! tell an unknown field from one it does not honour yet.
//!
//! `null` reads as absent everywhere, as the API server reads it. Nothing is validated here beyond
//! the JSON types.

mod affinity;
pub mod crd;
pub mod drift;
mod ec2_node_class;
mod meta;
pub mod names;
mod node;
mod node_claim;
mod node_pool;
mod null;
mod pod;
mod policy;
mod quantity;
mod storage;
mod workload;

pub use affinity::{
    Affinity, LabelSelector, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
    PodAffinity, PodAffinityTerm, PreferredTerm, WeightedPodAffinityTerm,
};
pub use ec2_node_class::{
    AmiSelectorTerm, AmiStatus, BlockDevice, BlockDeviceMapping, CapacityReservationSelectorTerm,
    CapacityReservationStatus, ConnectionTracking, CpuOptions, Ec2NodeClass, Ec2NodeClassSpec,
    Ec2NodeClassStatus, EnclaveOptions, MetadataOptions, NetworkInterface, PlacementGroupSelector,
    SecurityGroupSelectorTerm, SecurityGroupStatus, SubnetSelectorTerm, SubnetStatus,
};
pub use meta::{Condition, ObjectMeta, OwnerReference};
pub use node::{Node, NodeSpec, NodeStatus, Taint};
pub use node_claim::{NodeClaim, NodeClaimResources, NodeClaimSpec, NodeClaimStatus};
pub use node_pool::{
    Budget, Disruption, NodeClaimTemplate, NodeClaimTemplateSpec, NodeClassReference, NodePool,
    NodePoolRequirement, NodePoolSpec, NodePoolStatus, TemplateMeta,
};
pub use null::Unread;
pub use pod::{
    Container, ContainerPort, Pod, PodSpec, PodStatus, PodTemplate, ResourceRequirements,
    Toleration, TopologySpreadConstraint, Volume, VolumeClaimRef,
};
pub use policy::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, PodDisruptionBudget,
    PodDisruptionBudgetSpec, PodDisruptionBudgetStatus, PriorityClass,
};
pub use quantity::{QuantityText, ResourceList};
pub use storage::{
    CsiNode, CsiNodeDriver, CsiNodeSpec, CsiVolume, EbsVolume, PersistentVolume,
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
    PersistentVolumeSpec, StorageClass, TopologySelectorExpression, TopologySelectorTerm,
    VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec, VolumeClaimTemplate,
    VolumeNodeAffinity, VolumeNodeResources,
};
pub use workload::{
    CronJob, CronJobSpec, DaemonSet, DaemonSetSpec, Deployment, Job, JobSpec, JobStatus,
    JobTemplate, ReplicaSet, ReplicatedSpec, Service, ServiceSpec, StatefulSet, StatefulSetSpec,
};
