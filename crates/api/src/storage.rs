//! Volumes: where they can be used from, and where they are attached.

use serde::Deserialize;

use crate::{NodeSelector, ObjectMeta, null};

/// A `v1` `PersistentVolumeClaim`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeClaim {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// Its volume.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PersistentVolumeClaimSpec,
    /// What became of it.
    #[serde(deserialize_with = "null::or_default")]
    pub status: PersistentVolumeClaimStatus,
}

/// `spec` of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeClaimSpec {
    /// The `PersistentVolume`, once it is bound.
    #[serde(deserialize_with = "null::or_default")]
    pub volume_name: String,
    /// The `StorageClass` that makes one.
    pub storage_class_name: Option<String>,
}

/// `status` of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeClaimStatus {
    /// `Pending`, `Bound` or `Lost`.
    #[serde(deserialize_with = "null::or_default")]
    pub phase: String,
}

/// A `v1` `PersistentVolume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolume {
    /// Its name.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What it is.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PersistentVolumeSpec,
}

/// `spec` of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeSpec {
    /// The nodes that it can be used from.
    pub node_affinity: Option<VolumeNodeAffinity>,
    /// The volume of a CSI driver that it is.
    pub csi: Option<CsiVolume>,
    /// The EBS volume that it is, in the form from before CSI.
    pub aws_elastic_block_store: Option<EbsVolume>,
}

/// `spec.csi` of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiVolume {
    /// The driver, such as `ebs.csi.aws.com`.
    #[serde(deserialize_with = "null::or_default")]
    pub driver: String,
    /// What the driver calls it.
    #[serde(deserialize_with = "null::or_default")]
    pub volume_handle: String,
}

/// `spec.awsElasticBlockStore` of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EbsVolume {
    /// What EBS calls it.
    #[serde(rename = "volumeID", deserialize_with = "null::or_default")]
    pub volume_id: String,
}

/// `spec.nodeAffinity` of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeNodeAffinity {
    /// One of its terms must hold.
    pub required: Option<NodeSelector>,
}

/// A `storage.k8s.io/v1` `StorageClass`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageClass {
    /// Its name.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// The CSI driver that makes its volumes, or a name from before CSI such as `kubernetes.io/aws-ebs`.
    #[serde(deserialize_with = "null::or_default")]
    pub provisioner: String,
    /// `Immediate` where absent, or `WaitForFirstConsumer`.
    pub volume_binding_mode: Option<String>,
    /// Where volumes may be made; anywhere where there is none.
    #[serde(deserialize_with = "null::or_default")]
    pub allowed_topologies: Vec<TopologySelectorTerm>,
}

/// Conditions on labels of a node that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySelectorTerm {
    /// The conditions.
    #[serde(deserialize_with = "null::or_default")]
    pub match_label_expressions: Vec<TopologySelectorExpression>,
}

/// A label that has one of some values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologySelectorExpression {
    /// The label.
    #[serde(deserialize_with = "null::or_default")]
    pub key: String,
    /// The values.
    #[serde(deserialize_with = "null::or_default")]
    pub values: Vec<String>,
}

/// A `storage.k8s.io/v1` `VolumeAttachment`: it is there until the volume is detached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeAttachment {
    /// Its name.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What is attached where.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: VolumeAttachmentSpec,
}

/// `spec` of an attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeAttachmentSpec {
    /// The Node.
    #[serde(deserialize_with = "null::or_default")]
    pub node_name: String,
    /// The volume.
    #[serde(deserialize_with = "null::or_default")]
    pub source: VolumeAttachmentSource,
}

/// `spec.source` of an attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeAttachmentSource {
    /// The `PersistentVolume`; `None` for one that is written in the pod itself.
    pub persistent_volume_name: Option<String>,
}

/// A `storage.k8s.io/v1` `CSINode`: what the CSI drivers on the Node of its name say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiNode {
    /// The Node's name.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What they say.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: CsiNodeSpec,
}

/// `spec` of a `CSINode`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiNodeSpec {
    /// The drivers that run there.
    #[serde(deserialize_with = "null::or_default")]
    pub drivers: Vec<CsiNodeDriver>,
}

/// `spec.drivers[]` of a `CSINode`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiNodeDriver {
    /// The driver, such as `ebs.csi.aws.com`.
    #[serde(deserialize_with = "null::or_default")]
    pub name: Box<str>,
    /// How many of its volumes the node takes.
    #[serde(deserialize_with = "null::or_default")]
    pub allocatable: VolumeNodeResources,
}

/// `spec.drivers[].allocatable` of a `CSINode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeNodeResources {
    /// Volumes at most; any number where absent.
    pub count: Option<i32>,
}

/// `spec.volumeClaimTemplates[]` of a StatefulSet: a claim that each of its pods gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeClaimTemplate {
    /// The claim.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: PersistentVolumeClaimSpec,
}
