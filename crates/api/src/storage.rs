//! Volumes and where they are attached, as far as the end of a Node waits for them.

use serde::Deserialize;

use crate::{ObjectMeta, null};

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
}

/// `spec` of a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PersistentVolumeClaimSpec {
    /// The `PersistentVolume`, once it is bound.
    #[serde(deserialize_with = "null::or_default")]
    pub volume_name: String,
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
