//! Terms of required affinity and anti-affinity between pods: pods of a selection over the domains of a
//! label.
//!
//! A *domain* is a value of [`Term::key`]; over `kubernetes.io/hostname` every node is one of its own. All
//! nodes count, whether or not they take pods. Pods of the selection are *there* where they are bound
//! or planned. Whoever carries a term [`crate::PodRules::together`] goes where its pods are; whoever
//! carries one [`crate::PodRules::apart`] goes where none is, and keeps them out.
//!
//! 1. A plan may put a carrier of a term it has together into a domain where a pod of the selection was
//!    bound before, or where one is planned that does not carry the term. Where none was bound anywhere,
//!    carriers may be in one domain more, some of the selection among them: the first of these is bound
//!    before all others of the selection, as kube-scheduler lets it. A node without the label is no
//!    domain, and takes no carrier.
//! 2. All planned pods can be bound one after another so that each finds what it goes with: no two wait
//!    for each other.
//! 3. A plan puts no pod into a domain where it carries a term apart and another pod of the selection is
//!    there, or where it is of the selection and another pod there carries the term. On a node without
//!    the label nobody keeps apart.
//! 4. A pod that is left out may still come last: where, all others being bound, one is that it goes with,
//!    or where none of these is anywhere and it is one itself; and where 3 lets it.

use crate::{LabelKey, SelectionIndex};

/// Pods of a selection over the domains of a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The label whose values are the domains.
    pub key: LabelKey,
    /// The pods.
    pub selection: SelectionIndex,
}
