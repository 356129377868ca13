//! The packing problem in dense integers.
//!
//! Pods that no rule can tell apart are one [`Class`]; offerings that no class can tell apart are
//! one [`Kind`]. Everything here is in a canonical order that depends on contents only, so that
//! neither the order of the input nor the names of pods, nodes and namespaces change a decision.

mod admission;
mod build;
mod dominance;
mod kinds;

use model::{MicroUsdPerHour, NodeIndex, OfferingIndex, PodIndex, ShapeIndex};

use crate::bits::Bits;
pub(crate) use build::build;

/// Amounts of the resources that some class asks for, by resource name, in base units.
pub(crate) type Amounts = Vec<i64>;

/// Pods that no rule can tell apart.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// What each asks for.
    pub(crate) requests: Amounts,
    /// Higher goes first where not all can be placed.
    pub(crate) priority: i32,
    /// The shapes it stands for, ascending.
    pub(crate) shapes: Vec<ShapeIndex>,
    /// The pods, in input order.
    pub(crate) pods: Vec<PodIndex>,
    /// The kinds whose rules admit it; size is another matter.
    pub(crate) kinds: Bits,
    /// The existing nodes whose rules admit it, by position in [`Problem::nodes`].
    pub(crate) nodes: Bits,
}

/// Offerings that no class can tell apart: one pool, room, price and admission.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// Position in [`Problem::pools`].
    pub(crate) pool: usize,
    /// What a node has for pods.
    pub(crate) room: Amounts,
    /// List price.
    pub(crate) price: MicroUsdPerHour,
    /// Interruption term of one pod, nano-USD per hour.
    pub(crate) term: i64,
    /// What a node takes of each limit of its pool, in the order of [`Pool::limits`].
    pub(crate) draws: Vec<i64>,
    /// The offerings, in snapshot order; nodes are spread over them in turn.
    pub(crate) offerings: Vec<OfferingIndex>,
    /// Whether search may buy it; false where a better kind makes it superfluous.
    pub(crate) searched: bool,
}

/// A pool's weight and limits.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// Greater opens first.
    pub(crate) weight: i32,
    /// What is left of each limit before this plan; negative where already exceeded.
    pub(crate) limits: Vec<i64>,
}

/// An existing node that takes pods.
#[derive(Clone, Debug)]
pub(crate) struct ExistingNode {
    /// The node.
    pub(crate) node: NodeIndex,
    /// What it has left for pods.
    pub(crate) room: Amounts,
}

/// The whole problem.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// Classes, by shape.
    pub(crate) classes: Vec<Class>,
    /// Kinds with a known price, by pool, price, room.
    pub(crate) kinds: Vec<Kind>,
    /// Pools in snapshot order: descending weight.
    pub(crate) pools: Vec<Pool>,
    /// Existing nodes that take pods, least room first.
    pub(crate) nodes: Vec<ExistingNode>,
}

impl Kind {
    /// The objective of one node with `pods` pods, nano-USD per hour: list price and interruption
    /// terms.
    pub(crate) fn objective(&self, pods: i64) -> i64 {
        self.price.get().saturating_mul(1000).saturating_add(self.term.saturating_mul(pods))
    }
}

impl Problem {
    /// The same without limits and weights; `None` where there are none. What may be bought here may
    /// be bought there.
    pub(crate) fn unrestricted(&self) -> Option<Self> {
        let restricts =
            |pool: &Pool| !pool.limits.is_empty() || pool.weight != self.pools[0].weight;
        if !self.pools.iter().any(restricts) {
            return None;
        }
        let mut free = self.clone();
        for pool in &mut free.pools {
            pool.weight = 0;
            pool.limits.clear();
        }
        free.kinds.iter_mut().for_each(|kind| kind.draws.clear());
        Some(free)
    }

    /// Whether a node with `room` holds one pod with these requests. Zero always fits.
    pub(crate) fn fits(requests: &[i64], room: &[i64]) -> bool {
        requests.iter().zip(room).all(|(need, room)| *need == 0 || need <= room)
    }

    /// How many pods with these requests fit in `room`.
    pub(crate) fn fit_count(requests: &[i64], room: &[i64]) -> i64 {
        requests
            .iter()
            .zip(room)
            .filter(|(need, _)| **need > 0)
            .map(|(need, room)| room.max(&0) / need)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Whether kind `kind` can hold a pod of class `class` alone, limits aside.
    pub(crate) fn holds(&self, kind: usize, class: usize) -> bool {
        let class = &self.classes[class];
        class.kinds.contains(kind) && Self::fits(&class.requests, &self.kinds[kind].room)
    }
}
