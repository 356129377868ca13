//! Why a pod goes nowhere: typed codes with the numbers behind them.
//!
//! For each pool, its offerings are told apart by the first of these rules that excludes them:
//! taints, requirements, price, size, limits. Each rule that excludes any gives one reason with the
//! number it excluded, which the checker recounts. Offerings that are too small are reported only
//! where the pool has none that is large enough; then every priced, admitted one is excluded for
//! its size. A pod that has room on an existing or planned node is never left out, so nodes need
//! no reasons of their own.
//!
//! Order within a list: pools in snapshot order; within a pool, in the order of the variants below,
//! then by key or resource.

use crate::{Amount, InstanceTypeName, LabelKey, NodePoolName, ResourceName, Taint};

/// One reason. `excluded` counts offerings (pool × type × zone × capacity type × chosen labels).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is no pool at all.
    NoNodePool,
    /// The pool's requirements admit nothing that the region sells.
    EmptyPool {
        /// The pool.
        pool: NodePoolName,
    },
    /// The pod does not tolerate the pool's first such taint; excludes the whole pool.
    Taint {
        /// The pool.
        pool: NodePoolName,
        /// The first untolerated taint in the pool's order.
        taint: Taint,
        /// How many offerings.
        excluded: u32,
    },
    /// The pod's node selector or required affinity refuses the label `key`. An offering counts
    /// under the smallest failing key of the pod's *first* alternative.
    Requirement {
        /// The pool.
        pool: NodePoolName,
        /// The key.
        key: LabelKey,
        /// How many offerings.
        excluded: u32,
    },
    /// Tolerated and admitted, but the price is unknown.
    Unpriced {
        /// The pool.
        pool: NodePoolName,
        /// How many offerings.
        excluded: u32,
    },
    /// Of those tolerated, admitted and priced, none has enough of `resource`. One reason for each
    /// such resource, each with the same `excluded`: all of them.
    Resource {
        /// The pool.
        pool: NodePoolName,
        /// The resource.
        resource: ResourceName,
        /// What the pod asks for.
        needs: Amount,
        /// The most that any of them has left after overhead and DaemonSets.
        largest: Amount,
        /// The first type by name that has it.
        largest_type: InstanceTypeName,
        /// How many offerings.
        excluded: u32,
    },
    /// Each resource alone is there on some offering, all together on none.
    Combination {
        /// The pool.
        pool: NodePoolName,
        /// How many offerings.
        excluded: u32,
    },
    /// The offering would hold the pod, and buying it would break this limit of the pool as the
    /// plan leaves it; the first broken one by resource name.
    Limit {
        /// The pool.
        pool: NodePoolName,
        /// The limited resource, `nodes` included.
        resource: ResourceName,
        /// The limit.
        limit: Amount,
        /// What existing and planned nodes of the pool take of it.
        used: Amount,
        /// The least that one of the excluded offerings would add.
        least: Amount,
        /// How many offerings.
        excluded: u32,
    },
}

impl Reason {
    /// The stable code for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoNodePool => "no-node-pool",
            Self::EmptyPool { .. } => "empty-pool",
            Self::Taint { .. } => "taint",
            Self::Requirement { .. } => "requirement",
            Self::Unpriced { .. } => "unpriced",
            Self::Resource { .. } => "resource",
            Self::Combination { .. } => "combination",
            Self::Limit { .. } => "limit",
        }
    }
}
