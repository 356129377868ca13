//! Which workloads have pods in the input.
//!
//! Input: pods and the objects between them and their workloads. Output: every workload that owns a
//! pod, directly or through a ReplicaSet or Job that need not be in the input itself.

use std::collections::BTreeSet;

use api::{ObjectMeta, OwnerReference, Pod};

use crate::Objects;

/// Kind, namespace and name of a workload.
type Key<'a> = (&'a str, &'a str, &'a str);

/// Workloads that own pods or other workloads in the input.
#[derive(Debug, Default)]
pub(super) struct Owners<'a> {
    with_pods: BTreeSet<Key<'a>>,
    with_jobs: BTreeSet<Key<'a>>,
    deployments: BTreeSet<Key<'a>>,
}

impl<'a> Owners<'a> {
    /// Follows the owners of all pods, finished ones included: their workload has run.
    pub(super) fn new(objects: &'a Objects) -> Self {
        let mut owners = Self::default();
        let replica_sets = managed(objects.replica_sets.iter().map(|set| &set.metadata));
        let jobs = managed(objects.jobs.iter().map(|job| &job.metadata));
        for pod in &objects.pods {
            let Some(owner) = pod.metadata.controller() else {
                continue;
            };
            let namespace = namespace(&pod.metadata);
            let key = (&*owner.kind, namespace, &*owner.name);
            if !owners.with_pods.insert(key) {
                continue;
            }
            let between = match &*owner.kind {
                "ReplicaSet" => &replica_sets,
                "Job" => &jobs,
                _ => continue,
            };
            let above = between
                .range((namespace, &*owner.name, "", "")..)
                .next()
                .filter(|(of, name, _, _)| (*of, *name) == (namespace, &*owner.name))
                .map(|(_, _, kind, name)| (*kind, *name))
                .or_else(|| guess(pod, owner));
            if let Some((kind, name)) = above {
                owners.with_pods.insert((kind, namespace, name));
            }
        }
        owners.with_jobs =
            jobs.iter().map(|(namespace, _, kind, name)| (*kind, *namespace, *name)).collect();
        owners.deployments = objects
            .deployments
            .iter()
            .map(|deployment| {
                let metadata = &deployment.metadata;
                ("Deployment", namespace(metadata), metadata.name.as_str())
            })
            .collect();
        owners
    }

    /// Whether the input holds pods of this workload.
    pub(super) fn has_pods(&self, kind: &str, metadata: &ObjectMeta) -> bool {
        self.with_pods.contains(&(kind, namespace(metadata), metadata.name.as_str()))
    }

    /// Whether the input holds Jobs of this CronJob.
    pub(super) fn has_jobs(&self, metadata: &ObjectMeta) -> bool {
        self.with_jobs.contains(&("CronJob", namespace(metadata), metadata.name.as_str()))
    }

    /// Whether this ReplicaSet belongs to a Deployment that is in the input.
    pub(super) fn is_of_deployment(&self, replica_set: &ObjectMeta) -> bool {
        replica_set.controller().is_some_and(|owner| {
            self.deployments.contains(&(&*owner.kind, namespace(replica_set), &*owner.name))
        })
    }
}

/// The namespace of an object that has one.
pub(super) fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or("default")
}

/// Namespace and name of objects with a controller, and its kind and name.
fn managed<'a>(
    objects: impl Iterator<Item = &'a ObjectMeta>,
) -> BTreeSet<(&'a str, &'a str, &'a str, &'a str)> {
    objects
        .filter_map(|metadata| {
            let owner = metadata.controller()?;
            let name = metadata.name.as_str();
            Some((namespace(metadata), name, &*owner.kind, &*owner.name))
        })
        .collect()
}

/// The workload above an owner that is not in the input, by the names that the controllers give:
/// a ReplicaSet is `<deployment>-<pod-template-hash>`, a CronJob's Job `<cronjob>-<minute>`.
fn guess<'a>(pod: &'a Pod, owner: &'a OwnerReference) -> Option<(&'static str, &'a str)> {
    let (name, suffix) = owner.name.rsplit_once('-')?;
    if &*owner.kind == "ReplicaSet" {
        let hash = pod.metadata.labels.get("pod-template-hash")?;
        return (hash == suffix).then_some(("Deployment", name));
    }
    let is_minute = suffix.len() >= 8 && suffix.bytes().all(|byte| byte.is_ascii_digit());
    is_minute.then_some(("CronJob", name))
}
