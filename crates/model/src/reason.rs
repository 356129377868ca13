//! Why a pod goes nowhere: typed codes with the numbers behind them.
//!
//! The list of a shape is a function of the snapshot and of the nodes that the plan buys, so planner
//! and checker compute it each by itself:
//!
//! 1. Without any pool the list is [`Reason::NoNodePool`] alone.
//! 2. Otherwise pools are taken in snapshot order, and each gives its own reasons; it gives at least
//!    one. The offerings of a pool are the entries of [`crate::Snapshot::offerings`] that name it.
//! 3. A pool without offerings gives [`Reason::EmptyPool`] alone, whatever its taints.
//! 4. A pool with a taint that the pod does not tolerate gives [`Reason::Taint`] alone.
//! 5. Each offering is put under the first rule that excludes it. *Refused*: no alternative admits
//!    its labels ([`crate::Snapshot::labels_of`]). Else *unpriced*: its listing has no price. Else it
//!    is a *candidate*.
//! 6. A candidate *holds* the pod where each amount of [`crate::PodShape::requests`] is at most the
//!    same resource of the offering's room (capacity less overhead less DaemonSets, a resource that
//!    is not listed being zero). If no candidate holds it, all candidates together are excluded for
//!    their size: one [`Reason::Resource`] for each requested resource that no candidate has enough
//!    of, or one [`Reason::Combination`] where there is no such resource.
//! 7. If some candidate holds the pod, those too small are not reported. One that holds it and to which
//!    fewer values of a label are open than its pool asks for ([`crate::NodePool::min_values`]), the pod
//!    being alone, counts under the first such label. Each other that holds it *adds*,
//!    per limited resource, its machine's raw capacity of it (1 for `nodes`), and breaks a limit where
//!    used + added > limit, also where it adds nothing to a limit that is already exceeded. It counts
//!    under the first limit by resource name that it breaks (where one resource is limited twice, the
//!    lower limit). One that breaks none and draws on a supply ([`crate::Listing::supply`]) of which
//!    the plan takes every unit counts under that supply. One that breaks none and draws on none that
//!    is used up is asked for spreads: it counts under the first spread of the pod, in order, that
//!    refuses its domain as the plan leaves it, or else under that of planned pods there, the smallest
//!    by what [`Reason::Spread`] tells of it ([`crate::Spread`], point 6). One that no spread refuses is
//!    asked for terms between pods ([`crate::Term`], point 4): it counts under the smallest reason by
//!    what it tells of a term that keeps the pod away, affinity before anti-affinity. One that none
//!    refuses could be bought: then the pod may not be left out at all.
//!
//! A rule that excludes nothing gives no reason. A pod that has room on an existing or planned node
//! is never left out, so nodes need no reasons of their own; planned ones of pools that ask for several
//! values aside, where room may be kept for their sake.
//!
//! Order within a list: pools in snapshot order; within a pool, in the order of the variants below,
//! then by key, resource or supply, bytewise; spreads and terms by what the reason tells of them.

use std::fmt;

use crate::wording::wording;
use crate::{
    Amount, InstanceTypeName, LabelKey, LabelValue, NodePoolName, ResourceName, SelectionName,
    SupplyName, Taint,
};

