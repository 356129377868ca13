//! What makes pods.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Condition, LabelSelector, ObjectMeta, PodTemplate, VolumeClaimTemplate, null};

/// An `apps/v1` `Deployment`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Deployment {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// How many of what.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: ReplicatedSpec,
}

/// An `apps/v1` `ReplicaSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSet {
    /// Name, namespace and owner.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// How many of what.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: ReplicatedSpec,
}

/// `spec` of a Deployment or ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicatedSpec {
    /// How many; 1 where absent.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    pub selector: Option<LabelSelector>,
    /// Of what.
    #[serde(deserialize_with = "null::or_default")]
    pub template: PodTemplate,
}

/// An `apps/v1` `StatefulSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSet {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// How many of what.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: StatefulSetSpec,
}

/// `spec` of a StatefulSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetSpec {
    /// How many; 1 where absent.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    pub selector: Option<LabelSelector>,
    /// Of what.
    #[serde(deserialize_with = "null::or_default")]
    pub template: PodTemplate,
    /// A volume for each pod.
    #[serde(deserialize_with = "null::or_default")]
    pub volume_claim_templates: Vec<VolumeClaimTemplate>,
}

/// A `v1` `Service`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What it leads to.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: ServiceSpec,
}

/// `spec` of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// Labels of its pods; a Service without any leads to none that it chooses.
    pub selector: Option<BTreeMap<String, String>>,
}

/// An `apps/v1` `DaemonSet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DaemonSet {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What runs on each node.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: DaemonSetSpec,
}

/// `spec` of a DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DaemonSetSpec {
    /// What runs on each node.
    #[serde(deserialize_with = "null::or_default")]
    pub template: PodTemplate,
}

/// A `batch/v1` `Job`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    /// Name, namespace and owner.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// How many of what.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: JobSpec,
    /// How far it got.
    #[serde(deserialize_with = "null::or_default")]
    pub status: JobStatus,
}

/// `spec` of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobSpec {
    /// How many at once; 1 where absent.
    pub parallelism: Option<i32>,
    /// How many in all; where absent, as many as it takes.
    pub completions: Option<i32>,
    /// Whether it is held.
    #[serde(deserialize_with = "null::or_default")]
    pub suspend: bool,
    /// Of what.
    #[serde(deserialize_with = "null::or_default")]
    pub template: PodTemplate,
}

/// `status` of a Job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobStatus {
    /// Pods that are done.
    #[serde(deserialize_with = "null::or_default")]
    pub succeeded: i32,
    /// `Complete` or `Failed` once it is over.
    #[serde(deserialize_with = "null::or_default")]
    pub conditions: Vec<Condition>,
}

/// A `batch/v1` `CronJob`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJob {
    /// Name and namespace.
    #[serde(deserialize_with = "null::or_default")]
    pub metadata: ObjectMeta,
    /// What is run when.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: CronJobSpec,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJobSpec {
    /// When, in cron's five fields.
    #[serde(deserialize_with = "null::or_default")]
    pub schedule: String,
    /// Whether it is held.
    #[serde(deserialize_with = "null::or_default")]
    pub suspend: bool,
    /// What is run.
    #[serde(deserialize_with = "null::or_default")]
    pub job_template: JobTemplate,
}

/// `spec.jobTemplate` of a CronJob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobTemplate {
    /// The run.
    #[serde(deserialize_with = "null::or_default")]
    pub spec: JobSpec,
}
