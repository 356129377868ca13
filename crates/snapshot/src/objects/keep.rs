//! From one object's text to the object, kept in the list of its kind.
//!
//! Input: the JSON text of an object and what it says it is. Output: the object in [`Objects`], or
//! a finding that names object, field and remedy.
//!
//! [`Objects`]: crate::Objects

use std::collections::BTreeSet;

use model::{Finding, FindingCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Place;
use super::json::plain;
use super::kind::{Kept, Kind, group};
use crate::Inputs;

/// Kind, namespace and name of all objects so far.
type Seen = BTreeSet<(Kind, String, String)>;

/// Reads one object and keeps it, or says why not.
pub(super) fn object(
    api_version: &str,
    kind: &str,
    text: &str,
    place: &Place<'_>,
    seen: &mut Seen,
    into: &mut Inputs,
) {
    let Some(kind) = Kind::find(kind, api_version) else {
        let name = match group(api_version) {
            "" => kind.to_owned(),
            group => format!("{kind}.{group}"),
        };
        *into.objects.others.entry(name).or_default() += 1;
        return;
    };
    let mut keeper = Keeper { kind, text, place, seen, into };
    if api_version != kind.api_version() {
        let message = format!(
            "apiVersion {api_version:?} is not read: {} is read as {:?}",
            kind.name(),
            kind.api_version()
        );
        let remedy = format!("convert it to {:?}", kind.api_version());
        keeper.reject("apiVersion", &message, &remedy);
        return;
    }
    keeper.keep();
}

struct Keeper<'a> {
    kind: Kind,
    text: &'a str,
    place: &'a Place<'a>,
    seen: &'a mut Seen,
    into: &'a mut Inputs,
}

impl Keeper<'_> {
    fn keep(&mut self) {
        match self.kind {
            Kind::Pod => self.keep_as::<api::Pod>(),
            Kind::Node => self.keep_as::<api::Node>(),
            Kind::Deployment => self.keep_as::<api::Deployment>(),
            Kind::StatefulSet => self.keep_as::<api::StatefulSet>(),
            Kind::DaemonSet => self.keep_as::<api::DaemonSet>(),
            Kind::ReplicaSet => self.keep_as::<api::ReplicaSet>(),
            Kind::Job => self.keep_as::<api::Job>(),
            Kind::CronJob => self.keep_as::<api::CronJob>(),
            Kind::NodePool => {
                self.report_unknown_fields::<api::NodePool>();
                self.keep_as::<api::NodePool>();
            }
            Kind::NodeClaim => self.keep_as::<api::NodeClaim>(),
            Kind::Ec2NodeClass => {
                self.report_unknown_fields::<api::Ec2NodeClass>();
                self.keep_as::<api::Ec2NodeClass>();
            }
            Kind::PriorityClass => self.keep_as::<api::PriorityClass>(),
            Kind::LimitRange => self.keep_as::<api::LimitRange>(),
            Kind::Namespace => self.keep_as::<api::Namespace>(),
            Kind::PodDisruptionBudget => self.keep_as::<api::PodDisruptionBudget>(),
            Kind::PersistentVolumeClaim => self.keep_as::<api::PersistentVolumeClaim>(),
            Kind::PersistentVolume => self.keep_as::<api::PersistentVolume>(),
            Kind::StorageClass => self.keep_as::<api::StorageClass>(),
            Kind::CsiNode => self.keep_as::<api::CsiNode>(),
            Kind::Service => self.keep_as::<api::Service>(),
        }
    }

    fn keep_as<T: Kept + DeserializeOwned>(&mut self) {
        let mut object: T = match serde_json::from_str(self.text) {
            Ok(object) => object,
            Err(error) => {
                // Tracking the path costs time, so only what is broken is read that way.
                let field = field_of_error::<T>(self.text);
                let message = plain(&error);
                // YAML takes an unquoted `on`, `y` or `8` for something else than text.
                let remedy = if message.ends_with("expected a string") {
                    "put the value in quotes; the object was left out"
                } else {
                    "correct the field; the object was left out"
                };
                self.reject(&field, &message, remedy);
                return;
            }
        };
        let kept = T::list(&mut self.into.objects).len();
        let metadata = object.metadata();
        if metadata.name.is_empty()
            && let Some(start) = &metadata.generate_name
        {
            metadata.name = format!("{start}{kept}");
        }
        if metadata.name.is_empty() {
            self.reject("metadata.name", "is missing", "give it a name");
            return;
        }
        metadata.namespace = self.kind.is_namespaced().then(|| {
            let given = metadata.namespace.take().filter(|name| !name.is_empty());
            given.unwrap_or_else(|| "default".to_owned())
        });
        let namespace = metadata.namespace.clone().unwrap_or_default();
        if !self.seen.insert((self.kind, namespace, metadata.name.clone())) {
            let message = "is given a second time; the first one counts";
            self.reject("metadata.name", message, "give each object once");
            return;
        }
        T::list(&mut self.into.objects).push(object);
    }

    fn reject(&mut self, field: &str, message: &str, remedy: &str) {
        self.into.findings.push(Finding {
            code: FindingCode::BadInput,
            object: self.name(),
            field: field.to_owned(),
            message: format!("{message} ({})", self.place),
            remedy: remedy.to_owned(),
            count: 1,
        });
    }

    /// Kind and name as far as they can be read.
    fn name(&self) -> String {
        #[derive(Deserialize)]
        struct Named {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            name: String,
            namespace: Option<String>,
        }
        let kind = self.kind.name();
        match serde_json::from_str(self.text) {
            Ok(Named { metadata }) if self.kind.is_namespaced() => format!(
                "{kind} {}/{}",
                metadata.namespace.as_deref().unwrap_or("default"),
                metadata.name
            ),
            Ok(Named { metadata }) => format!("{kind} {}", metadata.name),
            Err(_) => format!("{kind} without a name"),
        }
    }

    /// The API server drops unknown fields; here each is told, as it is most often a typing error
    /// or a field of a later version.
    fn report_unknown_fields<T: DeserializeOwned>(&mut self) {
        let mut unknown = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        // What cannot be read is reported by the reading that follows.
        let _: Result<T, _> = serde_ignored::deserialize(&mut deserializer, |path| {
            let path = readable(&path.to_string());
            if path.starts_with("spec.") || path == "spec" {
                unknown.push(path);
            }
        });
        let object = self.name();
        self.into.findings.extend(unknown.into_iter().map(|field| Finding {
            code: FindingCode::BadField,
            object: object.clone(),
            field,
            message: "is not a field of this kind; it was ignored".to_owned(),
            remedy: format!(
                "correct or remove it; read are the fields of {}",
                self.kind.api_version()
            ),
            count: 1,
        }));
    }
}

fn field_of_error<T: DeserializeOwned>(text: &str) -> String {
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Ok(_) => String::new(),
        Err(error) => error.path().to_string(),
    }
}

/// `spec.?.template.?.taints.?.0.key` as `spec.template.taints[0].key`: the wrapper counts a level
/// for every value that may be null.
fn readable(path: &str) -> String {
    let mut readable = String::new();
    for step in path.split('.').filter(|step| *step != "?") {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            readable = format!("{readable}[{step}]");
        } else if readable.is_empty() {
            readable.push_str(step);
        } else {
            readable = format!("{readable}.{step}");
        }
    }
    readable
}
