//! An object as a watch gives it: the metadata that a watch needs, and our own lean type.

use std::borrow::Cow;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicResourceScope;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Kind;
use crate::store::Key;

/// An object of kind `T`, or why it cannot be read as one.
///
/// Reading an object never fails as long as it has metadata, so that a broken one does not stop the list
/// that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Watched<T> {
    /// Name, namespace, UID and version alone.
    meta: ObjectMeta,
    object: Result<T, Arc<str>>,
}

impl<T: Kind> Watched<T> {
    /// Where the object is kept.
    pub(crate) fn key(&self) -> Key {
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().into();
        (text(&self.meta.namespace), text(&self.meta.name))
    }

    /// The object.
    pub(crate) fn into_object(self) -> Result<T, Arc<str>> {
        self.object
    }

    /// The same, with a line in the log where it cannot be read.
    pub(crate) fn noting(self) -> Self {
        if let Err(error) = &self.object {
            let (namespace, name) = self.key();
            tracing::warn!(
                controller = "watch",
                kind = T::KIND,
                %namespace,
                %name,
                %error,
                "object cannot be read; correct the field, the others are not affected"
            );
        }
        self
    }
}

impl<'de, T: Kind> Deserialize<'de> for Watched<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// What a watch needs to go on.
        #[derive(Deserialize)]
        struct Head {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Metadata {
            name: Option<String>,
            namespace: Option<String>,
            uid: Option<String>,
            resource_version: Option<String>,
        }
        let value = Value::deserialize(deserializer)?;
        let Head { metadata } = Head::deserialize(&value).map_err(serde::de::Error::custom)?;
        let Metadata { name, namespace, uid, resource_version } = metadata;
        let meta = ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() };
        let object = T::deserialize(&value).map_err(|error| error.to_string().into());
        Ok(Self { meta, object })
    }
}

impl<T: Kind> kube::Resource for Watched<T> {
    type DynamicType = ();
    type Scope = DynamicResourceScope;

    fn kind(&(): &()) -> Cow<'_, str> {
        T::KIND.into()
    }

    fn group(&(): &()) -> Cow<'_, str> {
        T::GROUP.into()
    }

    fn version(&(): &()) -> Cow<'_, str> {
        T::VERSION.into()
    }

    fn plural(&(): &()) -> Cow<'_, str> {
        T::PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_without_metadata_is_no_object() {
        let broken = serde_json::from_value::<Watched<api::Pod>>(json!({"spec": {}}));
        assert!(broken.is_err());
    }

    #[test]
    fn metadata_is_read_from_what_cannot_be_read_as_a_whole() {
        let pod =
            json!({"metadata": {"name": "a", "namespace": "b", "resourceVersion": "7"}, "spec": 1});
        let pod: Watched<api::Pod> = serde_json::from_value(pod).unwrap();
        assert_eq!(pod.key(), ("b".into(), "a".into()));
        assert_eq!(pod.meta.resource_version.as_deref(), Some("7"));
        assert!(pod.into_object().is_err());
    }
}