/// One reason. `excluded` counts offerings (pool × type × zone × capacity type × chosen labels).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is no pool at all.
    NoNodePool,
    /// The pool has no offerings: its requirements admit nothing that the region sells.
    EmptyPool {
        /// The pool.
        pool: NodePoolName,
    },
    /// The pod does not tolerate the pool's first such taint; excludes the whole pool.
    Taint {
        /// The pool.
        pool: NodePoolName,
        /// The first untolerated taint in the pool's order; never `PreferNoSchedule`.
        taint: Taint,
        /// How many offerings: all of the pool.
        excluded: u32,
    },
    /// The pod's node selector or required affinity refuses the label `key`. A refused offering (no
    /// alternative admits it) counts under the smallest failing key of the pod's *first* alternative.
    Requirement {
        /// The pool.
        pool: NodePoolName,
        /// The key.
        key: LabelKey,
        /// How many offerings count under `key`.
        excluded: u32,
    },
    /// Tolerated and admitted, but the price is unknown.
    Unpriced {
        /// The pool.
        pool: NodePoolName,
        /// How many offerings.
        excluded: u32,
    },
    /// No candidate has enough of `resource`. One reason for each such resource, each with the same
    /// `excluded`.
    Resource {
        /// The pool.
        pool: NodePoolName,
        /// The resource.
        resource: ResourceName,
        /// What the pod asks for.
        needs: Amount,
        /// The greatest room of any candidate, after overhead and DaemonSets; zero where none has the
        /// resource, below zero where DaemonSets ask for more than there is.
        largest: Amount,
        /// The first type by name that has exactly it, among the candidates.
        largest_type: InstanceTypeName,
        /// How many candidates: all.
        excluded: u32,
    },
    /// Each resource alone is there on some candidate, all together on none.
    Combination {
        /// The pool.
        pool: NodePoolName,
        /// How many candidates: all.
        excluded: u32,
    },
    /// These candidates would hold the pod, and the pool asks for more values of `key` than are open to
    /// a node of any of them.
    MinValues {
        /// The pool.
        pool: NodePoolName,
        /// The label.
        key: LabelKey,
        /// How many values the pool asks for.
        least: i64,
        /// The most that are open to one of these candidates.
        open: i64,
        /// How many candidates count under `key`.
        excluded: u32,
    },
    /// These candidates would hold the pod, and buying any of them would break this limit of the pool
    /// as the plan leaves it, and no limit of a resource with a smaller name.
    Limit {
        /// The pool.
        pool: NodePoolName,
        /// The limited resource, `nodes` included.
        resource: ResourceName,
        /// The limit.
        limit: Amount,
        /// What existing and planned nodes of the pool take of it: [`crate::NodePool::used`] plus what
        /// every new node of the plan in this pool adds.
        used: Amount,
        /// The least that one of the offerings counted here would add; 1 for `nodes`.
        least: Amount,
        /// How many candidates count under this limit.
        excluded: u32,
    },
    /// These candidates would hold the pod and break no limit, and the plan takes all there is of
    /// the supply that they draw on.
    Supply {
        /// The pool.
        pool: NodePoolName,
        /// The supply.
        supply: SupplyName,
        /// How many units there were before the plan, which takes all of them.
        cap: i64,
        /// How many candidates count under this supply.
        excluded: u32,
    },
    /// These candidates would hold the pod, break no limit and draw on no used-up supply, and their
    /// domains have too many pods for this spread.
    Spread {
        /// The pool.
        pool: NodePoolName,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are spread.
        selection: SelectionName,
        /// By how many pods a domain may exceed the least.
        max_skew: i64,
        /// The fewest pods in any eligible domain after the plan; 0 where too few are eligible.
        least: i64,
        /// The first eligible domain, bytewise, that has the fewest pods; `None` where there is none,
        /// where too few domains are eligible, and over hostnames.
        least_in: Option<LabelValue>,
        /// The fewest pods that count in the domain of an offering that counts under this spread.
        load: i64,
        /// How many candidates count under this spread.
        excluded: u32,
    },
    /// These candidates would hold the pod, break no limit and draw on no used-up supply, no spread
    /// refuses them, and the pods that this one goes with are elsewhere.
    Affinity {
        /// The pool.
        pool: NodePoolName,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are sought.
        selection: SelectionName,
        /// The first domain, bytewise, where some of them are after the plan; `None` where there is none,
        /// and over hostnames.
        there_in: Option<LabelValue>,
        /// How many candidates count under this.
        excluded: u32,
    },
    /// These candidates would hold the pod, break no limit and draw on no used-up supply, no spread
    /// refuses them, and pods that it keeps away from are there, or pods that keep away from it.
    AntiAffinity {
        /// The pool.
        pool: NodePoolName,
        /// The label whose values are the domains.
        key: LabelKey,
        /// The pods that are kept away from.
        selection: SelectionName,
        /// Whether the pod keeps away from them; else it is one of them, and others keep away.
        own: bool,
        /// The fewest pods that are in the way in the domain of an offering that counts under this.
        pods: i64,
        /// How many candidates count under this.
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
            Self::MinValues { .. } => "min-values",
            Self::Limit { .. } => "limit",
            Self::Supply { .. } => "supply",
            Self::Spread { .. } => "spread",
            Self::Affinity { .. } => "affinity",
            Self::AntiAffinity { .. } => "anti-affinity",
        }
    }
}

/// One sentence with its numbers, without a full stop.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wording(self))
    }
}
