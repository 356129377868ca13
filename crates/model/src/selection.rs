//! Selections: pods that rules between pods count.

use crate::SelectionName;

/// Pods by namespaces and labels, as some rule of a pod selects them.
///
/// [`crate::PodRules::matches`] says which selections a pod is in, [`crate::Node::matched`] how many
/// pods of each are on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// Unique among selections: namespaces and selector, such as `default: app In [web]`.
    pub name: SelectionName,
}
