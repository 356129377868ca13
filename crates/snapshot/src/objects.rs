//! Kubernetes objects by kind, as read from JSON or YAML.
//!
//! Input: a source's text. Output: typed objects, and a finding for each that could not be read.

use std::collections::BTreeMap;

/// Objects by kind, in input order; each kind, namespace and name at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// `v1` `Pod`.
    pub pods: Vec<api::Pod>,
    /// `v1` `Node`.
    pub nodes: Vec<api::Node>,
    /// `apps/v1` `Deployment`.
    pub deployments: Vec<api::Deployment>,
    /// `apps/v1` `StatefulSet`.
    pub stateful_sets: Vec<api::StatefulSet>,
    /// `apps/v1` `DaemonSet`.
    pub daemon_sets: Vec<api::DaemonSet>,
    /// `apps/v1` `ReplicaSet`.
    pub replica_sets: Vec<api::ReplicaSet>,
    /// `batch/v1` `Job`.
    pub jobs: Vec<api::Job>,
    /// `batch/v1` `CronJob`.
    pub cron_jobs: Vec<api::CronJob>,
    /// `karpenter.sh/v1` `NodePool`.
    pub node_pools: Vec<api::NodePool>,
    /// `karpenter.k8s.aws/v1` `EC2NodeClass`.
    pub node_classes: Vec<api::Ec2NodeClass>,
    /// `scheduling.k8s.io/v1` `PriorityClass`.
    pub priority_classes: Vec<api::PriorityClass>,
    /// `v1` `LimitRange`.
    pub limit_ranges: Vec<api::LimitRange>,
    /// How many there were of each kind that is not read, by `kind.group`.
    pub others: BTreeMap<String, u64>,
}
