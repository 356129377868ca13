//! What every object carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Unread, null};

/// `metadata`, as far as it is read or written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Unique within kind and namespace.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What the API server makes a name from, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_name: Option<String>,
    /// `None` for cluster-scoped objects, and in manifests that leave it to `kubectl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Given by the API server: only objects that it has admitted have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<Box<str>>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Box<str>>,
    /// RFC 3339; set once the object is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Box<str>>,
    /// Changes with every write; a precondition of the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<Box<str>>,
    /// Who must let go before the object is gone.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// Counts changes of the spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// Labels.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations but for `kubectl.kubernetes.io/last-applied-configuration`, which repeats the
    /// whole object.
    #[serde(deserialize_with = "annotations", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Owners; at most one of them is the controller.
    #[serde(deserialize_with = "null::or_default", skip_serializing_if = "Vec::is_empty")]
    pub owner_references: Vec<OwnerReference>,
    /// Of `managedFields`, the managers of `status.nominatedNodeName`: who wrote it last, or several
    /// who wrote the same.
    #[serde(rename = "managedFields", deserialize_with = "nominators", skip_serializing)]
    pub nominators: Vec<Box<str>>,
}

impl ObjectMeta {
    /// The owner that manages this object.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }
}

/// A reference to an owner in the same namespace, or to a cluster-scoped one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Such as `apps/v1`.
    #[serde(deserialize_with = "null::or_default")]
    pub api_version: Box<str>,
    /// Such as `ReplicaSet`.
    #[serde(deserialize_with = "null::or_default")]
    pub kind: Box<str>,
    /// The owner's name.
    #[serde(deserialize_with = "null::or_default")]
    pub name: Box<str>,
    /// The owner's UID.
    #[serde(deserialize_with = "null::or_default")]
    pub uid: Box<str>,
    /// Whether it is the managing controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
    /// Whether the owner stays until this object is gone, where the owner is deleted in the foreground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_owner_deletion: Option<bool>,
}

/// An entry of `status.conditions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// Such as `Ready`.
    #[serde(rename = "type", deserialize_with = "null::or_default")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "null::or_default")]
    pub status: String,
    /// A word for programs.
    #[serde(deserialize_with = "null::or_default")]
    pub reason: String,
    /// A sentence for people.
    #[serde(deserialize_with = "null::or_default")]
    pub message: String,
    /// When `status` last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Box<str>>,
    /// The generation of the object that it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// An entry of `managedFields`, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ManagedFields {
    #[serde(deserialize_with = "null::or_default")]
    manager: Box<str>,
    #[serde(rename = "fieldsV1", deserialize_with = "null::or_default")]
    fields: Fields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(rename = "f:status", deserialize_with = "null::or_default")]
    status: StatusFields,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatusFields {
    #[serde(rename = "f:nominatedNodeName")]
    nominated_node_name: Option<Unread>,
}

fn nominators<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<str>>, D::Error> {
    let entries: Vec<ManagedFields> = null::or_default(deserializer)?;
    let entries = entries.into_iter().filter(|one| one.fields.status.nominated_node_name.is_some());
    Ok(entries.map(|one| one.manager).collect())
}

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn annotations<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    let mut annotations: BTreeMap<String, String> = null::or_default(deserializer)?;
    annotations.remove(LAST_APPLIED);
    Ok(annotations)
}
