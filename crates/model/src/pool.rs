//! Node pools: which nodes may be opened, and how many.

use crate::{LabelKey, Labels, NodeClassIndex, NodePoolName, Requirements, Resources, Taint};

/// A `karpenter.sh/v1` `NodePool` that may open nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePool {
    /// Its name.
    pub name: NodePoolName,
    /// 0 to 100; a greater weight opens nodes first.
    pub weight: i32,
    /// What its nodes must be: `spec.template.spec.requirements`, template labels not included.
    pub requirements: Requirements,
    /// Of each of these labels, by key, a new node has so many values open to it, at least: `minValues`
    /// of the requirements, where they bind. *Open* are the values of the pool's offerings that have a
    /// price, agree with the node's own in every label of [`crate::Snapshot::domain_keys`], admit each of
    /// its pods by their labels and have room for all of them together. Limits and supplies are not
    /// looked at, and neither are nodes that are there.
    pub min_values: Vec<(LabelKey, i64)>,
    /// `spec.template.metadata.labels`.
    pub labels: Labels,
    /// Taints that stay; startup taints are not here, as they are gone before pods arrive.
    pub taints: Vec<Taint>,
    /// Most capacity that all its nodes together may have, `nodes` counting nodes. `None`: no
    /// limit. A resource that is absent is unlimited; one that is listed as zero allows none, so
    /// this is a list and not [`Resources`], which drops zeros.
    pub limits: Vec<(crate::ResourceName, crate::Amount)>,
    /// Its node class.
    pub node_class: NodeClassIndex,
    /// Capacity of its nodes that exist, are being launched or are being deleted, with
    /// `nodes` counting them; counted against `limits`.
    pub used: Resources,
}
