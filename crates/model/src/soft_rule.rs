//! Soft rules between pods: with whom a pod would rather be, from whom away, and how it would rather be spread.
//!
//! As with [`crate::Term`] and [`crate::Spread`], a *domain* is a value of [`SoftRule::key`], and over
//! `kubernetes.io/hostname` every node is one of its own. What counts is where pods are in the end: those that
//! were bound before and those that the plan places; the order in which they come is not looked at.
//!
//! 1. [`SoftAsk::Together`] is satisfied for a carrier where another pod of the selection is in its domain.
//! 2. [`SoftAsk::Apart`] is satisfied where no other pod of the selection is in its domain, and on a node
//!    without the label.
//! 3. Of a [`SoftAsk::Spread`] as many carriers in a domain go without as its pods of the selection exceed the
//!    *least* and the skew together: those whose preferences are worth least. Which nodes count, which domains
//!    are eligible and what the least of them is, is as with [`crate::Spread`]; all pods of the selection count,
//!    whatever they carry. So over hostnames the least is 0.
//! 4. On a node without the label what 1 and 3 ask for goes without.
//!
//! Each rule is priced by itself, see [`crate::Objective::preference`]. What pods carry that are bound is not
//! looked at.

use crate::{LabelKey, NodeInclusion, SelectionIndex};

/// A preferred term of affinity or anti-affinity between pods, or a spread of `ScheduleAnyway`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SoftRule {
    /// The label whose values are the domains.
    pub key: LabelKey,
    /// The pods.
    pub selection: SelectionIndex,
    /// What is asked with regard to them.
    pub asks: SoftAsk,
    /// How much, 1 to 100.
    pub weight: i64,
}

/// What a soft rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SoftAsk {
    /// To be with one of them at least.
    Together,
    /// To be with none of them.
    Apart,
    /// To be where there are not many more of them than elsewhere.
    Spread {
        /// By how many pods a domain may exceed the least, at least 1.
        max_skew: i64,
        /// `nodeAffinityPolicy`.
        node_affinity: NodeInclusion,
        /// `nodeTaintsPolicy`.
        node_taints: NodeInclusion,
    },
}

/// The weight of a spread of `ScheduleAnyway`, which has none in Kubernetes.
pub const SPREAD_WEIGHT: i64 = 100;
