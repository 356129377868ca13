//! Rivals: pods that do not share a node with their like.

use crate::RivalsName;

/// Pods of which a node may have one at most: those that carry the same required anti-affinity term
/// over `kubernetes.io/hostname`, in the same namespaces, and match it themselves; or those that ask for
/// the same host port.
///
/// [`crate::PodShape::rivals`] says which groups a pod is in, [`crate::Node::rivals`] which groups
/// have their one pod on a node already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rivals {
    /// Unique among rivals: namespaces and selector, such as `default: app in (web)`.
    pub name: RivalsName,
}
